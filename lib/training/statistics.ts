/**
 * How far a score may be from the truth, given how little text it was measured on: 95 % confidence
 * intervals of means and shares.
 */

/** From, to. */
export type Interval = readonly [number, number];

/** What was measured in one sequence: a sum over its predictions, and how many these were. */
export interface Cluster {
  readonly sum: number;
  readonly count: number;
}

const Z = 1.959963984540054; // 97.5 % of a normal distribution lie below

/**
 * The interval of a share by Wilson's score, which stays inside 0 to 1 and works for few trials.
 *
 * @param share Right answers over trials.
 * @param trials May be a fraction: the number that dependent trials are worth.
 *
 * Source: Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
 *
 * @example Eight right of ten
 * ```ts
 * import { wilson } from "bert/training/statistics.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(wilson(0.8, 10).map((end) => end.toFixed(3)), ["0.490", "0.943"]);
 * ```
 */
export function wilson(share: number, trials: number): Interval {
  if (trials === 0) return [0, 1];
  const squared = Z ** 2 / trials;
  const middle = (share + squared / 2) / (1 + squared);
  const half = Z / (1 + squared) * Math.sqrt(share * (1 - share) / trials + squared / (4 * trials));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/**
 * The interval of a mean over predictions that come in sequences; those of one sequence go
 * together, so that a hundred predictions in ten sequences count for less than in a hundred.
 *
 * By the normal distribution: trust it from some thirty sequences on.
 *
 * Source: Cochran 1977, "Sampling Techniques", section 6.3 (the ratio estimate).
 *
 * @example
 * ```ts
 * import { meanInterval } from "bert/training/statistics.ts";
 * import { ok } from "node:assert";
 * const sequences = Array.from({ length: 40 }, (_, i) => ({ sum: 10 + i % 3, count: 2 }));
 * const [low, high] = meanInterval(sequences); // of 5.4875
 * ok(low > 5.3 && low < 5.4875 && high > 5.4875 && high < 5.7);
 * ```
 */
export function meanInterval(clusters: readonly Cluster[]): Interval {
  const used = clusters.filter(({ count }) => count > 0);
  const { mean, variance } = ratio(used);
  if (used.length < 2) return [-Infinity, Infinity]; // one sequence says nothing about others
  const half = Z * Math.sqrt(variance * used.length / (used.length - 1));
  return [mean - half, mean + half];
}

/**
 * The interval of a share of right answers that come in sequences: Wilson's, with as many trials as
 * the answers are worth. Where each sequence has one answer, these are the answers.
 *
 * Source: Korn and Graubard 1998, "Confidence Intervals for Proportions With Small Expected Number
 * of Positive Counts Estimated From Survey Data": the effective sample size.
 *
 * @example
 * ```ts
 * import { shareInterval, wilson } from "bert/training/statistics.ts";
 * import { ok } from "node:assert";
 * const sequences = Array.from({ length: 10 }, (_, i) => ({ sum: i < 5 ? 0 : 10, count: 10 }));
 * const [low] = shareInterval(sequences); // all or nothing: a hundred answers that are worth ten
 * ok(low < wilson(0.5, 100)[0] - 0.1);
 * ```
 */
export function shareInterval(clusters: readonly Cluster[]): Interval {
  const used = clusters.filter(({ count }) => count > 0);
  const { mean, variance, total } = ratio(used);
  const worth = variance > 0 ? Math.min(total, mean * (1 - mean) / variance) : used.length;
  return wilson(mean, worth);
}

/** The mean over everything, and the variance of that mean over other sequences. */
function ratio(clusters: readonly Cluster[]) {
  const total = clusters.reduce((sum, { count }) => sum + count, 0);
  const mean = clusters.reduce((sum, cluster) => sum + cluster.sum, 0) / Math.max(total, 1);
  const squares = clusters.reduce((sum, one) => sum + (one.sum - mean * one.count) ** 2, 0);
  return { mean, variance: squares / Math.max(total, 1) ** 2, total };
}
