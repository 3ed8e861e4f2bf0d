/** Reading files and folders. An error of the operating system names the path, the reason and the fix. */
import { FormatError } from "../errors.ts";
import { isSystemError } from "./write.ts";

/**
 * The bytes of a file.
 *
 * @throws {FormatError} If the operating system cannot read it; the message says why and what to do.
 * @throws {RangeError} If it does not fit into memory.
 */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return await reading(path, Deno.readFile(path));
}

/**
 * The names in a folder, in the order of the system.
 *
 * @throws {FormatError} If the operating system cannot read it; the message says why and what to do.
 */
export async function readNames(folder: string): Promise<string[]> {
  return await reading(folder, Array.fromAsync(Deno.readDir(folder), ({ name }) => name));
}

/**
 * The result of reading a file or folder.
 *
 * @throws {FormatError} In place of an error of the operating system.
 */
export async function reading<T>(path: string, result: Promise<T>): Promise<T> {
  return await result.catch((error) => {
    throw asReadError(error, path);
  });
}

/**
 * The error for a file or folder that the operating system cannot read: its message says why, and what
 * to do.
 *
 * @param error The error of the operating system, which becomes its `cause`.
 *
 * @example
 * ```ts
 * import { readError } from "bert/files/read.ts";
 * import { strictEqual } from "node:assert";
 * const { message } = readError(new Deno.errors.NotFound(), "vocab.txt");
 * strictEqual(message, "Cannot read vocab.txt: there is no such file: check the path");
 * ```
 */
export function readError(error: Error, path: string): FormatError {
  return new FormatError(path, reasonOf(error), undefined, { cause: error });
}

/** An error of reading: one of the operating system as a `readError()`, any other as it is. */
export function asReadError(error: unknown, path: string): unknown {
  return isSystemError(error) ? readError(error, path) : error;
}

/** Reasons by the code that the operating system gives them. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file: check the path",
  ENOTDIR: "a part of its path is a file and no folder: check the path",
  EISDIR: "expected a file, found a folder: name a file, or move the folder away",
  ELOOP: "its links lead in a circle: remove or mend them",
  EMFILE: "too many files are open: raise the limit, as with ulimit -n 4096",
  ENFILE: "too many files are open: raise the limit, as with ulimit -n 4096",
};

function reasonOf(error: Error & { readonly code?: string }): string {
  if (error instanceof Deno.errors.NotCapable) {
    return "Deno has no permission: run the program with --allow-read";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "the system does not let you read it. Give yourself the right to (chmod u+r for a file, u+rx " +
      "for the folders that it lies in), or run the program as its owner. Options of Deno do not help";
  }
  if (error instanceof Deno.errors.NotFound) return REASONS.ENOENT;
  const known = error.code === undefined ? undefined : REASONS[error.code];
  if (known !== undefined) return known;
  return `the system could not read it (${error.message}): check the disk or the network drive that ` +
    "it lies on, and try again";
}
