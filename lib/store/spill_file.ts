/** A file to which numbers are appended, with a buffer in memory. */
import { FormatError } from "../errors.ts";
import { readAt } from "../files/read_at.ts";
import { writeError } from "../files/write.ts";

/** The size of the buffer in bytes. */
const BUFFER_BYTES = 2 ** 20;

/** A file that is open for appending, and for reading what was appended. The caller calls `close()`. */
export class SpillFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  /** The number of bytes in the file. */
  #size: number;
  /** Bytes that have not been written to the file yet. */
  #waiting = new Uint8Array(BUFFER_BYTES);
  /** The number of these bytes. */
  #filled = 0;
  #isOpen = true;

  /**
   * Opens a file and removes what follows its first `size` bytes. A missing file is created.
   *
   * @throws {FormatError} If the file has fewer bytes.
   */
  constructor(path: string, size: number) {
    this.#path = path;
    this.#size = size;
    this.#file = Deno.openSync(path, { read: true, write: true, create: true });
    const found = this.#file.statSync().size;
    if (found < size) {
      this.close();
      throw new FormatError(path, `expected at least ${size} bytes, found ${found}: begin again`);
    }
    this.#file.truncateSync(size);
  }

  /** Appends numbers in the form that they have in memory. */
  write(numbers: ArrayBufferView): void {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    if (this.#filled + bytes.length > BUFFER_BYTES) this.#flush();
    if (bytes.length > BUFFER_BYTES) return this.#append(bytes);
    this.#waiting.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  /** Waits until everything is on disk. */
  sync(): void {
    this.#flush();
    this.#file.syncDataSync();
  }

  /** Everything that was written, in pieces of at most `bytes` bytes, each in a buffer of its own. */
  *pieces(bytes: number): Generator<Uint8Array<ArrayBuffer>> {
    this.#flush();
    for (let at = 0; at < this.#size; at += bytes) {
      yield readAt(this.#file, at, Math.min(bytes, this.#size - at), this.#path);
    }
  }

  /** Closes the file. It may be called twice. */
  close(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }

  /** Writes the buffer to the file. */
  #flush(): void {
    const bytes = this.#waiting.subarray(0, this.#filled);
    this.#filled = 0;
    this.#append(bytes);
  }

  /** Writes bytes to the end of the file. */
  #append(bytes: Uint8Array): void {
    try {
      this.#file.seekSync(this.#size, Deno.SeekMode.Start);
      for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
      this.#size += bytes.length;
    } catch (error) {
      throw writeError(error, this.#path, this.#size + bytes.length);
    }
  }
}
