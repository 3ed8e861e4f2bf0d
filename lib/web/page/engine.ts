/** What the page asks of a model, wherever that computes: in the server, or in the browser itself. */
import type { AddedToken } from "../../tokenizer/added_tokens.ts";
import type { Shares } from "../../model/classes_json.ts";
import type { TokenizerOptions } from "../../tokenizer/options.ts";

/** A text of more characters is refused, so that a slip of the hand does not keep a machine busy. */
export const MOST_CHARACTERS = 20_000;

/** How many candidates and neighbours are shown. */
export const SHOWN = 8;

/** What the page says about a model, and which parts of it are of use. */
export interface Facts {
  /** What the model is called: its folder. */
  readonly name: string;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Pieces in the vocabulary. */
  readonly pieces: number;
  /** Tokens that it can take, with `[CLS]` and `[SEP]`. */
  readonly maxLength: number;
  /** Whether it has a trained masked-word head. */
  readonly fillsBlanks: boolean;
  /** Whether it has a trained next-sentence head. */
  readonly judgesPairs: boolean;
  /** The names of a classifier's classes; none if it is no classifier. */
  readonly classes: readonly string[];
  /** How its scores are to be read: shares of 1, each class by itself, or plain numbers. */
  readonly shares: Shares;
  /** What the run that it comes from shows; nothing if it comes from none. */
  readonly run?: RunFacts;
}

/** A run and its charts. */
export interface RunFacts {
  readonly name: string;
  /** The last step. */
  readonly step: number;
  /** Whether there may be more to see in a moment. */
  readonly isLive: boolean;
  readonly charts: readonly { readonly title: string; readonly file: string }[];
}

/** A word or a class and how well it fits: a probability, a cosine, or a plain score. */
export interface Candidate {
  readonly token: string;
  readonly share: number;
}

/** Where each head of a layer looks. */
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
}

/** One text, or two. */
export interface Texts {
  readonly text: string;
  readonly second?: string;
}

/** `page.json`: all that the page needs to know of a model beside its file. */
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

/** A model that can be asked. Questions that cannot be answered are rejected with a message to show. */
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
 * A text as the model is asked: `___` and `[mask]` are `[MASK]`.
 *
 * @throws {RangeError} If it is too long to be meant.
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
