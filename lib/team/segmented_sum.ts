/**
 * The sum of an array over all ranks, a segment at a time: while one is added up, the next ones are
 * received, and the sums of those before it are sent. For each segment, rank r receives the r-th part of
 * it from all ranks (all-to-all), adds these up, and sends the sum to all (all-gather). MPI only moves
 * bytes: the order of the additions is that of `sumRows()`, wherever segments begin.
 */
import type { Bytes, Mpi, Request } from "./mpi.ts";
import { sumRows } from "./tree_sum.ts";

/** The most float32 numbers in a segment, of which each rank adds up an equal part. */
const SEGMENT = 1 << 20;
/** How many segments this rank receives at once. */
const AHEAD = 2;
/** How many segments are received or sent back at once. Each of them has memory of its own. */
const IN_FLIGHT = 4;

/** Sums arrays over the ranks of one job, in memory that it keeps from one sum to the next. */
export class SegmentedSum {
  readonly #mpi: Pick<Mpi, "allToAll" | "allGather">;
  readonly #size: number;
  readonly #wait: (request: Request) => Promise<void>;
  readonly #received: Float32Array[] = [];

  /**
   * @param size How many ranks there are.
   * @param wait Waits until a request is done.
   */
  constructor(
    mpi: Pick<Mpi, "allToAll" | "allGather">,
    size: number,
    wait: (request: Request) => Promise<void>,
  ) {
    this.#mpi = mpi;
    this.#size = size;
    this.#wait = wait;
  }

  /** Sums arrays of one length, in place. Every rank begins the same operations in the same order. */
  async add(values: Float32Array): Promise<void> {
    const segments = this.#cut(values);
    const arriving: Request[] = [];
    const leaving: Request[] = [];
    const begin = async (i: number) => {
      if (i >= segments.length) return;
      if (i >= IN_FLIGHT) await this.#wait(leaving[i - IN_FLIGHT]); // as this segment reuses its memory
      const { length } = segments[i];
      const [from, to] = [bytesOf(segments[i]), bytesOf(this.#memory(i, length))];
      arriving[i] = this.#mpi.allToAll(from, to, from.length / this.#size);
    };
    for (let i = 0; i < AHEAD; i++) await begin(i);
    for (const [i, segment] of segments.entries()) {
      await this.#wait(arriving[i]);
      const each = segment.length / this.#size;
      const own = sumRows(this.#memory(i, segment.length), this.#size, each);
      leaving[i] = this.#mpi.allGather(bytesOf(own), bytesOf(segment));
      await begin(i + AHEAD);
    }
    for (const request of leaving.slice(-IN_FLIGHT)) await this.#wait(request);
    const at = (segments.length - 1) * this.#whole;
    if (at >= 0) values.set(segments.at(-1)!.subarray(0, values.length - at), at);
  }

  /** The length of every segment but the last. */
  get #whole(): number {
    return Math.floor(SEGMENT / this.#size) * this.#size;
  }

  /**
   * Cuts an array into segments whose length is a multiple of the number of ranks. If the last one is
   * not, it is copied and padded by zeros.
   */
  #cut(values: Float32Array): Float32Array[] {
    const segments: Float32Array[] = [];
    for (let at = 0; at < values.length; at += this.#whole) {
      const segment = values.subarray(at, at + this.#whole);
      const rest = segment.length % this.#size;
      if (rest === 0) segments.push(segment);
      else {
        const padded = new Float32Array(segment.length + this.#size - rest);
        padded.set(segment);
        segments.push(padded);
      }
    }
    return segments;
  }

  /** The memory into which a segment of this length is received. */
  #memory(segment: number, length: number): Float32Array {
    const place = segment % IN_FLIGHT;
    if (!(this.#received[place]?.length >= length)) {
      this.#received[place] = new Float32Array(length);
    }
    return this.#received[place].subarray(0, length);
  }
}

/** The bytes of an array, in the same memory. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Bytes {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
