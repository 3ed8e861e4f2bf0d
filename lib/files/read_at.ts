/** Opening a file, and reading bytes of it by their offset. */
import { FormatError } from "../errors.ts";
import { asReadError, reading } from "./read.ts";

/**
 * Opens a file for reading.
 *
 * @throws {FormatError} If it cannot be opened. The message names the reason.
 */
export async function openToRead(path: string): Promise<Deno.FsFile> {
  return await reading(path, Deno.open(path));
}

/**
 * Reads `count` bytes from the offset `at`.
 *
 * It is synchronous, so that two readers of one file cannot disturb each other's position.
 *
 * @param path The path of the file, for the error message.
 * @throws {FormatError} If the file is too short, was closed, or cannot be read.
 *
 * @example
 * ```ts
 * import { readAt } from "bert/files/read_at.ts";
 * import { strictEqual } from "node:assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "call me");
 * using file = Deno.openSync(path);
 * strictEqual(new TextDecoder().decode(readAt(file, 5, 2, path)), "me");
 * ```
 */
export function readAt(
  file: Deno.FsFile,
  at: number,
  count: number,
  path: string,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  seek(file, at, path);
  let filled = 0;
  while (filled < count) {
    const read = readSync(file, bytes.subarray(filled), path);
    if (read === null) {
      const problem = `it ended at byte ${at + filled} while it was read`;
      throw new FormatError(path, `${problem}: it was cut off, so copy or save it again`);
    }
    filled += read;
  }
  return bytes;
}

function readSync(file: Deno.FsFile, bytes: Uint8Array, path: string): number | null {
  try {
    return file.readSync(bytes);
  } catch (error) {
    throw asReadError(error, path);
  }
}

function seek(file: Deno.FsFile, at: number, path: string): void {
  try {
    file.seekSync(at, Deno.SeekMode.Start);
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
    throw new FormatError(path, "expected an open file, found a closed one: open it again");
  }
}
