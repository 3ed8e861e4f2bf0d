/** Drawings of products and sums of matrices, with their rows, columns, shapes and numbers. */
import { ARRAY, checkArguments, checkEntries, checkOptions, checkWhole, TEXT } from "../checks.ts";
import { checkRows } from "./chart_checks.ts";
import { card, Picture } from "./picture.ts";
import { box, label, line, subscripts } from "./svg.ts";

/** The width and height of a cell without a number, in pixels. */
const CELL = 15;
/** The height of a cell where numbers are written, in pixels. */
const NUMBER_HEIGHT = 19;
/** The size of a number's letters, and the room that each takes, in pixels. */
const NUMBER_SIZE = 11;
const DIGIT_WIDTH = 6.2;
/** The most rows or columns that are drawn. */
const MOST = 16;
/** The distance between two terms, in pixels. */
const BETWEEN = 27;
const FILL = "#eef3f8";
const MARKED = "#7fcfa4"; // green is what to look at, as in diagrams; orange would say "learnt"

/** The row, column or cell of a matrix that is coloured. Indices count from 0. */
export interface Mark {
  /** The row. Default: none. */
  readonly row?: number;
  /** The column. Default: none. With a row and a column, only their common cell is coloured. */
  readonly column?: number;
}

/** The numbers that are written into the cells of a matrix. */
export interface CellNumbers {
  /** A row of numbers for each row of the matrix. */
  readonly rows: readonly (readonly number[])[];
  /** The digits after the decimal point. Default 2. */
  readonly decimals?: number;
}

/** The contents of a drawing of matrices. */
export interface MatricesOptions {
  /** The title above the drawing. */
  readonly title: string;
  /**
   * From left to right: matrices, as `"Q [T = 6, D = 4]"` or `"Q [6, 4]"`, and signs between them,
   * such as `"×"`, `"+"` and `"="`.
   */
  readonly terms: readonly string[];
  /** The coloured parts, by the name of the matrix: one, or several. */
  readonly marked?: Readonly<Record<string, Mark | readonly Mark[]>>;
  /** The numbers in the cells, by the name of the matrix. Default: cells are empty. */
  readonly values?: Readonly<Record<string, CellNumbers>>;
}

interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly rowLabel: string;
  readonly columnLabel: string;
}

/** A matrix, and how it is drawn. */
interface Drawn extends Matrix {
  readonly width: number;
  readonly height: number;
  readonly cell: { readonly width: number; readonly height: number };
  /** What is written into the cells that are drawn, row by row; no rows if nothing is. */
  readonly texts: readonly (readonly string[])[];
}

/**
 * Draws matrices side by side, with signs between them. Of a larger matrix only 16 rows and columns are
 * drawn. Cells are as wide as the longest number in their matrix; the text of the picture lists the
 * numbers, too.
 *
 * @throws {RangeError} If a matrix does not have two sizes above 0, if a mark names a matrix, a row
 * or a column that is not drawn, or if values name no matrix or are not as many as its cells.
 * @throws {TypeError} If values are not rows of numbers.
 * @throws {ConfigError} If an option is unknown, or the number of decimals cannot be.
 *
 * @example
 * ```ts
 * import { matrices } from "bert/show/matrix_diagram.ts";
 * import { ok } from "node:assert";
 * const terms = ["Q [T = 6, D = 4]", "×", "Kᵀ [D = 4, T = 6]", "=", "scores [T = 6, T = 6]"];
 * ok(matrices({ title: "Scores", terms }).svg.includes("scores"));
 * const values = { a: { rows: [[0.5, 0.25]] } };
 * ok(matrices({ title: "Shares", terms: ["a [1, 2]"], values }).text.includes("0.50  0.25"));
 * ```
 */
export function matrices(options: MatricesOptions): Picture {
  checkOptions("matrices()", options, ["title", "terms", "marked", "values"]);
  const { title, terms, marked = {}, values = {} } = options;
  checkArguments("matrices(options)", [
    ["options.title", title, TEXT],
    ["options.terms", terms, ARRAY],
  ]);
  checkEntries("matrices(options)", "options.terms", terms, TEXT);
  const read = terms.map(readTerm);
  const known = read.filter((term) => typeof term !== "string");
  checkMarks(marked, known);
  checkValues(values, known);
  const rowHeight = Object.keys(values).length === 0 ? CELL : NUMBER_HEIGHT;
  const sized = read.map((term) =>
    typeof term === "string" ? term : sizedMatrix(term, rowHeight, values[term.name])
  );
  const all = sized.filter((term) => typeof term !== "string");
  const height = Math.max(...all.map((matrix) => matrix.height));
  const drawn: string[] = [];
  let left = 24;
  for (const term of sized) {
    if (typeof term === "string") {
      drawn.push(label(term, left + 4, 84 + height / 2, { size: 20, anchor: "middle" }));
      left += BETWEEN;
      continue;
    }
    left += term.rowLabel.length * 6.4 + 6;
    const top = 78 + (height - term.height) / 2;
    drawn.push(...drawMatrix(term, left, top, [marked[term.name] ?? []].flat()));
    left += Math.max(term.width, term.name.length * 7) + BETWEEN;
  }
  const width = Math.max(left - BETWEEN + 24, title.length * 8.4);
  const text = [title, `  ${terms.join(" ")}`, ...all.flatMap(textRows)].join("\n");
  return new Picture(card(title, width, height + 100, drawn), text);
}

function readTerm(term: string): Matrix | string {
  if (!term.includes("[")) return term;
  const [, name, first, second] = term.match(/^(.*?)\s*\[([^,]+),([^,]+)\]$/) ?? [];
  const rows = sizeOf(first);
  const columns = sizeOf(second);
  if (!(rows > 0 && columns > 0)) {
    throw new RangeError(`Invalid matrix "${term}": it must be "name [rows, columns]"`);
  }
  return { name, rows, columns, rowLabel: first.trim(), columnLabel: second.trim() };
}

function sizeOf(text = ""): number {
  return Number(text.split("=").at(-1));
}

function checkMarks(
  marked: Required<MatricesOptions>["marked"],
  known: readonly Matrix[],
): void {
  const all = Object.entries(marked).flatMap(([name, marks]) =>
    [marks].flat().map((mark) => ({ name, ...mark }))
  );
  for (const { name, row = 0, column = 0 } of all) {
    const matrix = known.find((one) => one.name === name);
    const isDrawn = matrix && row < Math.min(matrix.rows, MOST) &&
      column < Math.min(matrix.columns, MOST);
    if (isDrawn) continue;
    throw new RangeError(`The mark ${name} names a matrix, a row or a column that is not drawn`);
  }
}

function checkValues(
  values: Readonly<Record<string, CellNumbers>>,
  known: readonly Matrix[],
): void {
  for (const [name, numbers] of Object.entries(values)) {
    const matrix = known.find((one) => one.name === name);
    if (matrix === undefined) throw new RangeError(`The values of ${name} name no matrix`);
    checkOptions(`matrices(), values of ${name},`, numbers, ["rows", "decimals"]);
    checkRows("matrices()", numbers.rows);
    checkWhole("decimals", numbers.decimals ?? 0, 0, 20);
    const { rows, columns } = matrix;
    const wrong = numbers.rows.find((row) => row.length !== columns);
    if (numbers.rows.length === rows && wrong === undefined) continue;
    const found = wrong ? `a row of ${wrong.length}` : `${numbers.rows.length} rows`;
    throw new RangeError(
      `The values of ${name} must be ${rows} rows of ${columns} numbers, found ${found}`,
    );
  }
}

function sizedMatrix(matrix: Matrix, rowHeight: number, values?: CellNumbers): Drawn {
  const { rows = [], decimals = 2 } = values ?? {};
  const texts = rows.slice(0, MOST)
    .map((row) => row.slice(0, MOST).map((value) => written(value, decimals)));
  const longest = Math.max(0, ...texts.flat().map((text) => text.length));
  const cell = {
    width: longest === 0 ? CELL : Math.max(CELL, Math.ceil(DIGIT_WIDTH * longest) + 6),
    height: rowHeight,
  };
  const width = cell.width * Math.min(matrix.columns, MOST);
  const height = cell.height * Math.min(matrix.rows, MOST);
  return { ...matrix, width, height, cell, texts };
}

/** A number with a fixed number of decimals. What rounds to 0 has no sign. */
function written(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** The numbers of a matrix as lines of text, below its name. */
function textRows({ name, texts }: Drawn): string[] {
  if (texts.length === 0) return [];
  const longest = Math.max(...texts.flat().map((text) => text.length));
  const lines = texts.map((row) => `    ${row.map((text) => text.padStart(longest)).join("  ")}`);
  return [`  ${name}:`, ...lines];
}

function drawMatrix(
  matrix: Drawn,
  left: number,
  top: number,
  marks: readonly Mark[],
): string[] {
  const { name, rowLabel, columnLabel, width, height } = matrix;
  const small = { size: 11, colour: "#5a5a5a" } as const;
  return [
    subscripts(label(name, left + width / 2, top - 20, { size: 13, anchor: "middle" })),
    label(columnLabel, left + width / 2, top - 5, { ...small, anchor: "middle" }),
    label(rowLabel, left - 5, top + height / 2 + 4, { ...small, anchor: "end" }),
    box(left, top, width, height, FILL),
    ...marks.map((mark) => drawMark(matrix, left, top, mark)),
    ...grid(matrix, left, top),
    ...drawNumbers(matrix, left, top),
  ];
}

function drawMark(matrix: Drawn, left: number, top: number, mark: Mark): string {
  const { width, height, cell } = matrix;
  const { row, column } = mark;
  const x = column === undefined ? left : left + cell.width * column;
  const y = row === undefined ? top : top + cell.height * row;
  const markWidth = column === undefined ? width : cell.width;
  return box(x, y, markWidth, row === undefined ? height : cell.height, MARKED);
}

function grid({ width, height, cell }: Drawn, left: number, top: number): string[] {
  const colour = "#4a6785";
  const down = Array.from({ length: height / cell.height + 1 }, (_, i) => {
    const y = top + cell.height * i;
    return line(left, y, left + width, y, colour, { width: 0.7 });
  });
  const across = Array.from({ length: width / cell.width + 1 }, (_, i) => {
    const x = left + cell.width * i;
    return line(x, top, x, top + height, colour, { width: 0.7 });
  });
  return [...down, ...across];
}

function drawNumbers({ cell, texts }: Drawn, left: number, top: number): string[] {
  return texts.flatMap((row, i) =>
    row.map((text, j) => {
      const x = left + cell.width * (j + 0.5);
      const y = top + cell.height * (i + 0.5) + 4;
      return label(text, x, y, { size: NUMBER_SIZE, anchor: "middle" });
    })
  );
}
