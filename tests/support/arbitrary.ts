/** Generators for property tests. Every property runs with the same seed, so that a run can be repeated. */
import fc from "fast-check";

export const SETTINGS = { seed: 20_261_124, numRuns: 200 };

const PARTS = [
  ..."abcxyzABC ,.!?'\"-[]#$\t\n\u00a0\u3000",
  ..."éÜİıßΣσςﬁǅ\u0301\u0327\u0323\u0307か\u3099한\u1112\u1161\u11ab中国",
  ..."\u0000\u0007\u200b\u202e\ufeff\ufffd\ue000",
  "[MASK]",
  "[SEP]",
  "[UNK]",
  "##",
  "👩\u200d👩\u200d👧",
  "🇩🇪",
  "unwanted",
  "running",
  "a".repeat(101),
];

/** Any string of JavaScript: scripts, marks, controls, special tokens, and lone surrogates. */
export const anyText: fc.Arbitrary<string> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...PARTS) },
    { weight: 2, arbitrary: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) },
    { weight: 1, arbitrary: fc.nat(0x10ffff).map((code) => String.fromCodePoint(code)) },
  ),
  { maxLength: 30 },
).map((parts) => parts.join(""));

/** A string that can be in a file: without lone surrogates and zeros, and with the given line ends only. */
export function fileText(...lineEnds: readonly string[]): fc.Arbitrary<string> {
  const parts = fc.oneof(
    fc.constantFrom(
      ..."ab é中,;\"'{}\\\t",
      '""',
      "\u2028",
      "\ufeff",
      "👩\u200d👧",
      "a.b",
      ...lineEnds,
    ),
    anyText.map((text) => text.toWellFormed().replaceAll(/[\0\r\n]/g, "")),
  );
  return fc.array(parts, { maxLength: 12 }).map((found) => found.join(""));
}
