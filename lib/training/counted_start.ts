/**
 * Word embeddings to start from that are counted, not trained: words that stand in the same company get
 * vectors that point the same way.
 */
import * as tf from "@tensorflow/tfjs";
import { checkArguments, checkOptions } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { type PieceStream, pieceStream } from "../data/contexts.ts";
import { DOCUMENTS } from "../data/arguments.ts";
import type { Document } from "../data/document.ts";
import { MODEL } from "../model/arguments.ts";
import type { BertPretrainHead } from "../model/bert.ts";
import { TOKENIZER } from "../tokenizer/arguments.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { countedVectors, type CountedVectorsOptions } from "./counted_vectors.ts";

/** How the vectors are counted. */
export interface CountedStartOptions extends CountedVectorsOptions {
  /** The same seed gives the same vectors, signs included. */
  readonly seed: number;
}

/**
 * Deviation of a normal distribution that is cut off at two standard deviations, as initial weights
 * are, in units of what it was before the cut.
 */
const CUT_DEVIATION = 0.88;

const WORDS = "bert.embeddings.word_embeddings.weight";
const BIAS = "cls.predictions.bias";

/**
 * Gives a fresh model word embeddings, which are its decoder too, that are counted in the text, and
 * puts the frequencies of the words into the decoder's bias.
 *
 * Nothing is set by hand: a pass over the text counts which pieces stand near which and in which passages,
 * and the largest singular vectors of these counts (as positive pointwise mutual information) are the
 * embeddings. All
 * of them get the length that random embeddings have. Pieces that the text does not have keep their
 * random ones. Later training changes all of it, and the saved model is a BERT like any other.
 *
 * Call it before `headStart()`, which takes the last dimensions for places: they come in the order of
 * their weight, so the least is lost.
 *
 * @param model Changed in place.
 * @param documents The training documents, and not the held-out ones; all of them fit into memory, as
 * does a table of V x 6000 numbers.
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
  const length = CUT_DEVIATION * initializerRange * Math.sqrt(hiddenSize);
  const words = model.weights.get(WORDS)!;
  const values = words.dataSync<"float32">().slice();
  for (let id = 0; id < vocabSize; id++) {
    const vector = vectors.subarray(id * hiddenSize, (id + 1) * hiddenSize);
    const factor = length / Math.hypot(...vector);
    if (!Number.isFinite(factor)) continue; // the text does not have this piece: its vector is 0
    values.set(vector.map((value) => value * factor), id * hiddenSize);
  }
  tf.tidy(() => {
    words.assign(tf.tensor2d(values, [vocabSize, hiddenSize])); // [V, H]
    model.weights.get(BIAS)!.assign(tf.tensor1d(logFrequencies(text))); // [V]
  });
}

/** [V]: the logarithm of how frequent each piece is; half an occurrence goes to each, so that none is 0. */
function logFrequencies({ ids, vocabSize }: PieceStream): Float32Array {
  const counts = new Float32Array(vocabSize).fill(0.5);
  for (const id of ids) counts[id]++;
  return counts.map((count) => Math.log(count / (ids.length + vocabSize / 2)));
}
