/** The curve of a held-out loss over training time, and when it passes a mark. */

/** An evaluation in the course of a run. */
export interface LossPoint {
  /** Steps so far. */
  readonly step: number;
  /** Seconds of training so far, without evaluations. */
  readonly seconds: number;
  /** Loss of the masked words, in nats. */
  readonly words: number;
  /** Loss of the sentence pairs, in nats. */
  readonly pairs: number;
  /** Share of the words that are right, 0 to 1. */
  readonly wordsRight: number;
  /** Share of the pairs that are right, 0 to 1. */
  readonly pairsRight: number;
}

/** The marks of the sum of both losses, in nats. */
export const MARKS = [6.5, 6, 5.5, 5, 4.5];

/** Seconds of training at the first evaluation below the mark; undefined if there is none. */
export function secondsTo(mark: number, curve: readonly LossPoint[]): number | undefined {
  return curve.find(({ words, pairs }) => words + pairs < mark)?.seconds;
}
