// deno-lint-ignore-file no-console -- the bench talks to a terminal
/** What the bench found: tables for the eye, and every figure as a row of a CSV file. */
import { stringify } from "bert/files/csv.ts";
import type { Sample } from "./rounds.ts";

/** What a figure is about. */
export interface Figure {
  readonly section: string;
  /** The model and the batch, or the shape, for instance "mini, 32 x 128". */
  readonly setting: string;
  readonly variant: string;
  readonly metric: string;
  readonly unit: string;
}

const COLUMNS = ["section", "setting", "variant", "metric", "unit"] as const;
const HEADER = ["date", ...COLUMNS, "median", "lowest", "highest", "rounds"];

/** Collects figures and prints tables. */
export class Report {
  readonly #date = new Date().toISOString();
  readonly #rows: (string | number)[][] = [];

  /** Keeps a figure for the CSV file; a plain number was not measured in rounds. */
  add(figure: Figure, value: Sample | number): void {
    const { median, lowest, highest, values } = typeof value === "number"
      ? { median: value, lowest: value, highest: value, values: [value] }
      : value;
    const numbers = [median, lowest, highest].map((n) => Number(n.toPrecision(5)));
    const names = COLUMNS.map((column) => figure[column]);
    this.#rows.push([this.#date, ...names, ...numbers, values.length]);
  }

  line(text: string): void {
    console.log(text);
  }

  /** Prints a table whose first column is text and whose others are flush right. */
  table(title: string, header: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = header.map((name, i) =>
      Math.max(name.length, ...rows.map((row) => row[i].length))
    );
    const align = (cell: string, i: number) =>
      i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]);
    console.log(`\n${title}\n`);
    console.log(header.map(align).join("  "));
    console.log(widths.map((width) => "-".repeat(width)).join("  "));
    for (const row of rows) console.log(row.map(align).join("  "));
  }

  /** Writes all figures that there are. */
  async save(path: string): Promise<void> {
    await Deno.writeTextFile(path, stringify([HEADER, ...this.#rows]));
  }
}

/** A number with three digits that count: 1.23, 12.3, 123, 1,234. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en", {
    minimumFractionDigits: Math.min(digits, 4),
    maximumFractionDigits: Math.min(digits, 4),
  });
}

/** A share as a percentage. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${short(100 * share)} %` : "-";
}

/** How far a sample reaches down and up from its median. */
export function reach({ median, lowest, highest }: Sample): string {
  const part = (value: number) => `${Math.round(100 * (value / median - 1))}`;
  return `${part(lowest)} / +${part(highest)} %`;
}
