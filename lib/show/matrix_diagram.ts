/** Drawings of products and sums of matrices, with their rows, columns and shapes. */
import { checkOptions } from "../checks.ts";
import { card, Picture } from "./picture.ts";
import { box, label, line, subscripts } from "./svg.ts";

/** The size of a cell, in pixels. */
const CELL = 15;
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

/** The contents of a drawing of matrices. */
export interface MatricesOptions {
  /** The title above the drawing. */
  readonly title: string;
  /**
   * From left to right: matrices, as `"Q [T = 6, D = 4]"` or `"Q [6, 4]"`, and signs between them,
   * such as `"×"`, `"+"` and `"="`.
   */
  readonly terms: readonly string[];
  /** The coloured parts, by the name of the matrix. */
  readonly marked?: Readonly<Record<string, Mark>>;
}

interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly rowLabel: string;
  readonly columnLabel: string;
}

/**
 * Draws matrices side by side, with signs between them. Of a larger matrix only 16 rows and columns are
 * drawn.
 *
 * @throws {RangeError} If a matrix does not have two sizes above 0, or a mark names a matrix, a row
 * or a column that is not drawn.
 *
 * @example
 * ```ts
 * import { matrices } from "bert/show/matrix_diagram.ts";
 * import { ok } from "node:assert";
 * const terms = ["Q [T = 6, D = 4]", "×", "Kᵀ [D = 4, T = 6]", "=", "scores [T = 6, T = 6]"];
 * ok(matrices({ title: "Scores", terms }).svg.includes("scores"));
 * ```
 */
export function matrices(options: MatricesOptions): Picture {
  checkOptions("matrices()", options, ["title", "terms", "marked"]);
  const { title, terms, marked = {} } = options;
  const read = terms.map(readTerm);
  const known = read.filter((term) => typeof term !== "string");
  checkMarks(marked, known);
  const height = Math.max(...known.map(({ rows }) => drawnSize(rows)));
  const drawn: string[] = [];
  let left = 24;
  for (const term of read) {
    if (typeof term === "string") {
      drawn.push(label(term, left + 4, 84 + height / 2, { size: 20, anchor: "middle" }));
      left += BETWEEN;
      continue;
    }
    left += term.rowLabel.length * 6.4 + 6;
    const top = 78 + (height - drawnSize(term.rows)) / 2;
    drawn.push(...drawMatrix(term, left, top, marked[term.name]));
    left += Math.max(drawnSize(term.columns), term.name.length * 7) + BETWEEN;
  }
  const width = Math.max(left - BETWEEN + 24, title.length * 8.4);
  return new Picture(card(title, width, height + 100, drawn), `${title}\n  ${terms.join(" ")}`);
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

function checkMarks(marked: Readonly<Record<string, Mark>>, known: readonly Matrix[]): void {
  for (const [name, { row = 0, column = 0 }] of Object.entries(marked)) {
    const matrix = known.find((one) => one.name === name);
    const isDrawn = matrix && row < Math.min(matrix.rows, MOST) &&
      column < Math.min(matrix.columns, MOST);
    if (isDrawn) continue;
    throw new RangeError(`The mark ${name} names a matrix, a row or a column that is not drawn`);
  }
}

/** The width or height of a matrix in pixels. */
function drawnSize(count: number): number {
  return CELL * Math.min(count, MOST);
}

function drawMatrix(matrix: Matrix, left: number, top: number, mark?: Mark): string[] {
  const { name, rowLabel, columnLabel } = matrix;
  const width = drawnSize(matrix.columns);
  const height = drawnSize(matrix.rows);
  const small = { size: 11, colour: "#5a5a5a" } as const;
  return [
    subscripts(label(name, left + width / 2, top - 20, { size: 13, anchor: "middle" })),
    label(columnLabel, left + width / 2, top - 5, { ...small, anchor: "middle" }),
    label(rowLabel, left - 5, top + height / 2 + 4, { ...small, anchor: "end" }),
    box(left, top, width, height, FILL),
    ...drawMark(mark, left, top, width, height),
    ...grid(left, top, width, height),
  ];
}

function drawMark(
  mark: Mark | undefined,
  left: number,
  top: number,
  width: number,
  height: number,
): string[] {
  if (mark === undefined) return [];
  const { row, column } = mark;
  const x = column === undefined ? left : left + CELL * column;
  const y = row === undefined ? top : top + CELL * row;
  return [
    box(x, y, column === undefined ? width : CELL, row === undefined ? height : CELL, MARKED),
  ];
}

function grid(left: number, top: number, width: number, height: number): string[] {
  const colour = "#4a6785";
  const down = Array.from({ length: height / CELL + 1 }, (_, i) => {
    return line(left, top + CELL * i, left + width, top + CELL * i, colour, { width: 0.7 });
  });
  const across = Array.from({ length: width / CELL + 1 }, (_, i) => {
    return line(left + CELL * i, top, left + CELL * i, top + height, colour, { width: 0.7 });
  });
  return [...down, ...across];
}
