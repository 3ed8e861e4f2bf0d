import { deepStrictEqual, ok } from "node:assert";
import type { Bytes, Request } from "bert/team/mpi.ts";
import { SegmentedSum } from "bert/team/segmented_sum.ts";
import { sumRows } from "bert/team/tree_sum.ts";
import { createRng } from "bert/random.ts";

/** One operation that the ranks have begun, with the memory of each of them. */
interface Operation {
  readonly what: string;
  readonly bytes: number;
  readonly from: Bytes[];
  readonly to: Bytes[];
  isDone: boolean;
  begun: number;
}

/**
 * Moves bytes between ranks of this process, some time after all of them have begun an operation. So a
 * rank that changes its memory too early makes the sum wrong.
 */
class Mover {
  readonly #size: number;
  readonly #rng = createRng(1);
  readonly #operations: Operation[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** The operations of one rank. */
  forRank(rank: number) {
    let next = 0;
    const begin = (what: string, from: Bytes, to: Bytes, bytes: number): Request => {
      const operation = this.#operations[next++] ??= {
        what,
        bytes,
        from: [],
        to: [],
        isDone: false,
        begun: 0,
      };
      deepStrictEqual([what, bytes], [operation.what, operation.bytes]);
      operation.from[rank] = from;
      operation.to[rank] = to;
      operation.begun++;
      return { what, test: () => this.#test(operation) };
    };
    return {
      allToAll: (from: Bytes, to: Bytes, each: number) => begin("all to all", from, to, each),
      allGather: (from: Bytes, to: Bytes) => begin("all gather", from, to, from.length),
    };
  }

  #test(operation: Operation): boolean {
    const { what, bytes, from, to, begun, isDone } = operation;
    if (isDone || begun < this.#size || this.#rng.random() < 0.7) return isDone;
    for (let i = 0; i < this.#size; i++) {
      for (let j = 0; j < this.#size; j++) {
        const part = what === "all gather" ? from[j] : from[j].subarray(i * bytes, (i + 1) * bytes);
        to[i].set(part, j * bytes);
      }
    }
    return operation.isDone = true;
  }
}

async function wait(request: Request): Promise<void> {
  while (!request.test()) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Numbers of very different size, whose sum depends on the order. */
function numbers(rank: number, length: number): Float32Array {
  const spread = (i: number) => Math.imul(i + 1, 0x9E3779B1 + 2 * rank);
  return Float32Array.from({ length }, (_, i) => spread(i) * 2 ** ((i + 7 * rank) % 30));
}

for (const size of [2, 3, 4]) {
  Deno.test(`${size} ranks sum arrays of any length by the tree, in one segment or several`, async () => {
    const mover = new Mover(size);
    const sums = Array.from(
      { length: size },
      (_, rank) => new SegmentedSum(mover.forRank(rank), size, wait),
    );
    for (const length of [0, 1, size, size + 1, 2 ** 20, 5 * 2 ** 20 + 3]) {
      const own = sums.map((_, rank) => numbers(rank, length));
      const rows = new Float32Array(size * length);
      for (const [rank, row] of own.entries()) rows.set(row, rank * length);
      const expected = sumRows(rows, size, length).slice();
      await Promise.all(sums.map((sum, rank) => sum.add(own[rank])));
      for (const found of own) ok(found.every((x, i) => Object.is(x, expected[i])));
    }
  });
}
