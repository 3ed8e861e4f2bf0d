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
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Pieces in the vocabulary. */
  readonly pieces: number;
  /** The most tokens of a text, including `[CLS]` and `[SEP]`. */
  readonly maxLength: number;
  /** Whether it has a trained masked-word head. */
  readonly fillsBlanks: boolean;
  /** Whether it has a trained next-sentence head. */
  readonly judgesPairs: boolean;
  /** The names of a classifier's classes; none if it is no classifier. */
  readonly classes: readonly string[];
  /** How its scores are to be read: shares of 1, each class by itself, or plain numbers. */
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

/** A chart of a run. The page draws it, as wide as there is room. */
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

/** The attention weights of the heads of a layer. */
export interface Look {
  readonly tokens: readonly string[];
  /** `heads[head][from][to]`; rows sum to 1. */
  readonly heads: readonly (readonly (readonly number[])[])[];
}

/** Words like another one, by itself and where it stands. */
export interface Near {
  /** The whole word of which the chosen token is a piece. */
  readonly word: string;
  /** By cosine of the embeddings; empty for tokens that are no words. */
  readonly alone: readonly Candidate[];
  /** By probability at its place, the word in view; nothing if the model has no masked-word head. */
  readonly inSentence?: readonly Candidate[];
  /** If it has none: by cosine of the vectors in this place; nothing in a long text. */
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
  /** How many of them words are cut into. */
  readonly pieces: number;
  /** Those that are found as a whole. */
  readonly added: readonly AddedToken[];
  readonly options: Required<TokenizerOptions>;
  /** The files that the page can load, the one that it loads unasked first. */
  readonly files: readonly PageFile[];
}

/** A model's file in the static folder. */
export interface PageFile {
  /** How its weights are stored: in 32 bits, or in 8. */
  readonly dtype: "fp32" | "q8";
  /** Its name under `model/onnx/`. */
  readonly name: string;
  /** How long it is. */
  readonly bytes: number;
  /** Where the word embeddings begin in it: float32, or whole numbers of 8 bits. */
  readonly table: number;
  /** Where the float32 scale of each of their rows begins, if they are whole numbers. */
  readonly scales?: number;
}

/**
 * A model that answers questions. Invalid questions are rejected with an error whose message can be
 * shown.
 */
export interface Engine {
  facts(): Promise<Facts>;
  /** For each `[MASK]` of a text, the likeliest words. */
  fill(text: string): Promise<readonly (readonly Candidate[])[]>;
  /** The probability that the second text follows the first. */
  follows(first: string, second: string): Promise<number>;
  /** How well each class fits a text, the best first. */
  sort(texts: Texts): Promise<readonly Candidate[]>;
  /** The attention of a layer, from 0. */
  look(texts: Texts, layer: number): Promise<Look>;
  /** What is like the token at a place, from 0. */
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
    const [found, most] = [text.length, MOST_CHARACTERS].map((n) => n.toLocaleString("en-US"));
    throw new RangeError(`The text has ${found} characters: shorten it to ${most}`);
  }
  return text.replaceAll(/_{2,}|\[mask\]/gi, "[MASK]");
}

/** Classes with their shares, the best first; equal ones stay in their order. */
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

/** The tokens at some places, written together. */
export function joined(tokens: readonly string[], places: readonly number[]): string {
  return places.map((place, i) => i === 0 ? tokens[place] : tokens[place].slice(2)).join("");
}
