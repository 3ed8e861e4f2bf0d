/** Tables of rows. */
import { checkTableRows } from "./chart_checks.ts";
import { Table } from "./figure.ts";
import { escape } from "./svg.ts";

/**
 * Makes a table from rows. Its columns are the keys of the first row. Columns of numbers are aligned to
 * the right.
 *
 * @throws {TypeError} If `rows` is not an array of cells by column.
 *
 * @example
 * ```ts
 * import { table } from "bert/show/table.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(table([{ word: "sea", count: 5 }, { word: "ship", count: 12 }]).text, `\
 * word  count
 * sea       5
 * ship     12`);
 * ```
 */
export function table(rows: readonly Readonly<Record<string, string | number>>[]): Table {
  checkTableRows(rows);
  const columns = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => columns.map((column) => String(row[column] ?? "")));
  const right = columns.map((column) => rows.every((row) => isFigure(row[column] ?? "")));
  const html = (tag: string, texts: readonly string[]) =>
    texts.map((text, i) =>
      `<${tag} ${aligned(right[i] ? "right" : "left")}>${escape(text)}</${tag}>`
    )
      .join("");
  const widths = columns.map((column, i) =>
    Math.max(column.length, ...cells.map((row) => row[i].length))
  );
  const plain = [columns, ...cells].map((row) =>
    row.map((text, i) => right[i] ? text.padStart(widths[i]) : text.padEnd(widths[i])).join("  ")
      .trimEnd()
  );
  return new Table(
    `<table><thead><tr>${html("th", columns)}</tr></thead><tbody>${
      cells.map((row) => `<tr>${html("td", row)}</tr>`).join("")
    }</tbody></table>`,
    plain.join("\n"),
  );
}

/** Whether a value is a number, a text that is a number (with `±` or `%`), or empty. */
function isFigure(value: string | number): boolean {
  return typeof value === "number" || /^((± ?)?-?\d[\d,.]*(e[-+]\d+)?( ?%)?)?$/.test(value);
}

/**
 * The alignment as an attribute and as a style: Jupyter's style sheet overrides the attribute, and code
 * hosts remove the style.
 */
function aligned(side: "left" | "right"): string {
  return `align="${side}" style="text-align:${side}"`;
}
