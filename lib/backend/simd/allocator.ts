/**
 * Allocates blocks for tensors in one growing range of addresses: best fit, with free neighbours
 * merged. It does not use WebAssembly, so that it can be tested with numbers alone.
 */

/**
 * Addresses and sizes of blocks are multiples of this: a cache line, which also leaves room for a
 * whole vector at the end.
 */
const ALIGNMENT = 64;

/** Extends the range to at least the given address; returns whether that succeeded. */
export type Grow = (end: number) => boolean;

/** Free and used blocks of a range of addresses. */
export class Allocator {
  /** Free blocks by rising address: `#starts[i]` to `#ends[i]`, never touching each other. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #used = new Map<number, number>();
  readonly #grow: Grow;
  #end: number;
  #usedBytes = 0;

  /**
   * @param start The first address, a multiple of 64.
   * @param grow Called before an address beyond all earlier ones is given out.
   */
  constructor(start: number, grow: Grow) {
    this.#end = start;
    this.#grow = grow;
  }

  /** Bytes in blocks that are in use. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Blocks in use. */
  get usedBlocks(): number {
    return this.#used.size;
  }

  /** The first address after all blocks that were ever given out. */
  get end(): number {
    return this.#end;
  }

  /** The size of the longest block that is free if the range may reach up to `most`. */
  longestFree(most: number): number {
    const last = this.#ends.length - 1;
    const touches = last >= 0 && this.#ends[last] === this.#end;
    const tail = Math.max(most - (touches ? this.#starts[last] : this.#end), 0);
    return this.#starts.reduce(
      (longest, start, i) => Math.max(longest, this.#ends[i] - start),
      tail,
    );
  }

  /**
   * The address of a block of at least that many bytes, or undefined if there is no room.
   *
   * @throws {RangeError} If `bytes` is NaN or below 0, as for a tensor whose shape has a NaN.
   */
  allocate(bytes: number): number | undefined {
    if (!(bytes >= 0)) throw new RangeError(`Cannot allocate ${bytes} bytes`);
    const size = Math.max(Math.ceil(bytes / ALIGNMENT), 1) * ALIGNMENT;
    const best = this.#bestFit(size);
    const start = best >= 0 ? this.#cut(best, size) : this.#extend(size);
    if (start === undefined) return undefined;
    this.#used.set(start, size);
    this.#usedBytes += size;
    return start;
  }

  /** Takes a block back. Its address must have come from `allocate()`. */
  free(start: number): void {
    const size = this.#used.get(start);
    if (size === undefined) throw new RangeError(`No block is in use at address ${start}`);
    this.#used.delete(start);
    this.#usedBytes -= size;
    this.#insert(start, start + size);
  }

  /** The index of the smallest free block of at least this size; -1 if there is none. */
  #bestFit(size: number): number {
    let best = -1;
    let bestSize = Infinity;
    for (let i = 0; i < this.#starts.length; i++) {
      const found = this.#ends[i] - this.#starts[i];
      if (found < size || found >= bestSize) continue;
      best = i;
      bestSize = found;
      if (found === size) break;
    }
    return best;
  }

  /** Takes the first `size` bytes of a free block; their address. */
  #cut(i: number, size: number): number {
    const start = this.#starts[i];
    this.#starts[i] += size;
    if (this.#starts[i] === this.#ends[i]) {
      this.#starts.splice(i, 1);
      this.#ends.splice(i, 1);
    }
    return start;
  }

  /** Allocates beyond the end, together with a free block that touches it. */
  #extend(size: number): number | undefined {
    const last = this.#ends.length - 1;
    const touches = last >= 0 && this.#ends[last] === this.#end;
    const start = touches ? this.#starts[last] : this.#end;
    if (!this.#grow(start + size)) return undefined;
    if (touches) {
      this.#starts.pop();
      this.#ends.pop();
    }
    this.#end = start + size;
    return start;
  }

  /** Makes a block free and merges it with its free neighbours. */
  #insert(start: number, end: number): void {
    const i = this.#firstAfter(start);
    const joinsLeft = i > 0 && this.#ends[i - 1] === start;
    const joinsRight = i < this.#starts.length && this.#starts[i] === end;
    if (joinsLeft && joinsRight) {
      this.#ends[i - 1] = this.#ends[i];
      this.#starts.splice(i, 1);
      this.#ends.splice(i, 1);
    } else if (joinsLeft) {
      this.#ends[i - 1] = end;
    } else if (joinsRight) {
      this.#starts[i] = start;
    } else {
      this.#starts.splice(i, 0, start);
      this.#ends.splice(i, 0, end);
    }
  }

  /** The index of the first free block after an address, by binary search. */
  #firstAfter(address: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle] > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
