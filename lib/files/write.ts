/**
 * Writing files completely or not at all, even if the power fails: a new file is written beside the
 * old one, synced to disk, and renamed.
 */
import { dirname } from "node:path";
import { absolutePath } from "./path.ts";

/** The suffix of a file that is not complete yet. */
export const UNFINISHED = ".unfinished";

/**
 * Replaces a file, or creates it. A program that opens the path at any moment finds the old file or
 * the new one, each complete.
 *
 * @throws {Error} If it cannot be written; the message says why and what to do. The old file is kept.
 *
 * @example
 * ```ts
 * import { replaceFile } from "bert/files/write.ts";
 * import { strictEqual } from "node:assert";
 * const path = await Deno.makeTempFile();
 * await replaceFile(path, "new");
 * strictEqual(await Deno.readTextFile(path), "new");
 * ```
 */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const aside = path + UNFINISHED;
  try {
    await writeSynced(aside, bytes);
    await Deno.rename(aside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await Deno.remove(aside).catch(() => {});
    throw writeError(error, path, bytes.length);
  }
}

/**
 * The synchronous form of `replaceFile()`, for signal handlers. It does not sync the folder.
 *
 * @throws {Error} If it cannot be written; the message says why and what to do. The old file is kept.
 */
export function replaceFileSync(path: string, content: string): void {
  const bytes = new TextEncoder().encode(content);
  const aside = path + UNFINISHED;
  try {
    using file = Deno.openSync(aside, { write: true, create: true, truncate: true });
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    file.syncSync();
    Deno.renameSync(aside, path);
  } catch (error) {
    removeSync(aside);
    throw writeError(error, path, bytes.length);
  }
}

function removeSync(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // there was no such file
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.sync();
}

/**
 * Waits until the names in a folder are on disk. It does nothing on Windows, where a folder cannot be
 * synced.
 */
export async function syncFolder(folder: string): Promise<void> {
  try {
    using file = await Deno.open(folder);
    await file.sync();
  } catch (error) {
    if (Deno.build.os !== "windows") throw error;
  }
}

/**
 * The error for a file that cannot be written: its message says why, and what to do.
 *
 * @param error The error of the operating system, which becomes its `cause`.
 * @param bytes The number of bytes to be written, if it is known.
 *
 * @example
 * ```ts
 * import { writeError } from "bert/files/write.ts";
 * import { strictEqual } from "node:assert";
 * const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
 * const { message } = writeError(full, "/runs/a/metrics.csv", 100);
 * strictEqual(message, "Cannot write /runs/a/metrics.csv: the disk is full, and this file needs 100 bytes. Free some room there");
 * ```
 */
export function writeError(error: unknown, path: string, bytes?: number): Error {
  const cause = error instanceof Error ? error : new Error(String(error));
  const Kind = cause instanceof Deno.errors.NotFound ? Deno.errors.NotFound : Error;
  return new Kind(`Cannot write ${absolutePath(path)}: ${reasonOf(cause, bytes)}`, { cause });
}

/**
 * Whether an error comes from the operating system, as for a full disk, and not from a check of the
 * program.
 */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error && ("code" in error || error instanceof Deno.errors.NotCapable);
}

function reasonOf(cause: Error, bytes: number | undefined): string {
  const code = (cause as Error & { code?: string }).code;
  if (code === "ENOSPC" || code === "EDQUOT") {
    const needed = bytes === undefined ? "" : `, and this file needs ${inUnits(bytes)}`;
    return `the disk is full${needed}. Free some room there`;
  }
  if (cause instanceof Deno.errors.NotCapable) {
    return "Deno has no permission. Run the program with --allow-write, or choose another folder";
  }
  if (code === "EROFS") return "its file system is read-only. Choose another folder";
  if (cause instanceof Deno.errors.PermissionDenied) {
    return "the system does not let you write there. Give yourself the right to, as with chmod u+w " +
      "for it and its folder, or choose another folder. Options of Deno do not help";
  }
  if (code === "EISDIR") return "there is a folder of that name: move it away";
  if (cause instanceof Deno.errors.NotFound) return "there is no such folder: make it first";
  return cause.message;
}

function inUnits(bytes: number): string {
  return bytes < 2 ** 20 ? `${bytes} bytes` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
