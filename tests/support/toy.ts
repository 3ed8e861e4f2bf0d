/** A small artificial language with regularities to learn, for tests that train. */
import type { Document } from "bert/data/document.ts";
import { createRng } from "bert/random.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";

const COLOURS = ["red", "green", "blue", "black"];
const THINGS = ["ship", "sea", "whale", "house", "tree", "bird"];
const VERBS = ["sees", "likes", "follows"];
const WORDS = ["the", ".", ...COLOURS, ...THINGS, ...VERBS, "##s", "once"];

export const TOY_TOKENIZER = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, ...WORDS]));

/** Makes documents of sentences such as "the red ship sees the red sea ." with one colour each. */
export function toyDocuments(count: number, sentences = 8, seed = 1): Document[] {
  const rng = createRng(seed);
  const pick = (words: readonly string[]) => words[rng.below(words.length)];
  return Array.from({ length: count }, (_, i) => {
    const colour = pick(COLOURS);
    const sentence = () =>
      `the ${colour} ${pick(THINGS)} ${pick(VERBS)} the ${colour} ${pick(THINGS)} .`;
    return { name: `toy-${i}`, sentences: Array.from({ length: sentences }, sentence) };
  });
}
