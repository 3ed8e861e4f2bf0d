/** The interface between the page and a model, which runs in the server or in the browser itself. */
import type { AddedToken } from "../../tokenizer/added_tokens.ts";
import type { Shares } from "../../model/classes_json.ts";
import type { TokenizerOptions } from "../../tokenizer/options.ts";

/** The most characters of a text. A longer one is refused, as it was probably pasted by mistake. */
export const MOST_CHARACTERS = 20_000;

/** The number of candidates and neighbours that are shown. */
export const SHOWN = 8;

/** The facts of a model for the page, which decide the parts of the page that are shown. */
export interface Facts {
  /** The name of the model, which is that of its folder. */
  readonly name: string;
  /** The number of encoder layers. */
  readonly layers: number;
  /** The number of attention heads in a layer. */
  readonly heads: number;
  /** The width of the hidden vectors. */
  readonly width: number;
  /** The number of pieces in the vocabulary. */
  readonly pieces: number;
  /** The most tokens of a text, including `[CLS]` and `[SEP]`. */
  readonly maxLength: number;
  /** Whether it has a trained masked-word head. */
  readonly fillsBlanks: boolean;
  /** Whether it has a trained next-sentence head. */
  readonly judgesPairs: boolean;
  /** The names of the classes of a classifier of texts; none for any other model. */
  readonly classes: readonly string[];
  /** The names of the classes of a classifier of words; none for any other model. */
  readonly wordClasses: readonly string[];
  /** How the logits for a text become numbers to show: by softmax, by sigmoid, or unchanged. */
  readonly shares: Shares;
  /** The run that it comes from; undefined if there is none. */
  readonly run?: RunFacts;
}

/** A run and its charts. */
export interface RunFacts {
  readonly name: string;
  /** The last step. */
  readonly step: number;
  /** Whether the run may still be going on. */
  readonly isLive: boolean;
  readonly charts: readonly RunChart[];
}

/** A chart of a run. The page draws it as wide as the window allows. */
export interface RunChart {
  readonly title: string;
  readonly yTitle: string;
  readonly lines: readonly RunLine[];
}

/** A curve over the steps. */
export interface RunLine {
  readonly name: string;
  /** The steps. */
  readonly x: readonly number[];
  /** The values; null where one is not finite. */
  readonly y: readonly (number | null)[];
}

/** A word or a class with its probability, cosine or score. */
export interface Candidate {
  readonly token: string;
  readonly share: number;
}

/** A word of a text with the probabilities of its classes. */
export interface LabelledWord {
  /** The whole word. */
  readonly word: string;
  /** The probability of each class, the largest first. */
  readonly classes: readonly Candidate[];
}

/** The attention weights of the heads of a layer. */
export interface Look {
  readonly tokens: readonly string[];
  /** `heads[head][from][to]`; rows sum to 1. */
  readonly heads: readonly (readonly (readonly number[])[])[];
}

/** Words that are similar to a chosen word, by itself and in its sentence. */
export interface Near {
  /** The whole word of which the chosen token is a piece. */
  readonly word: string;
  /** The words with the most similar embeddings, by cosine; none if the token is not a word. */
  readonly alone: readonly Candidate[];
  /**
   * The most probable words at its place, while the word itself is not masked; undefined if the model has
   * no masked-word head.
   */
  readonly inSentence?: readonly Candidate[];
  /**
   * For a model without a masked-word head: the words with the most similar vectors when they are put in
   * its place, by cosine; undefined in a long text.
   */
  readonly inPlace?: readonly Candidate[];
}

/** One text, or two. */
export interface Texts {
  readonly text: string;
  readonly second?: string;
}

/** `page.json`: everything that the page has to know about a model beside its file. */
export interface PageModel {
  readonly facts: Facts;
  /** The pieces and tokens of the vocabulary, by id. */
  readonly tokens: readonly string[];
  /** The number of pieces into which words are cut. These are the first of the tokens. */
  readonly pieces: number;
  /** The added tokens, which are found in a text before words are cut into pieces. */
  readonly added: readonly AddedToken[];
  /** The options of the tokenizer. */
  readonly options: Required<TokenizerOptions>;
  /** The files that the page can load. By default it loads the first. */
  readonly files: readonly PageFile[];
}

/** A model's file in the static folder. */
export interface PageFile {
  /** The format of its matrices: float32, or whole numbers of 8 bits. */
  readonly dtype: "fp32" | "q8";
  /** Its name under `model/onnx/`. */
  readonly name: string;
  /** Its length in bytes. */
  readonly bytes: number;
  /** The offset of the word embeddings in it, in bytes. */
  readonly table: number;
  /** The offset of the float32 scales of their rows, if they are whole numbers of 8 bits. */
  readonly scales?: number;
}

/**
 * A model that answers questions. Invalid questions are rejected with an error whose message can be
 * shown.
 */
export interface Engine {
  /** The facts of the model. */
  facts(): Promise<Facts>;
  /** The most probable words for each `[MASK]` of a text. */
  fill(text: string): Promise<readonly (readonly Candidate[])[]>;
  /** The probability that the second text follows the first. */
  follows(first: string, second: string): Promise<number>;
  /** The probability or score of each class for a text, the largest first. */
  classify(texts: Texts): Promise<readonly Candidate[]>;
  /** The probability of each class for each word of a text, in the order of the words. */
  label(text: string): Promise<readonly LabelledWord[]>;
  /** The attention weights of a layer. Layers count from 0. */
  look(texts: Texts, layer: number): Promise<Look>;
  /** Words that are similar to the one at a place. Places count tokens from 0. */
  near(texts: Texts, place: number): Promise<Near>;
}

/**
 * Prepares a text for the model: `___` and `[mask]` become `[MASK]`.
 *
 * @throws {RangeError} If it is longer than `MOST_CHARACTERS`.
 *
 * @example
 * ```ts
 * import { withBlanks } from "bert/web/page/engine.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(withBlanks("the ___ of the people"), "the [MASK] of the people");
 * ```
 */
export function withBlanks(text: string): string {
  if (text.length > MOST_CHARACTERS) {
    const found = text.length.toLocaleString("en-US");
    const most = MOST_CHARACTERS.toLocaleString("en-US");
    throw new RangeError(`The text has ${found} characters: shorten it to ${most}`);
  }
  return text.replaceAll(/_{2,}|\[mask\]/gi, "[MASK]");
}

/** Labels with their shares, the largest share first. Equal ones keep their order. */
export function bestFirst(labels: readonly string[], shares: ArrayLike<number>): Candidate[] {
  return labels.map((token, i) => ({ token, share: shares[i] })).sort((a, b) => b.share - a.share);
}

/** The places of all tokens that belong to the same word as the one at `place`. */
export function wordAround(tokens: readonly string[], place: number): number[] {
  const continues = (at: number) => tokens[at]?.startsWith("##") ?? false;
  let start = place;
  while (start > 0 && continues(start)) start--;
  const places = [start];
  for (let at = start + 1; continues(at); at++) places.push(at);
  return places;
}

/** The tokens at some places, joined to one word. */
export function joined(tokens: readonly string[], places: readonly number[]): string {
  return places.map((place, i) => i === 0 ? tokens[place] : tokens[place].slice(2)).join("");
}
