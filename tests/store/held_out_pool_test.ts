import { deepStrictEqual, ok, strictEqual } from "node:assert";
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

/** The ranks that must be held out: the lowest ones below the share whose tokens fit, but at least one. */
function expected(documents: readonly RankedDocument[], share: number, tokens: number): number[] {
  if (share === 0) return [];
  const sorted = documents.toSorted((a, b) => a.rank - b.rank);
  let taken = 0;
  const end = sorted.findIndex(({ rank, ids }) => rank >= share || (taken += ids.length) > tokens);
  const count = end < 0 ? sorted.length : Math.max(end, 1);
  return sorted.slice(0, count).map(({ rank }) => rank);
}

Deno.test("HeldOutPool holds out the documents with the lowest ranks, in whatever order they come", () => {
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

Deno.test("HeldOutPool takes 240,000 documents of one token in time proportional to their number", () => {
  const pool = new HeldOutPool({ share: 0.9, tokens: 120_000 });
  const [ids, lengths] = [Uint16Array.of(5), Int32Array.of(1)];
  let left = 0;
  for (let i = 0; i < 240_000; i++) {
    left += pool.offer({ rank: (i * 0.618033988749895) % 1, ids, lengths }).length;
  }
  strictEqual(pool.documents.length, 120_000);
  strictEqual(left, 120_000);
});

Deno.test("HeldOutPool displaces the later of two documents with the same rank", () => {
  const pool = new HeldOutPool({ share: 0.9, tokens: 3 });
  const [first, second, third] = [1, 2, 3].map((id) => ({
    rank: 0.5,
    ids: Uint16Array.of(id),
    lengths: Int32Array.of(1),
  }));
  for (const document of [first, second, third]) deepStrictEqual(pool.offer(document), []);
  const lower = { rank: 0.4, ids: Uint16Array.of(9, 9), lengths: Int32Array.of(2) };
  deepStrictEqual(pool.offer(lower), [third, second, first]); // one rank is held or left as a whole
});
