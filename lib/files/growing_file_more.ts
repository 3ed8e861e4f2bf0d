/** Files that grow by whole lines, read from where one was, or from their end. */
const LINE_FEED = 10;
const BLOCK = 2 ** 16; // bytes

/**
 * The lines that are added to a file, as UTF-8.
 *
 * @example
 * ```ts
 * import { GrowingFile } from "bert/files/growing_file_more.ts";
 * import { deepStrictEqual } from "node:assert";
 * const path = await Deno.makeTempFile();
 * const file = new GrowingFile(path);
 * for (const text of ["a\nb\nhal", "f\n"]) {
 *   await Deno.writeTextFile(path, text, { append: true });
 *   deepStrictEqual(await Array.fromAsync(file.newLines()), text === "f\n" ? ["half"] : ["a", "b"]);
 * }
 * ```
 */
export class GrowingFile {
  readonly #path: string;
  #read = 0; // bytes, of whole lines

  constructor(path: string) {
    this.#path = path;
  }

  /** Whole lines since the last call; none if there is no such file. Memory holds a block of them. */
  async *newLines(): AsyncGenerator<string> {
    using file = await openIfThere(this.#path);
    if (!file) return;
    await file.seek(this.#read, Deno.SeekMode.Start);
    let pending = new Uint8Array(0);
    for (;;) {
      const block = new Uint8Array(BLOCK);
      const count = await file.read(block);
      if (count === null) return;
      const bytes = new Uint8Array(pending.length + count);
      bytes.set(pending);
      bytes.set(block.subarray(0, count), pending.length);
      const end = bytes.lastIndexOf(LINE_FEED) + 1;
      pending = bytes.slice(end);
      this.#read += end;
      if (end > 0) yield* linesIn(bytes.subarray(0, end));
    }
  }
}

/**
 * The last lines of a file, at most `count`; none if there is no such file.
 *
 * @example
 * ```ts
 * import { lastLines } from "bert/files/growing_file_more.ts";
 * import { deepStrictEqual } from "node:assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "a\nb\nc\n");
 * deepStrictEqual(await lastLines(path, 2), ["b", "c"]);
 * ```
 */
export async function lastLines(path: string, count: number): Promise<string[]> {
  using file = await openIfThere(path);
  if (!file) return [];
  const { size } = await file.stat();
  for (let length = BLOCK;; length *= 2) {
    const start = Math.max(0, size - length);
    const lines = linesIn(await readFrom(file, start, size - start));
    const whole = start === 0 ? lines : lines.slice(1);
    if (start === 0 || whole.length >= count) return whole.slice(-count);
  }
}

async function openIfThere(path: string): Promise<Deno.FsFile | undefined> {
  return await Deno.open(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
}

async function readFrom(file: Deno.FsFile, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.seek(start, Deno.SeekMode.Start);
  for (let at = 0; at < length;) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) return bytes.subarray(0, at);
    at += count;
  }
  return bytes;
}

function linesIn(bytes: Uint8Array): string[] {
  return new TextDecoder().decode(bytes).replace(/\r?\n$/, "").split(/\r?\n/);
}
