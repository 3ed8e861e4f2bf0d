/** Held-out sentences with a blank, which show how a model learns to fill it. */
import { checkOptions } from "../checks.ts";
import type { Document } from "../data/document.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import { fillMask, type Guess } from "../use/predict.ts";
import { createRng } from "../random.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";

/** A sentence in which one word is masked. */
export interface Sample {
  /** The sentence with one `[MASK]`. */
  readonly text: string;
  /** The word that was masked. */
  readonly answer: string;
}

/** A sample with a model's guesses for the blank. */
export interface FilledSample extends Sample {
  /** Tokens for the blank, the most probable first. */
  readonly guesses: readonly Pick<Guess, "token" | "probability">[];
}

/** The fewest and the most tokens of a sentence that is chosen. */
const FEWEST = 8;
const MOST = 40;

/**
 * Draws sentences and masks one word in each. The word is a single piece of the vocabulary.
 *
 * @returns `count` samples, or fewer if the documents do not have as many.
 *
 * @example
 * ```ts
 * import { chooseSamples } from "bert/runs/sample_sentences.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "whale"]));
 * const documents = [{ name: "x", sentences: ["a b c d the whale e f g h"] }];
 * deepStrictEqual(chooseSamples(documents, tokenizer, { count: 1, seed: 1 }), [
 *   { text: "a b c d the [MASK] e f g h", answer: "whale" },
 * ]);
 * ```
 */
export function chooseSamples(
  documents: readonly Document[],
  tokenizer: BertTokenizer,
  options: { readonly count: number; readonly seed: number },
): Sample[] {
  checkOptions("chooseSamples()", options, ["count", "seed"]);
  const { count, seed } = options;
  const rng = createRng(seed).fork("samples");
  const sentences = documents.flatMap((document) => document.sentences);
  rng.shuffle(sentences);
  const samples: Sample[] = [];
  for (const sentence of sentences) {
    if (samples.length === count) break;
    const words = sentence.split(" ");
    const length = tokenizer.ids(sentence).length;
    const places = [...words.keys()].filter((i) => isPiece(words[i], tokenizer));
    if (length < FEWEST || length > MOST || places.length === 0) continue;
    const place = places[rng.below(places.length)];
    samples.push({ text: words.with(place, "[MASK]").join(" "), answer: words[place] });
  }
  return samples;
}

/** Whether a word has at least three characters, only letters, and is one piece of the vocabulary. */
function isPiece(word: string, tokenizer: BertTokenizer): boolean {
  if (!/^\p{L}{3,}$/u.test(word)) return false;
  const ids = tokenizer.ids(word);
  return ids.length === 1 && !tokenizer.vocab.isSpecial(ids[0]);
}

/** Lets a model fill each blank, and keeps its three most probable words. */
export async function fillSamples(
  model: BertPretrainHead,
  tokenizer: BertTokenizer,
  samples: readonly Sample[],
): Promise<FilledSample[]> {
  const filled: FilledSample[] = [];
  for (const sample of samples) {
    const [guesses] = await fillMask(model, tokenizer, sample.text, { topK: 3 });
    const short = guesses.map(({ token, probability }) => ({ token, probability }));
    filled.push({ ...sample, guesses: short });
  }
  return filled;
}
