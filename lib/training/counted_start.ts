/**
 * Initial word embeddings that are computed from co-occurrence counts instead of trained: words with
 * similar neighbours get similar vectors.
 */
import * as tf from "@tensorflow/tfjs";
import { checkArguments, checkOptions } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { type PieceStream, pieceStream } from "../data/contexts.ts";
import { DOCUMENTS } from "../data/argument_kinds.ts";
import type { Document } from "../data/document.ts";
import { MODEL } from "../model/argument_kinds.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import { TRUNCATED_DEVIATION } from "../model/weights.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { countedVectors, type CountedVectorsOptions } from "./counted_vectors.ts";

/** How the vectors are computed. */
export interface CountedStartOptions extends CountedVectorsOptions {
  /** The same seed gives the same vectors, signs included. */
  readonly seed: number;
}

const WORDS = "bert.embeddings.word_embeddings.weight";
const BIAS = "cls.predictions.bias";

/**
 * Gives a fresh model word embeddings that are computed from co-occurrence counts of the text, and
 * sets the decoder's bias to the log frequencies of the words. The embeddings are the decoder's
 * weights, too.
 *
 * One pass over the text counts which pieces stand near each other and in which passages. The counts
 * become positive pointwise mutual information, and its largest singular vectors are the embeddings.
 * All of them are scaled to the usual length of random embeddings. Pieces that the text lacks keep their
 * random embeddings. Training changes all of these numbers, and the saved model is a BERT like any
 * other.
 *
 * Call it before `headStart()`, which overwrites the last dimensions with positions. The dimensions
 * are sorted by singular value, so the least important ones are lost.
 *
 * @param model Changed in place.
 * @param documents The training documents, without the held-out ones. They must fit into memory
 * together with a table of V x 6000 numbers.
 * @throws {ConfigError} If an option is unknown or cannot work, the tokenizer has another vocabulary, or
 * the text has no two pieces beside each other.
 *
 * Source: Levy and Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization", section 5
 * (singular vectors of positive PMI, each times the root of its singular value); Levy, Goldberg and
 * Dagan 2015. The bias: Karpathy 2019, "A Recipe for Training Neural Networks", "init well".
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { BertPretrainHead } from "bert/model/bert.ts";
 * import { countedStart } from "bert/training/counted_start.ts";
 * import { nearestWords } from "bert/use/explore.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * await useBackend();
 * const words = ["the", "cat", "dog", "sleeps", "on", "red", "stone"];
 * const vocab = new Vocab([...SPECIAL_TOKENS, ...words]);
 * const tokenizer = new BertTokenizer(vocab);
 * const sentences = ["the cat sleeps", "the dog sleeps", "on red stone", "red stone on"];
 * const documents = sentences.map((sentence) => ({ name: sentence, sentences: [sentence] }));
 * const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: vocab.size, hiddenSize: 4 }), { seed: 1 });
 * await countedStart(model, documents, tokenizer, { seed: 1 });
 * strictEqual((await nearestWords(model, tokenizer, "cat", 1))[0].token, "dog");
 * ```
 */
export async function countedStart(
  model: BertPretrainHead,
  documents: readonly Document[],
  tokenizer: BertTokenizer,
  options: CountedStartOptions,
): Promise<void> {
  checkArguments("countedStart(model, documents, tokenizer, options)", [
    ["model", model, MODEL],
    ["documents", documents, DOCUMENTS],
    ["tokenizer", tokenizer, TOKENIZER],
  ]);
  checkOptions("countedStart()", options, ["seed", "window", "contexts", "passages"]);
  const { vocabSize, hiddenSize, initializerRange } = model.config;
  if (tokenizer.vocab.size !== vocabSize) {
    const advice = `must be the size of the tokenizer's vocabulary, ${tokenizer.vocab.size}`;
    throw new ConfigError("vocabSize", vocabSize, advice);
  }
  const text = pieceStream(documents, tokenizer);
  const { seed, ...contexts } = options;
  const vectors = await countedVectors(text, hiddenSize, seed, contexts);
  const length = TRUNCATED_DEVIATION * initializerRange * Math.sqrt(hiddenSize);
  const words = model.weights.get(WORDS)!;
  const values = words.dataSync<"float32">().slice();
  for (let id = 0; id < vocabSize; id++) {
    const vector = vectors.subarray(id * hiddenSize, (id + 1) * hiddenSize);
    const factor = length / Math.hypot(...vector);
    if (!Number.isFinite(factor)) continue; // the text lacks this piece: its vector is 0
    values.set(vector.map((value) => value * factor), id * hiddenSize);
  }
  tf.tidy(() => {
    words.assign(tf.tensor2d(values, [vocabSize, hiddenSize])); // [V, H]
    model.weights.get(BIAS)!.assign(tf.tensor1d(logFrequencies(text))); // [V]
  });
}

/** [V]: the logarithm of each piece's frequency. One half is added to each count, so that none is 0. */
function logFrequencies({ ids, vocabSize }: PieceStream): Float32Array {
  const counts = new Float32Array(vocabSize).fill(0.5);
  for (const id of ids) counts[id]++;
  return counts.map((count) => Math.log(count / (ids.length + vocabSize / 2)));
}
