/** The engine of the page that computes with this library. */
import * as tf from "@tensorflow/tfjs";
import { basename, dirname, resolve } from "node:path";
import { ConfigError } from "../errors.ts";
import type { Encoding } from "../tokenizer/bert_tokenizer.ts";
import { classify } from "../use/classify.ts";
import { attentionMaps, nearestWords, type Neighbour } from "../use/explore.ts";
import { fillMask, isNext } from "../use/predict.ts";
import { encode, inputs, read } from "../use/text_inputs.ts";
import { largest, meanRow } from "../use/vectors.ts";
import type { OpenedFolder } from "./model_or_run_folder.ts";
import {
  bestFirst,
  type Candidate,
  type Engine,
  type Facts,
  joined,
  type LabelledWord,
  type Look,
  type Near,
  type RunFacts,
  SHOWN,
  type Texts,
  withBlanks,
  wordAround,
} from "./page/engine.ts";
import {
  type Ids,
  isWhole,
  MOST_TOKENS,
  nearestInPlace,
  putInPlace,
  SEARCHED,
  TRIED,
} from "./page/in_place.ts";
import { labelledWords } from "./page/word_labels.ts";

/** The facts of a model for the page, without its run. */
export function factsOf(opened: OpenedFolder): Facts {
  const { folder, run, model, tokenizer, heads, classifier, labels } = opened;
  const { config } = model;
  const texts = classifier?.pooling === "none" ? undefined : classifier;
  return {
    name: nameOf(resolve(run ?? folder)),
    layers: config.numHiddenLayers,
    heads: config.numAttentionHeads,
    width: config.hiddenSize,
    pieces: tokenizer.vocab.size,
    maxLength: config.maxPositionEmbeddings,
    fillsBlanks: heads.words,
    judgesPairs: heads.pairs,
    classes: texts ? labels : [],
    wordClasses: classifier && !texts ? labels : [],
    shares: texts?.shares ?? "softmax",
  };
}

/** Names of folders that do not describe the model in them. */
const PLAIN = ["model", "best", "final"];

/** The last part of a path, or the last two parts if the last one does not describe the model. */
function nameOf(path: string): string {
  const name = basename(path);
  return PLAIN.includes(name) ? `${basename(dirname(path))}/${name}` : name;
}

/** An engine with a model of this library. */
export class LibraryEngine implements Engine {
  readonly #opened: OpenedFolder;
  readonly #run: () => Promise<RunFacts | undefined>;

  /** @param run Returns the progress of the model's run. It is called for each request. */
  constructor(opened: OpenedFolder, run: () => Promise<RunFacts | undefined>) {
    this.#opened = opened;
    this.#run = run;
  }

  async facts(): Promise<Facts> {
    return { ...factsOf(this.#opened), run: await this.#run() };
  }

  async fill(text: string): Promise<Candidate[][]> {
    const { model, tokenizer, heads } = this.#opened;
    if (!heads.words) {
      throw new TypeError("The model has no masked-word head: it cannot fill blanks");
    }
    const blanks = await fillMask(model, tokenizer, withBlanks(text), { topK: SHOWN });
    return blanks.map((guesses) =>
      guesses.map(({ token, probability: share }) => ({ token, share }))
    );
  }

  async follows(first: string, second: string): Promise<number> {
    const { model, tokenizer, heads } = this.#opened;
    if (!heads.pairs) {
      throw new TypeError("The model has no next-sentence head: it cannot judge pairs");
    }
    return await isNext(model, tokenizer, withBlanks(first), withBlanks(second));
  }

  async classify({ text, second }: Texts): Promise<Candidate[]> {
    const { model, tokenizer, classifier, labels } = this.#opened;
    if (!classifier || classifier.pooling === "none") {
      throw new TypeError("The model is not a classifier of texts: it has no classes for them");
    }
    const first = withBlanks(text);
    const pair = second === undefined ? undefined : withBlanks(second);
    encode(model, tokenizer, first, pair); // throws if classify() would cut the text
    return bestFirst(labels, await classify(classifier, tokenizer, first, pair));
  }

  async label(text: string): Promise<LabelledWord[]> {
    const { model, tokenizer, classifier, labels } = this.#opened;
    if (classifier?.pooling !== "none") {
      throw new TypeError("The model is not a classifier of words: it has no classes for them");
    }
    const encoding = encode(model, tokenizer, withBlanks(text));
    const logits = tf.tidy(() => classifier.forward(inputs(encoding))); // [1, T, C]
    return labelledWords(encoding.tokens, await read(logits), labels);
  }

  async look({ text, second }: Texts, layer: number): Promise<Look> {
    const { model, tokenizer } = this.#opened;
    const most = model.config.numHiddenLayers - 1;
    if (!(layer >= 0 && layer <= most)) {
      throw new ConfigError("layer", layer, `must be from 0 to ${most}`);
    }
    const pair = second === undefined ? undefined : withBlanks(second);
    const { tokens, layers } = await attentionMaps(model, tokenizer, withBlanks(text), pair);
    const short = (share: number) => Math.round(share * 1e4) / 1e4;
    return { tokens, heads: layers[layer].map((rows) => rows.map((row) => row.map(short))) };
  }

  async near({ text, second }: Texts, place: number): Promise<Near> {
    const { model, tokenizer, heads } = this.#opened;
    const pair = second === undefined ? undefined : withBlanks(second);
    const encoding = encode(model, tokenizer, withBlanks(text), pair);
    const { tokens, tokenIds } = encoding;
    if (!(place >= 0 && place < tokens.length)) {
      throw new ConfigError("place", place, `must be from 0 to ${tokens.length - 1}`);
    }
    const places = wordAround(tokens, place);
    const word = joined(tokens, places);
    const isWord = !places.some((at) => tokenizer.vocab.isSpecial(tokenIds[at]));
    const neighbours = isWord ? await nearestWords(model, tokenizer, word, SEARCHED) : [];
    const alone = neighbours.slice(0, SHOWN)
      .map(({ token, similarity: share }) => ({ token, share }));
    if (!heads.words) {
      const tried = neighbours.filter(isWhole).slice(0, TRIED);
      return { word, alone, inPlace: await this.#inPlace(encoding, places, tried) };
    }
    const shares = await this.#sharesAt(encoding, place);
    const ids = largest(shares, SHOWN + 1).filter((id) => id !== tokenIds[place]).slice(0, SHOWN);
    const inSentence = ids.map((id) => ({ token: tokenizer.vocab.tokenOf(id), share: shares[id] }));
    return { word, alone, inSentence };
  }

  /** The words whose vectors are most like that of a word when they are put in its places. */
  async #inPlace(
    encoding: Encoding,
    places: readonly number[],
    tried: readonly Neighbour[],
  ): Promise<Candidate[] | undefined> {
    if (tried.length === 0 || encoding.tokenIds.length > MOST_TOKENS) return undefined;
    const texts = putInPlace(encoding, places, tried.map(({ id }) => id));
    const pieces = await this.#vectors([encoding], places);
    const word = meanRow(pieces, [...places.keys()], this.#opened.model.config.hiddenSize);
    const length = texts[0].tokenIds.length;
    const table = await this.#vectors(texts, texts.map((_, text) => text * length + places[0]));
    return nearestInPlace(word, table, tried.map(({ token }) => token));
  }

  /** The last layer's vectors at some positions, b*T + t, of texts of equal length: [P, H]. */
  async #vectors(texts: readonly Ids[], positions: readonly number[]): Promise<Float32Array> {
    const inputs = {
      tokenIds: texts.map(({ tokenIds }) => tokenIds),
      segmentIds: texts.map(({ segmentIds }) => segmentIds),
      attentionMask: texts.map(({ attentionMask }) => attentionMask),
    };
    return await read(tf.tidy(() => {
      const rows = tf.tensor1d([...positions], "int32");
      return this.#opened.model.bert.forwardAt(inputs, rows).hidden; // [P, H]
    }));
  }

  /** The probability of each token at a position that is not masked. */
  async #sharesAt(encoding: Encoding, place: number): Promise<Float32Array> {
    return await read(tf.tidy(() => {
      const predictedPositions = tf.tensor1d([place], "int32");
      const { mlmLogits } = this.#opened.model.forward(inputs(encoding), { predictedPositions });
      return tf.softmax(mlmLogits); // [1, V]
    }));
  }
}
