/** The corpus of a run as an interface, which text in memory and prepared stores implement. */
import type { DataConfig, TrainConfig } from "../config.ts";
import type { Batch } from "../data/batch.ts";
import type { Document } from "../data/document.ts";
import type { RngState } from "../random.ts";
import type { Team } from "../team/team.ts";
import type { BatchSource } from "../training/train.ts";
import type { CorpusFacts } from "./config_file.ts";
import type { TextFacts } from "./text_facts.ts";

/** The corpus of a run: text to train on and held-out text. Dispose of it when the run is over. */
export interface RunCorpus extends Disposable {
  /** What identifies the corpus. */
  readonly facts: CorpusFacts;
  /** How often each piece of the vocabulary occurs in the text to train on: `[V]`. */
  readonly counts: Float64Array;
  /** The held-out documents as text. */
  readonly heldOutDocuments: readonly Document[];
  /** The held-out batches that the model is evaluated on; none if nothing is held out. */
  readonly heldOut: readonly Batch[];
  /**
   * Counts the text and the steps of the first epoch.
   *
   * @throws {NoExamplesError} If no example can be made of the text.
   */
  survey(options: SurveyOptions): Promise<TextSurvey>;
  /** Training documents as text: all of them, or the first window of a store. */
  sample(): readonly Document[];
  /**
   * An epoch from its beginning, or this process's share of it where several processes train. Epochs
   * count from 1.
   */
  epoch(epoch: number, team: Team): RunEpoch;
}

/** Options of `RunCorpus.survey()`. */
export interface SurveyOptions {
  /** Whether to count the steps, which may mean making all pairs of an epoch. */
  readonly countSteps: boolean;
}

/** What is counted of a run's text before training. */
export interface TextSurvey {
  /** Figures of the training text. */
  readonly text: TextFacts;
  /** Steps of the first epoch, counted or estimated. The count ends at the run's own limit of steps. */
  readonly steps: number;
  /** Whether the number of steps is an estimate, as the text is too large to count. */
  readonly estimated: boolean;
}

/** The batches of an epoch, with a place that a resumed run can go back to. */
export interface RunEpoch {
  /** The batches, or this process's batches of each step. */
  readonly source: BatchSource;
  /** The place after the last batch taken. */
  readonly place: RunPlace;
  /**
   * Goes to a place, so that the next batch is the one after it.
   *
   * @returns Whether the place exists and the batches before it are the same as they were.
   */
  goTo(place: RunPlace): Promise<boolean>;
}

/** A place in an epoch. */
export interface RunPlace {
  /** For text in memory: the batches taken so far. For a store: the steps. */
  readonly batches: number;
  /** For text in memory: the state of each random generator, by what it draws. */
  readonly generators: Readonly<Record<string, RngState>>;
  /** For a store: for each lane the index of its window, and the batches taken from that window. */
  readonly lanes?: readonly number[];
}

/** How a run makes batches of its corpus. */
export interface CorpusUse {
  /** How text becomes examples. */
  readonly data: DataConfig;
  /** How many examples make a batch, and how many batches make a step. */
  readonly train: TrainConfig;
  /** The seed of pairs, masks and order. */
  readonly seed: number;
  /**
   * About how many held-out tokens the model is evaluated on. Default: all for text in memory, and
   * 500,000 for a store.
   */
  readonly heldOutTokens?: number;
}

/**
 * A function that is called with each stage of starting a run (`what`), and with how far the stage has
 * come (`detail`).
 */
export type Progress = (what: string, detail?: string) => void;

/** Milliseconds between two reports of how far a stage has come. */
export const PROGRESS_INTERVAL = 200;

/**
 * Draws documents to evaluate on at random, with at most `most` tokens together, but at least one
 * document.
 *
 * @param sizes The number of tokens of each document.
 * @param shuffle Brings the indices of the documents into a random order, in place.
 * @returns The indices of the documents, ascending.
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
