import { deepStrictEqual, ok } from "node:assert";
import fc from "fast-check";
import { HeldOutPool, type RankedDocument } from "bert/store/held_out_pool.ts";
import { SETTINGS } from "../support/arbitrary.ts";

const anyDocument = fc.record({
  rank: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  size: fc.integer({ min: 1, max: 20 }),
}).map(({ rank, size }): RankedDocument => ({
  rank,
  ids: new Uint16Array(size),
  lengths: Int32Array.of(size),
}));

const anyCase = fc.record({
  documents: fc.uniqueArray(anyDocument, { selector: ({ rank }) => rank, maxLength: 30 }),
  order: fc.infiniteStream(fc.nat()),
  share: fc.constantFrom(0, 0.1, 0.5, 0.99),
  tokens: fc.integer({ min: 1, max: 60 }),
  stop: fc.nat(30),
});

/** The ranks that are held out: by rank as long as they are below the share and fit, but at least one. */
function expected(documents: readonly RankedDocument[], share: number, tokens: number): number[] {
  if (share === 0) return [];
  const sorted = documents.toSorted((a, b) => a.rank - b.rank);
  let taken = 0;
  const end = sorted.findIndex(({ rank, ids }) => rank >= share || (taken += ids.length) > tokens);
  const count = end < 0 ? sorted.length : Math.max(end, 1);
  return sorted.slice(0, count).map(({ rank }) => rank);
}

Deno.test("HeldOutPool holds the documents of the lowest ranks, in whatever order they come", () => {
  fc.assert(
    fc.property(anyCase, ({ documents, order, share, tokens, stop }) => {
      const keys = new Map(documents.map((document) => [document, order.next().value]));
      const shuffled = documents.toSorted((a, b) => keys.get(a)! - keys.get(b)!);
      let pool = new HeldOutPool({ share, tokens });
      const left: number[] = [];
      for (const [i, document] of shuffled.entries()) {
        if (i === stop) pool = new HeldOutPool({ share, tokens }, pool.documents, pool.below);
        left.push(...pool.offer(document).map(({ rank }) => rank));
      }
      const held = pool.documents.map(({ rank }) => rank);
      deepStrictEqual(held, expected(documents, share, tokens));
      deepStrictEqual([...held, ...left].sort(), documents.map(({ rank }) => rank).sort());
      ok(pool.tokens === pool.documents.reduce((sum, { ids }) => sum + ids.length, 0));
    }),
    SETTINGS,
  );
});
