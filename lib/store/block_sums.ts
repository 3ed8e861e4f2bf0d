/** Checksums of the blocks of a large file, so that what is read of it is known to be right. */
import { crc32 } from "node:zlib";
import { FormatError } from "../errors.ts";
import { readAt } from "../files/read_at.ts";

/** Bytes of a block; the last one may have fewer. A whole number of ids of any type. */
const BLOCK = 2 ** 16;

/** Takes the bytes of a file in order and gives a CRC-32 for each block. */
export class BlockSummer {
  readonly #sums: number[] = [];
  #sum = 0; // of the bytes of the block so far
  #filled = 0;

  /** Adds the next bytes. */
  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + BLOCK - this.#filled);
      this.#sum = crc32(part, this.#sum);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === BLOCK) this.#close();
    }
  }

  /** The sums of all blocks; nothing can be added then. */
  sums(): Uint32Array<ArrayBuffer> {
    if (this.#filled > 0) this.#close();
    return Uint32Array.from(this.#sums);
  }

  #close(): void {
    this.#sums.push(this.#sum);
    this.#sum = 0;
    this.#filled = 0;
  }
}

/** How many blocks a file of so many bytes has. */
export function blocksIn(bytes: number): number {
  return Math.ceil(bytes / BLOCK);
}

/**
 * `readAt()` of a file whose blocks are known: whole blocks are read and compared.
 *
 * @param size Bytes of the whole file.
 * @param sums One for each block, from a `BlockSummer`.
 * @throws {FormatError} If a block is not what it was, or the file ends before.
 */
export function readChecked(
  file: Deno.FsFile,
  at: number,
  count: number,
  { path, size, sums }: { path: string; size: number; sums: Uint32Array },
): ArrayBuffer {
  const first = Math.floor(at / BLOCK);
  const start = first * BLOCK;
  const end = Math.min(size, blocksIn(at + count) * BLOCK);
  const bytes = readAt(file, start, end - start, path);
  for (let from = 0; from < bytes.length; from += BLOCK) {
    const block = first + from / BLOCK;
    if (crc32(bytes.subarray(from, from + BLOCK)) === sums[block]) continue;
    const place = `bytes ${block * BLOCK} to ${Math.min(size, (block + 1) * BLOCK) - 1}`;
    throw new FormatError(path, `expected ${place} as they were written, found others: ${RESTORE}`);
  }
  return bytes.buffer.slice(at - start, at - start + count);
}

const RESTORE = "restore the file, or prepare the corpus again";
