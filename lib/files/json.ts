/**
 * Reading and writing JSON. Errors name the file; a strict reader also refuses repeated names and
 * deep nesting.
 */
import { FormatError } from "../errors.ts";
import { refusePointer } from "./foreign_formats.ts";
import { readTextIfThere } from "./optional_file.ts";

/**
 * `JSON.parse()` with an error that names the file.
 *
 * @param file The name of the file, for error messages.
 * @param line Its line, from 1, if the file has one JSON value on each line.
 * @throws {FormatError} If the text is not JSON.
 *
 * @example
 * ```ts
 * import { parseJson } from "bert/files/json.ts";
 * import { deepStrictEqual, throws } from "node:assert";
 * deepStrictEqual(parseJson("[1]", "mine.json"), [1]);
 * throws(() => parseJson("[1", "mine.json"), /mine.json: expected JSON, found a fault/);
 * ```
 */
export function parseJson(text: string, file: string, line?: number): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, "")); // without the byte-order mark that editors on Windows write
  } catch (error) {
    refusePointer(text, file);
    const problem = `expected JSON, found a fault (${(error as Error).message})`;
    throw new FormatError(file, `${problem}: correct or restore the file`, line);
  }
}

/**
 * `parseJson()` for a text that must hold an object.
 *
 * @throws {FormatError} If the text is not JSON, or its value is not an object.
 *
 * @example
 * ```ts
 * import { parseJsonObject } from "bert/files/json.ts";
 * import { throws } from "node:assert";
 * throws(() => parseJsonObject("[1]", "mine.json"), /expected a JSON object, found a list/);
 * ```
 */
export function parseJsonObject(
  text: string,
  file: string,
  line?: number,
): Record<string, unknown> {
  const value = parseJson(text, file, line);
  if (isRecord(value)) return value;
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
  const problem = `expected a JSON object, found ${found}`;
  throw new FormatError(file, `${problem}: correct or restore the file`, line);
}

/**
 * Reads a JSON object from a file.
 *
 * @throws {FormatError} If there is no such file, or it does not hold a JSON object.
 *
 * @example
 * ```ts
 * import { readJson } from "bert/files/json.ts";
 * import { rejects } from "node:assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "[1]");
 * await rejects(readJson(path), /expected a JSON object, found a list/);
 * ```
 */
export async function readJson(path: string): Promise<Record<string, unknown>> {
  const json = await readJsonIfThere(path);
  if (json) return json;
  throw new FormatError(path, "there is no such file: is this the folder of a saved model?");
}

/**
 * `readJson()`, but the result is undefined if there is no such file.
 *
 * @throws {FormatError} If the file does not hold a JSON object.
 */
export async function readJsonIfThere(path: string): Promise<Record<string, unknown> | undefined> {
  const text = await readTextIfThere(path);
  return text === undefined ? undefined : parseJsonObject(text, path);
}

/** Whether a value of JSON is an object, and neither a list nor null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const QUOTE = '"'.charCodeAt(0);

const BACKSLASH = "\\".charCodeAt(0);

/**
 * `JSON.parse()` that refuses repeated names and deep nesting. Its time is linear in the text.
 *
 * @param file The name of the file, for error messages.
 * @param deepest How many brackets may be open at once.
 * @throws {FormatError} If the text is not JSON, has a name twice in an object, or is nested deeper.
 *
 * @example
 * ```ts
 * import { parseStrictJson } from "bert/files/json.ts";
 * import { deepStrictEqual, throws } from "node:assert";
 * deepStrictEqual(parseStrictJson('{"a": [1]}', "x.json", 2), { a: [1] });
 * throws(() => parseStrictJson('{"a": 1, "a": 2}', "x.json", 2), /"a" twice/);
 * ```
 */
export function parseStrictJson(text: string, file: string, deepest: number): unknown {
  checkNames(text, file, deepest);
  return parseJson(text, file);
}

/**
 * Throws unless the names in every object of a JSON text differ and brackets are not nested too deep.
 * `JSON.parse()` would keep the last of two equal names. A text that is not JSON is not refused here.
 *
 * @param deepest How many brackets may be open at once.
 * @throws {FormatError} If an object has a name twice, or the text is nested deeper.
 */
export function checkNames(text: string, file: string, deepest: number, line?: number): void {
  const open: (Set<string> | undefined)[] = []; // for each open bracket the names; undefined for a list
  let expectsName = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      const end = endOfString(text, at);
      const names = open[open.length - 1];
      if (expectsName && names) addName(names, text.slice(at, end + 1), file, line);
      expectsName = false;
      at = end;
    } else if (char === "{" || char === "[") {
      expectsName = char === "{";
      if (open.push(expectsName ? new Set() : undefined) > deepest) {
        throw new FormatError(file, `its JSON is nested more than ${deepest} deep`, line);
      }
    } else if (char === "}" || char === "]") open.pop();
    else if (char === ",") expectsName = true;
  }
}

function addName(names: Set<string>, quoted: string, file: string, line?: number): void {
  const name = quoted.includes("\\") ? unescaped(quoted) : quoted.slice(1, -1);
  if (names.has(name)) {
    throw new FormatError(file, `its JSON names "${name}" twice: leave one of them out`, line);
  }
  names.add(name);
}

/** A name without its escapes, so that two spellings of it are equal; an invalid one is unchanged. */
function unescaped(quoted: string): string {
  try {
    return JSON.parse(quoted);
  } catch {
    return quoted;
  }
}

/** The index of the quote that ends the string begun at `start`; the text's length if there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}

/** Writes a value as JSON that is indented by two spaces. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(value, null, 2) + "\n");
}
