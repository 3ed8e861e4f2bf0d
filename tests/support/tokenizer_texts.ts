/**
 * The texts on which the tokenizer is compared with its reference. They are drawn from the same seed as
 * in tests/fixtures/make_tokenizer_parity_fixtures.py, so that the fixture only has digests.
 */
import { createRng, type Rng } from "bert/random.ts";
import { SPECIAL_TOKENS } from "bert/tokenizer/vocab.ts";
import fixture from "../fixtures/tokenizer_parity.json" with { type: "json" };

const BLOCK = 1000;

const POOLS: ReadonlyMap<string, readonly string[]> = new Map([
  ...Object.entries(fixture.pools).map(([name, ranges]) => [name, characters(ranges)] as const),
  ...Object.entries(fixture.words),
]);

const SWEPT = fixture.sweeps.flatMap(({ ranges, frame, size }) => {
  const framed = characters(ranges).map((char) => frame.replaceAll("X", () => char));
  const count = Math.ceil(framed.length / size);
  return Array.from(
    { length: count },
    (_, i) => framed.slice(i * size, (i + 1) * size).join(" "),
  );
});

const SWEPT_BLOCKS = Math.ceil(SWEPT.length / BLOCK);

/** The digests of each block: of its texts, and of the results of the uncased and the cased tokenizer. */
export const BLOCKS = fixture.blocks.map((line) => {
  const [texts, uncased, cased] = line.split(" ");
  return { texts, uncased, cased };
});

/** The texts of a block, at most a thousand. */
export function textsOfBlock(block: number): string[] {
  if (block < SWEPT_BLOCKS) return SWEPT.slice(block * BLOCK, (block + 1) * BLOCK);
  const rng = createRng(fixture.seed + block);
  const last = block === BLOCKS.length - 1;
  const { pools, most } = fixture.recipes[(block - SWEPT_BLOCKS) % fixture.recipes.length];
  const mixed = () => Array.from({ length: 1 + rng.below(most) }, () => part(rng, pools)).join("");
  return Array.from({ length: BLOCK }, () => last ? longText(rng) : mixed());
}

function part(rng: Rng, pools: readonly string[]): string {
  const items = POOLS.get(pools[rng.below(pools.length)])!;
  return items[rng.below(items.length)];
}

const KINDS = [
  ["letters"],
  ["letters"],
  ["marks"],
  ["composed"],
  ["emoji"],
  ["case"],
  ["letters", "marks"],
];

/** A text of a word of about 100 characters, the limit of the tokenizer; one in a hundred has 10,000. */
function longText(rng: Rng): string {
  const { lengths } = fixture;
  const length = rng.below(100) === 0 ? 10_000 : lengths[rng.below(lengths.length)];
  const pools = KINDS[rng.below(KINDS.length)];
  const char = part(rng, pools);
  if (rng.below(2) === 0) return char.repeat(length);
  return part(rng, pools) + char.repeat(length - 2) + part(rng, pools) + " " + char;
}

/** The vocabulary: special tokens, many characters at the start and inside of words, and longer pieces. */
export function parityVocabulary(): string[] {
  const ranges =
    "21-7e a1-2fff 3001-33ff a490-abff fb00-ffef 10000-11fff 16800-16fff 1d000-1f1ff 1f300-1faff";
  const chars = characters(ranges).filter((char) => !/[\u1680\u2028\u2029\u0085]/.test(char));
  chars.push(..."中国日本語한국어가각");
  const pieces =
    "un runn the sea ship ##want ##ed ##ing ##able ##er he ##llo wor ##ld aa ##aa ##aaaa 한국 ##\u0301\u0327";
  const inside = chars.map((char) => `##${char}`);
  return [...new Set([...SPECIAL_TOKENS, ...chars, ...inside, ...pieces.split(" ")])];
}

/** The characters of ranges of code points, in hexadecimal. */
function characters(ranges: string): string[] {
  return ranges.split(" ").flatMap((range) => {
    const [first, last = first] = range.split("-").map((hex) => parseInt(hex, 16));
    return Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i));
  });
}
