/** Folders of several files that belong together: written as one, read with errors that name the file. */
import { FormatError } from "../errors.ts";

/** Writes one file of a folder to the given path. */
export type FileWriter = (path: string) => Promise<void>;

/**
 * Writes files into a folder, which is made if need be.
 *
 * All are written to the side first and renamed when the last one is there, in the order given: a
 * failure leaves the older files as they were, and nothing beside them. Other files in the folder stay.
 *
 * @param files Writers by file name; what matters most comes last.
 * @throws {Deno.errors.AlreadyExists} If there is a file of the folder's name.
 *
 * @example
 * ```ts
 * import { readJson, saveFolder, writeJson } from "bert/files/json.ts";
 * import { deepStrictEqual } from "node:assert";
 * const folder = await Deno.makeTempDir();
 * await saveFolder(folder, { "a.json": (path) => writeJson(path, { a: 1 }) });
 * deepStrictEqual(await readJson(`${folder}/a.json`), { a: 1 });
 * ```
 */
export async function saveFolder(
  folder: string,
  files: Readonly<Record<string, FileWriter>>,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    const problem = "expected a folder, found a file: choose another name";
    throw new Deno.errors.AlreadyExists(`Cannot write ${folder}: ${problem}`);
  });
  const aside = await Deno.makeTempDir({ dir: folder, prefix: ".saving-" });
  try {
    for (const [name, write] of Object.entries(files)) await write(`${aside}/${name}`);
    for (const name of Object.keys(files)) {
      await Deno.rename(`${aside}/${name}`, `${folder}/${name}`);
    }
  } finally {
    await Deno.remove(aside, { recursive: true });
  }
}

/** Writes JSON as a person reads it. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(value, null, 2) + "\n");
}

/**
 * Reads a JSON object.
 *
 * @throws {FormatError} If there is no such file, or it holds something else.
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
 * `readJson()`, but a missing file is `undefined`.
 *
 * @throws {FormatError} If the file holds something else than a JSON object.
 */
export async function readJsonIfThere(path: string): Promise<Record<string, unknown> | undefined> {
  let value: unknown;
  try {
    value = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (!(error instanceof SyntaxError)) throw error;
    throw new FormatError(
      path,
      `expected JSON, found a fault (${error.message}): restore the file`,
    );
  }
  if (isRecord(value)) return value;
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
  throw new FormatError(path, `expected a JSON object, found ${found}: restore the file`);
}

/** Whether there is such a file. */
export async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Whether a value out of JSON is an object, and not a list or null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
