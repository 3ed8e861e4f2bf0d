/** Files to which whole lines are appended, such as the metrics of a run: writing and reading them. */
import { dirname } from "node:path";
import { joinBytes } from "./lines.ts";
import { asReadError, reading } from "./read.ts";
import { writeError } from "./write.ts";

const LINE_FEED = 10;

/**
 * A file that is open for appending lines. The caller calls `close()`, or declares it with `using`.
 *
 * @example A second process continues after the first line
 * ```ts
 * import { AppendFile } from "bert/files/growing_file.ts";
 * import { strictEqual } from "node:assert";
 * const path = await Deno.makeTempFile();
 * const file = AppendFile.create(path);
 * for (const line of ["kept", "cut off"]) file.write(line);
 * file.close();
 * const again = AppendFile.resume(path, 1);
 * again.write("new");
 * again.close();
 * strictEqual(await Deno.readTextFile(path), "kept\nnew\n");
 * ```
 */
export class AppendFile {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  #size: number;
  #lines: number;

  private constructor(path: string, size: number, lines: number) {
    this.#path = path;
    this.#size = size;
    this.#lines = lines;
    try {
      this.#file = Deno.openSync(path, { write: true, create: true });
      this.#cut();
    } catch (error) {
      throw writeError(error, path);
    }
  }

  /**
   * Begins with an empty file, and makes its folder. The lines of an existing file are removed.
   *
   * @throws {Error} If it cannot be written; the message says why and what to do.
   */
  static create(path: string): AppendFile {
    try {
      Deno.mkdirSync(dirname(path), { recursive: true });
    } catch (error) {
      throw writeError(error, path);
    }
    return new AppendFile(path, 0, 0);
  }

  /**
   * Continues a file after its first `lines` lines. What follows them is removed.
   *
   * If the file has fewer whole lines, it continues after those; the property `lines` says how many
   * there are. A missing file is created.
   *
   * @throws {Error} If it cannot be read or written; the message says why and what to do.
   */
  static resume(path: string, lines: number): AppendFile {
    const bytes = readIfThere(path);
    let size = 0;
    let found = 0;
    while (found < lines) {
      const end = bytes.indexOf(LINE_FEED, size);
      if (end < 0) break;
      size = end + 1;
      found++;
    }
    return new AppendFile(path, size, found);
  }

  /** The number of whole lines in the file. */
  get lines(): number {
    return this.#lines;
  }

  /**
   * Appends a line. When this returns, the line has been handed to the operating system.
   *
   * @param line The line, with or without its line feed.
   * @throws {Error} If it cannot be written, as on a full disk. Then no part of it is left in the
   * file.
   */
  write(line: string): void {
    const bytes = new TextEncoder().encode(line.endsWith("\n") ? line : `${line}\n`);
    try {
      for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    } catch (error) {
      this.#cut();
      throw writeError(error, this.#path, bytes.length);
    }
    this.#size += bytes.length;
    this.#lines++;
  }

  /** Waits until all lines are on disk. */
  async sync(): Promise<void> {
    await this.#file.syncData().catch((error) => {
      throw writeError(error, this.#path);
    });
  }

  /** Closes the file. It may be called twice. */
  close(): void {
    this.#file[Symbol.dispose](); // unlike close() of a file, it may be called twice
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Removes what follows the counted lines, and continues there. */
  #cut(): void {
    this.#file.truncateSync(this.#size);
    this.#file.seekSync(this.#size, Deno.SeekMode.Start);
  }
}

function readIfThere(path: string): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Uint8Array();
    throw asReadError(error, path);
  }
}

/** The number of bytes that are read at a time. */
const BLOCK = 2 ** 16;

/**
 * Reads the lines that a writer adds to a file of UTF-8 text.
 *
 * @example
 * ```ts
 * import { GrowingFile } from "bert/files/growing_file.ts";
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
  #read = 0; // bytes of the whole lines that have been read

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The whole lines that were added since the last call; none if there is no such file. The file is
   * read in blocks: memory holds one of them and an unfinished line.
   */
  async *newLines(): AsyncGenerator<string> {
    using file = await openIfThere(this.#path);
    if (!file) return;
    await file.seek(this.#read, Deno.SeekMode.Start);
    let pending: Uint8Array[] = []; // what was read after the last line end
    for (;;) {
      const block = new Uint8Array(BLOCK);
      const count = await file.read(block);
      if (count === null) return;
      const end = block.subarray(0, count).lastIndexOf(LINE_FEED) + 1;
      pending.push(block.subarray(0, end || count));
      if (end === 0) continue;
      const bytes = joinBytes(pending);
      pending = [block.subarray(end, count)];
      this.#read += bytes.length;
      yield* linesIn(bytes);
    }
  }
}

/**
 * The last lines of a file, at most `count`; none if there is no such file.
 *
 * @example
 * ```ts
 * import { lastLines } from "bert/files/growing_file.ts";
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
  return await reading(path, Deno.open(path)).catch((error) => {
    if (error.cause instanceof Deno.errors.NotFound) return undefined;
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
