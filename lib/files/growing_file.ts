/** A file of lines that only grows, each line whole: what a run writes down as it goes. */
import { dirname } from "node:path";
import { writeError } from "./write.ts";

const LINE_FEED = 10;

/**
 * Open for appending. The caller calls `close()`.
 *
 * @example A second process goes on behind the first line
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
    this.#file = Deno.openSync(path, { write: true, create: true });
    this.#size = size;
    this.#lines = lines;
    this.#cut();
  }

  /** Starts the file anew; makes its folder. */
  static create(path: string): AppendFile {
    Deno.mkdirSync(dirname(path), { recursive: true });
    return new AppendFile(path, 0, 0);
  }

  /**
   * Goes on with a file behind its first `lines` lines; what follows them is cut off.
   *
   * If there are fewer whole lines, it goes on behind those: compare `lines` to find out. A file
   * that is not there begins empty.
   */
  static resume(path: string, lines: number): AppendFile {
    const bytes = readIfThere(path);
    let [size, found] = [0, 0];
    while (found < lines) {
      const end = bytes.indexOf(LINE_FEED, size);
      if (end < 0) break;
      [size, found] = [end + 1, found + 1];
    }
    return new AppendFile(path, size, found);
  }

  /** Whole lines in the file. */
  get lines(): number {
    return this.#lines;
  }

  /**
   * Appends a line; it is with the system when this returns.
   *
   * @param line With or without its line feed.
   * @throws {Error} If it cannot be written, as on a full disk; nothing of it is left then.
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

  /** Waits until the disk has it all. */
  async sync(): Promise<void> {
    await this.#file.syncData();
  }

  close(): void {
    this.#file.close();
  }

  /** Takes the file back to its whole lines. */
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
    throw error;
  }
}
