import { deepStrictEqual, notDeepStrictEqual, strictEqual } from "node:assert";
import fc from "fast-check";
import { sumRows, TreeSum } from "bert/team/tree_sum.ts";

/** Numbers of very different size, whose sum depends on the order; or a leaf that is missing. */
const LEAF = fc.option(
  fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, max: 2 ** 99, min: -(2 ** 99) }), {
    minLength: 3,
    maxLength: 3,
  }),
  { nil: undefined, freq: 5 },
);

/** The sum by its definition: the left half plus the right half, where a missing half adds nothing. */
function expected(leaves: readonly (number[] | undefined)[]): number[] | undefined {
  if (leaves.length === 1) return leaves[0]?.map(Math.fround);
  const half = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  const [left, right] = [expected(leaves.slice(0, half)), expected(leaves.slice(half))];
  return left && right ? left.map((x, i) => Math.fround(x + right[i])) : left ?? right;
}

function treeSum(leaves: readonly (number[] | undefined)[]): Float32Array | undefined {
  const sum = new TreeSum();
  for (const leaf of leaves) sum.add(leaf && Float32Array.from(leaf));
  return sum.result();
}

Deno.test("TreeSum adds up as a binary tree over the leaves, whether all are there or not", () => {
  fc.assert(
    fc.property(fc.array(LEAF, { minLength: 1, maxLength: 20 }), (leaves) => {
      const found = treeSum(leaves);
      deepStrictEqual(found && [...found], expected(leaves));
    }),
    { numRuns: 200 },
  );
});

Deno.test("the sum of eight leaves has the same bits on 1, 2, 4 and 8 ranks", () => {
  fc.assert(
    fc.property(fc.array(LEAF, { minLength: 8, maxLength: 8 }), (leaves) => {
      const whole = treeSum(leaves) ?? new Float32Array(3).fill(-0);
      for (const ranks of [1, 2, 4, 8]) {
        const rows = new Float32Array(ranks * 3).fill(-0); // -0 is what a rank without leaves sends
        for (let rank = 0; rank < ranks; rank++) {
          const own = treeSum(leaves.slice(rank * 8 / ranks, (rank + 1) * 8 / ranks));
          if (own) rows.set(own, rank * 3);
        }
        const sum = sumRows(rows, ranks, 3);
        deepStrictEqual(new Uint32Array(sum.slice().buffer), new Uint32Array(whole.buffer));
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("the order of a sum shows in its bits, so the tests above can fail", () => {
  const leaves = [1, 2 ** -24, 2 ** -24, 2 ** -24].map((x) => [x]);
  notDeepStrictEqual(treeSum(leaves), Float32Array.of(leaves.reduce((sum, [x]) => sum + x, 0)));
  strictEqual(treeSum([]), undefined);
});
