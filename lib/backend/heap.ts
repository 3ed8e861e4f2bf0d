/**
 * Blocks of one shared memory. Sizes are rounded up to a few per power of two, and a block that is
 * freed waits for the next one of its size: after the first training step nothing grows any more.
 */

const PAGE = 65_536;
const MOST_PAGES = 65_536; // 4 GiB, all that 32-bit addresses reach
const MARGIN = 16; // bytes behind each block that kernels may write when they work four by four

/** Gives out and takes back blocks of a `WebAssembly.Memory`. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly #free = new Map<number, number[]>();
  readonly #sizes = new Map<number, number>();
  #top: number;
  #used = 0;

  /**
   * @param memory Grows on demand; shared, so that views stay valid when it does.
   * @param base The first byte that may be given out.
   */
  constructor(memory: WebAssembly.Memory, base: number) {
    this.memory = memory;
    this.#top = Math.ceil(base / 16) * 16;
  }

  /** Bytes in blocks that are given out. */
  get used(): number {
    return this.#used;
  }

  /** Bytes that the memory has reached, blocks that wait included. */
  get reserved(): number {
    return this.#top;
  }

  /**
   * A block of at least `bytes` bytes, on a multiple of 16. Its content is what was there before.
   *
   * @throws {RangeError} If memory is at its end.
   */
  take(bytes: number): number {
    const size = roundUp(bytes + MARGIN);
    const pointer = this.#free.get(size)?.pop() ?? this.#fresh(size, bytes);
    this.#sizes.set(pointer, size);
    this.#used += size;
    return pointer;
  }

  /** Takes a block back. */
  give(pointer: number): void {
    const size = this.#sizes.get(pointer);
    if (size === undefined) throw new RangeError(`Cannot free ${pointer}: no block begins there`);
    this.#sizes.delete(pointer);
    this.#used -= size;
    const waiting = this.#free.get(size);
    if (waiting) waiting.push(pointer);
    else this.#free.set(size, [pointer]);
  }

  #fresh(size: number, bytes: number): number {
    const pointer = this.#top;
    const end = pointer + size;
    const have = this.memory.buffer.byteLength;
    if (end > have) this.#grow(end - have, bytes);
    this.#top = end;
    return pointer;
  }

  #grow(missing: number, bytes: number): void {
    const have = this.memory.buffer.byteLength / PAGE;
    const needed = Math.ceil(missing / PAGE);
    const generous = Math.min(Math.max(needed, Math.ceil(have / 4)), MOST_PAGES - have);
    try {
      this.memory.grow(Math.max(needed, generous));
    } catch {
      const mega = (value: number) => `${(value / 2 ** 20).toFixed(0)} MiB`;
      throw new RangeError(
        `Cannot allocate ${mega(bytes)}: ${mega(this.#used)} of ${
          mega(MOST_PAGES * PAGE)
        } are in use. ` +
          "Lower batchSize or maxLength, or dispose of tensors",
      );
    }
  }
}

/** The next of 4 sizes per power of two: at most a quarter of a block is wasted. */
function roundUp(bytes: number): number {
  const step = Math.max(16, 2 ** (Math.floor(Math.log2(bytes)) - 2));
  return Math.ceil(bytes / step) * step;
}
