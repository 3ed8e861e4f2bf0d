/** What a run asks of its corpus, whether that is text in memory or a prepared store of any size. */
import type { DataConfig, TrainConfig } from "../config.ts";
import type { Batch } from "../data/batch.ts";
import type { Document } from "../data/document.ts";
import type { RngState } from "../random.ts";
import type { Team } from "../team/team.ts";
import type { BatchSource } from "../training/train.ts";
import type { CorpusFacts } from "./config_file.ts";
import type { TextFacts } from "./text_facts.ts";

/** The corpus of a run, in two parts. Dispose of it when the run is over. */
export interface RunCorpus extends Disposable {
  /** By which it is known again. */
  readonly facts: CorpusFacts;
  /** How often each piece of the vocabulary occurs in the text to train on: `[V]`. */
  readonly counts: Float64Array;
  /** What the model is scored on, as text to look at. */
  readonly heldOutDocuments: readonly Document[];
  /** What the model is scored on; none if nothing is held out. */
  readonly heldOut: readonly Batch[];
  /**
   * Counts the text and the steps of the first epoch.
   *
   * @throws {RangeError} If no example can be made of the text.
   */
  survey(options: SurveyOptions): Promise<TextSurvey>;
  /** Text to train on, as text: all of it, or of a store as much as a window holds. */
  sample(): readonly Document[];
  /** An epoch, from 1, from its beginning on: this process's share of it, if it is one of several. */
  epoch(epoch: number, team: Team): RunEpoch;
}

/** What is counted of a run's text. */
export interface SurveyOptions {
  /** Whether the steps are wanted, which may mean making all pairs of an epoch. */
  readonly countSteps: boolean;
}

/** What is known of a run's text before it begins. */
export interface TextSurvey {
  /** The text in numbers. */
  readonly text: TextFacts;
  /**
   * Steps of the first epoch, exact or to be expected; not counted further than the run's own limit of
   * steps goes.
   */
  readonly steps: number;
  /** Whether the steps are only to be expected, as the text is too large to count. */
  readonly estimated: boolean;
}

/** The batches of an epoch, to which one can come back. */
export interface RunEpoch {
  /** The batches, or this process's parts of each step. */
  readonly source: BatchSource;
  /** Where it stands. */
  readonly place: RunPlace;
  /**
   * Passes over what was taken before.
   *
   * @returns Whether it was the same then: false if the way of making batches is another now.
   */
  goTo(place: RunPlace): Promise<boolean>;
}

/** A place in an epoch. */
export interface RunPlace {
  /** Batches taken; of a store: steps. */
  readonly batches: number;
  /** Of text in memory: the generators, by their jobs. */
  readonly generators: Readonly<Record<string, RngState>>;
  /** Of a store: for each lane its window, and the batches taken of that. */
  readonly lanes?: readonly number[];
}

/** How a run makes batches of its corpus. */
export interface CorpusUse {
  /** How text becomes examples. */
  readonly data: DataConfig;
  /** How many examples make a batch, and how many batches a step. */
  readonly train: TrainConfig;
  /** Decides pairs, masks and order. */
  readonly seed: number;
  /** Tokens of the held-out text that the model is scored on, about. Default: the corpus decides. */
  readonly heldOutTokens?: number;
}

/** Told what is being done, as preparing takes a while; `detail`: how far it is by now. */
export type Progress = (what: string, detail?: string) => void;

/**
 * Which documents to score on, so that they have `most` tokens, about: drawn at random, in their order.
 *
 * @param sizes Tokens of each document.
 */
export function chooseHeldOut(
  sizes: ArrayLike<number>,
  most: number,
  shuffle: (places: Uint32Array) => void,
): Uint32Array {
  const places = Uint32Array.from(sizes, (_, place) => place);
  let total = 0;
  for (let i = 0; i < sizes.length; i++) total += sizes[i];
  if (total <= most) return places;
  shuffle(places);
  let tokens = 0;
  const end = places.findIndex((place) => (tokens += sizes[place]) > most);
  return places.slice(0, Math.max(1, end)).sort();
}
