/** 95 % confidence intervals of means and shares, and of differences between runs. */
import {
  ARRAY,
  checkArguments,
  checkEntries,
  checkWhole,
  having,
  type Kind,
  NUMBER,
} from "../checks.ts";
import { ConfigError } from "../errors.ts";

/** The lower and the upper bound of an interval. */
export type Interval = readonly [number, number];

/** A sum over the predictions of one sequence, and their number. */
export interface Cluster {
  /** The sum over the predictions of the sequence. */
  readonly sum: number;
  /** The number of these predictions. */
  readonly count: number;
}

const Z = 1.959963984540054; // the 97.5 % quantile of the normal distribution

/**
 * The confidence interval of a share by Wilson's score. It stays within 0 to 1 and is valid for few
 * trials.
 *
 * @param share Right answers over trials.
 * @param trials The number of trials. It may be a fraction: the effective number of dependent trials.
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

const CLUSTER: Kind = having("a cluster, { sum, count }", "count");

/** Throws `TypeError` unless something is an array of numbers. */
function checkValues(call: string, name: string, values: readonly number[]): void {
  checkArguments(call, [[name, values, ARRAY]]);
  checkEntries(call, name, values, NUMBER);
}

/**
 * The confidence interval of a mean over predictions in sequences. Predictions of one sequence depend
 * on each other, so the sequences are the samples: the interval of 100 predictions is wider if they
 * come from 10 sequences than if they come from 100.
 *
 * It uses the normal distribution, which is accurate from about 30 sequences on.
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
  checkClusters("meanInterval(clusters)", clusters);
  const used = clusters.filter(({ count }) => count > 0);
  const { mean, variance } = ratio(used);
  if (used.length < 2) return [-Infinity, Infinity]; // one sequence has no variance
  const half = Z * Math.sqrt(variance * used.length / (used.length - 1));
  return [mean - half, mean + half];
}

/**
 * The confidence interval of a share of right answers in sequences: Wilson's interval with the
 * effective number of trials, which is the number of answers if each sequence has one answer.
 *
 * Source: Korn and Graubard 1998, "Confidence Intervals for Proportions With Small Expected Number
 * of Positive Counts Estimated From Survey Data": the effective sample size.
 *
 * @example
 * ```ts
 * import { shareInterval, wilson } from "bert/training/statistics.ts";
 * import { ok } from "node:assert";
 * const sequences = Array.from({ length: 10 }, (_, i) => ({ sum: i < 5 ? 0 : 10, count: 10 }));
 * const [low] = shareInterval(sequences); // each sequence is all right or all wrong
 * ok(low < wilson(0.5, 100)[0] - 0.1);
 * ```
 */
export function shareInterval(clusters: readonly Cluster[]): Interval {
  checkClusters("shareInterval(clusters)", clusters);
  const used = clusters.filter(({ count }) => count > 0);
  const { mean, variance, total } = ratio(used);
  const effective = variance > 0 ? Math.min(total, mean * (1 - mean) / variance) : used.length;
  return wilson(mean, effective);
}

function checkClusters(call: string, clusters: readonly Cluster[]): void {
  checkArguments(call, [["clusters", clusters, ARRAY]]);
  checkEntries(call, "clusters", clusters, CLUSTER);
}

/** The mean over all predictions, and the variance of that mean. */
function ratio(clusters: readonly Cluster[]) {
  const total = clusters.reduce((sum, { count }) => sum + count, 0);
  const mean = clusters.reduce((sum, cluster) => sum + cluster.sum, 0) / Math.max(total, 1);
  const squares = clusters.reduce((sum, one) => sum + (one.sum - mean * one.count) ** 2, 0);
  return { mean, variance: squares / Math.max(total, 1) ** 2, total };
}

/**
 * The mean of each value and the values before it: of `width` values, or of fewer at the start.
 *
 * @example
 * ```ts
 * import { movingMean } from "bert/training/statistics.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(movingMean([4, 2, 6, 0], 2), [4, 3, 4, 3]);
 * ```
 */
export function movingMean(values: readonly number[], width: number): number[] {
  checkValues("movingMean(values, width)", "values", values);
  checkWhole("width", width, 1);
  let sum = 0;
  return values.map((value, i) => {
    sum += value - (i >= width ? values[i - width] : 0);
    return sum / Math.min(i + 1, width);
  });
}

/** The mean of several runs. */
export interface MeanOfRuns {
  /** The mean of the runs. */
  readonly mean: number;
  /** Standard error of the mean: s / √n. */
  readonly standardError: number;
  /** Half the width of the 95 % confidence interval of the mean, by Student's t. */
  readonly margin: number;
  /** How many runs there are; at least 2. */
  readonly count: number;
}

/**
 * The mean over seeds, with its standard error and its 95 % interval.
 *
 * With few runs the interval is much wider than two standard errors: 4.3 of them for three runs.
 *
 * @param values One number for each seed.
 * @throws {ConfigError} If there are fewer than two: one run has no variance.
 *
 * @example
 * ```ts
 * import { meanOfRuns } from "bert/training/statistics.ts";
 * import { strictEqual } from "node:assert";
 * const { mean, standardError } = meanOfRuns([1, 3]);
 * strictEqual(mean, 2);
 * strictEqual(standardError, 1);
 * ```
 *
 * Source: Student 1908, "The probable error of a mean"; for machine learning, Bouthillier et al.
 * 2021, "Accounting for Variance in Machine Learning Benchmarks".
 */
export function meanOfRuns(values: readonly number[]): MeanOfRuns {
  checkValues("meanOfRuns(values)", "values", values);
  const count = values.length;
  if (count < 2) throw new ConfigError("values", values, "must be the values of at least 2 runs");
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardError = Math.sqrt(squares / (count - 1) / count);
  return { mean, standardError, margin: studentT(count - 1) * standardError, count };
}

/** The mean difference between two recipes. */
export interface Difference extends MeanOfRuns {
  /**
   * Whether 0 lies outside the 95 % interval. If two recipes are equally good, this still happens by
   * chance in one comparison of twenty.
   */
  readonly clear: boolean;
}

/**
 * The mean difference between two recipes that were run with the same seeds: `values` minus
 * `reference`.
 *
 * Runs are paired by seed, so that the common effect of a seed cancels out.
 *
 * @throws {ConfigError} If there are not as many values as references, or fewer than two.
 *
 * @example
 * ```ts
 * import { pairedDifference } from "bert/training/statistics.ts";
 * import { ok } from "node:assert";
 * ok(pairedDifference([2.1, 3.1, 4.2], [1, 2, 3]).clear); // better by 1.1 to 1.2 with every seed
 * ok(!pairedDifference([1, 3, 2], [2, 1, 3]).clear);
 * ```
 */
export function pairedDifference(
  values: readonly number[],
  reference: readonly number[],
): Difference {
  const call = "pairedDifference(values, reference)";
  checkValues(call, "values", values);
  checkValues(call, "reference", reference);
  if (values.length !== reference.length) {
    const advice = `must be as many as the reference, ${reference.length}: one for each seed`;
    throw new ConfigError("values", values, advice);
  }
  const found = meanOfRuns(values.map((value, i) => value - reference[i]));
  return { ...found, clear: Math.abs(found.mean) > found.margin };
}

/** The 97.5 % quantiles of Student's t for 1, 2, … 30 degrees of freedom. */
// deno-fmt-ignore
const QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
  2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086,
  2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * The quantile of Student's t; above 30 degrees of freedom by the first term of its expansion around
 * the normal one.
 */
function studentT(freedom: number): number {
  return QUANTILES[freedom - 1] ?? 1.96 + (1.96 ** 3 + 1.96) / (4 * freedom);
}
