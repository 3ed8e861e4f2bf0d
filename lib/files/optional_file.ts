/** Files that may be missing. */
import { asReadError } from "./read.ts";

/**
 * The text of a file; undefined if there is no such file.
 *
 * @throws {FormatError} If there is one that the operating system cannot read.
 */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch((error) => unlessMissing(error, path));
}

/** The synchronous form of `readTextIfThere()`. */
export function readTextIfThereSync(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    return unlessMissing(error, path);
  }
}

/** The names in a folder; undefined if there is no such folder. */
export async function namesIfThere(folder: string): Promise<string[] | undefined> {
  return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)
    .catch((error) => unlessMissing(error, folder));
}

/** Whether there is a file at a path, and not a folder. */
export async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    return unlessMissing(error, path) ?? false;
  }
}

/** Undefined if an error says that there is no such file. Throws the error otherwise. */
function unlessMissing(error: unknown, path: string): undefined {
  if (saysMissing(error)) return undefined;
  throw asReadError(error, path);
}

/** Whether an error says that there is no such file, or that a folder of its path is a file. */
export function saysMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}
