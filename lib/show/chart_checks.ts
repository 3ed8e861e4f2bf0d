/**
 * Checks of the arguments of charts. Cells of a notebook are not type-checked, and without these
 * checks a wrong argument would give an empty picture or an unclear error.
 */
import {
  ARRAY,
  checkArguments,
  checkEntries,
  checkOptions,
  having,
  type Kind,
  nameOf,
  TEXT,
} from "../checks.ts";
import { ConfigError } from "../errors.ts";
import type { Titles } from "./figure.ts";

/** What each title must tell the reader. */
const TITLES = {
  title: "what the figure shows",
  xTitle: "what the horizontal axis shows, with its unit",
  yTitle: "what the vertical axis shows, with its unit",
} as const;

/**
 * Checks that a chart has all of its titles, and no unknown option.
 *
 * @param what The function, as in `"lineChart()"`.
 * @param more The options beside the titles.
 * @throws {ConfigError} If a title is missing or an option is unknown.
 * @throws {TypeError} If there are no options.
 */
export function checkTitles(what: string, options: Titles, more: readonly string[] = []): void {
  checkOptions(what, options, [...Object.keys(TITLES), ...more]);
  for (const [name, says] of Object.entries(TITLES)) {
    const found = options[name as keyof Titles];
    if (typeof found === "string") continue;
    throw new ConfigError(name, found, `must be a text that says ${says}`);
  }
}

const NUMBER: Kind = { name: "a number", fits: (value) => typeof value === "number" };

const NUMBERS: Kind = {
  name: "an array of numbers",
  fits: (value) => Array.isArray(value) && value.every((entry) => typeof entry === "number"),
};

const SERIES = having("{ name, x, y }", "name", "x", "y");

/**
 * Checks the lines of a chart: each must have as many values of x as of y.
 *
 * @throws {TypeError} If an entry is not a line.
 * @throws {RangeError} If a line has different numbers of x and y.
 */
export function checkSeries(series: unknown): void {
  const call = "lineChart(series, options)";
  checkArguments(call, [["series", series, ARRAY]]);
  for (const [i, line] of (series as { name: string; x: number[]; y: number[] }[]).entries()) {
    checkArguments(call, [[`entry ${i} of series`, line, SERIES]]);
    const { name, x, y } = line;
    checkArguments(call, [[`the name of entry ${i} of series`, name, TEXT]]);
    checkArguments(call, [
      [`x of "${name}"`, x, NUMBERS],
      [`y of "${name}"`, y, NUMBERS],
    ]);
    if (x.length === y.length) continue;
    const problem = `it has ${x.length} values of x and ${y.length} of y`;
    throw new RangeError(`Cannot draw the line "${name}": ${problem}`);
  }
}

const BASELINE = having("{ name, y }", "name", "y");

/** Throws `TypeError` unless these are level lines, each with a name and a height. */
export function checkBaselines(call: string, baselines: unknown = []): void {
  checkArguments(call, [["options.baselines", baselines, ARRAY]]);
  for (const [i, level] of (baselines as { name: string; y: number }[]).entries()) {
    checkArguments(call, [[`entry ${i} of options.baselines`, level, BASELINE]]);
    checkArguments(call, [[`y of the baseline "${level.name}"`, level.y, NUMBER]]);
  }
}

/** Throws `TypeError` unless these are bars by name. */
export function checkBars(bars: unknown): void {
  const call = "barChart(bars, options)";
  const byName = { name: "heights by name, as in { a: 1 }", fits: isRecord };
  checkArguments(call, [["bars", bars, byName]]);
  for (const [name, height] of Object.entries(bars as object)) {
    checkArguments(call, [[`the bar "${name}"`, height, NUMBER]]);
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !(value instanceof Promise) &&
    !(Symbol.iterator in value) && !(Symbol.asyncIterator in value);
}

const MEASURED_SERIES = having("{ name, points }", "name", "points");

const MEASURED = having("{ value, error }", "value", "error");

/**
 * Checks that each series has a point for each category.
 *
 * @throws {TypeError} If an argument has a wrong type.
 * @throws {RangeError} If a series has more or fewer points than there are categories.
 */
export function checkMeasured(categories: unknown, series: unknown): void {
  const call = "errorBarChart(categories, series, options)";
  checkArguments(call, [["categories", categories, ARRAY], ["series", series, ARRAY]]);
  const names = categories as readonly unknown[];
  checkEntries(call, "categories", names, TEXT);
  for (const [i, one] of (series as { name: string; points: unknown[] }[]).entries()) {
    checkArguments(call, [[`entry ${i} of series`, one, MEASURED_SERIES]]);
    checkArguments(call, [[`the name of entry ${i} of series`, one.name, TEXT]]);
    checkArguments(call, [[`points of "${one.name}"`, one.points, ARRAY]]);
    for (const point of one.points) {
      checkArguments(call, [[`a point of "${one.name}"`, point, MEASURED]]);
      const { value, error } = point as { value: unknown; error: unknown };
      checkArguments(call, [["value", value, NUMBER], ["error", error, NUMBER]]);
    }
    if (one.points.length === names.length) continue;
    const problem = `it has ${one.points.length} points for ${names.length} categories`;
    throw new RangeError(`Cannot draw "${one.name}": ${problem}`);
  }
}

const CELL: Kind = {
  name: "a text, a number or nothing",
  fits: (value) => value === undefined || value === null || TEXT.fits(value) || NUMBER.fits(value),
};

/** Throws `TypeError` unless these are rows of numbers. */
export function checkRows(call: string, rows: unknown): void {
  checkArguments(call, [["values", rows, ARRAY]]);
  for (const [i, row] of (rows as unknown[]).entries()) {
    checkArguments(call, [[`row ${i} of values`, row, NUMBERS]]);
  }
}

/** Throws `TypeError` unless these are the rows of a table, cells by column. */
export function checkTableRows(rows: unknown): void {
  checkArguments("table(rows)", [["rows", rows, ARRAY]]);
  for (const [i, row] of (rows as unknown[]).entries()) {
    if (isRecord(row)) {
      for (const [column, cell] of Object.entries(row as object)) {
        checkArguments("table(rows)", [[`"${column}" of entry ${i} of rows`, cell, CELL]]);
      }
      continue;
    }
    const wanted = "cells by column, as in { step: 1, loss: 2 }";
    throw new TypeError(
      `Cannot call table(rows): entry ${i} of rows must be ${wanted}, found ${nameOf(row)}`,
    );
  }
}
