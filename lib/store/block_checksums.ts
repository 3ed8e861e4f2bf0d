/** Checksums of the blocks of a large file, so that every read is checked. */
import { crc32 } from "node:zlib";
import { FormatError } from "../errors.ts";
import { readAt } from "../files/read_at.ts";

/** The bytes of a block, a multiple of every id size. The last block may be shorter. */
const BLOCK = 2 ** 16;

/** Computes a CRC-32 for each block of a file, from its bytes in order. */
export class BlockSummer {
  readonly #sums: number[] = [];
  /** The checksum of the bytes of the current block so far. */
  #sum = 0;
  /** The number of bytes of the current block so far. */
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

  /** The checksums of all blocks. No bytes can be added afterwards. */
  sums(): Uint32Array<ArrayBuffer> {
    if (this.#filled > 0) this.#close();
    return Uint32Array.from(this.#sums);
  }

  /** Ends the current block. */
  #close(): void {
    this.#sums.push(this.#sum);
    this.#sum = 0;
    this.#filled = 0;
  }
}

/** The number of blocks of a file of this many bytes. */
export function blocksIn(bytes: number): number {
  return Math.ceil(bytes / BLOCK);
}

/**
 * `readAt()` for a file with checksums: whole blocks are read and compared with them.
 *
 * @param at The offset of the first byte.
 * @param count The number of bytes.
 * @param size The size of the whole file in bytes.
 * @param sums The checksum of each block, from a `BlockSummer`.
 * @throws {FormatError} If a block has changed, or the file is too short.
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
