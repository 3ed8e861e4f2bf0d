/**
 * What several runs that differ only in their seed say together: a mean, how sure it is, and
 * whether two recipes differ by more than luck.
 */
import { ConfigError } from "../errors.ts";

/** The mean of several runs. */
export interface MeanOfRuns {
  readonly mean: number;
  /** Standard error of the mean: the spread of the runs over the root of their number. */
  readonly standardError: number;
  /** Half the width of the 95 % confidence interval of the mean, by Student's t. */
  readonly margin: number;
  readonly count: number;
}

/**
 * The mean over seeds, with its standard error and its 95 % interval.
 *
 * With few runs the interval is much wider than two standard errors: 4.3 of them for three runs.
 *
 * @param values One number for each seed.
 * @throws {ConfigError} If there are fewer than two: one run says nothing about luck.
 *
 * @example
 * ```ts
 * import { meanOfRuns } from "bert/training/repeats.ts";
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
  const count = values.length;
  if (count < 2) throw new ConfigError("values", values, "must be of at least 2 runs");
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardError = Math.sqrt(squares / (count - 1) / count);
  return { mean, standardError, margin: studentT(count - 1) * standardError, count };
}

/** How one recipe differs from another. */
export interface Difference extends MeanOfRuns {
  /** Whether 0 lies outside the 95 % interval. One such test in twenty says so by luck. */
  readonly clear: boolean;
}

/**
 * The mean difference between two recipes that were run with the same seeds: `values` less `reference`.
 *
 * Runs are paired by seed, so that what a seed does to both of them cancels out.
 *
 * @throws {ConfigError} If there are not as many values as references, or fewer than two.
 *
 * @example
 * ```ts
 * import { pairedDifference } from "bert/training/repeats.ts";
 * import { ok } from "node:assert";
 * ok(pairedDifference([2.1, 3.1, 4.2], [1, 2, 3]).clear); // better by 1.1 to 1.2 with every seed
 * ok(!pairedDifference([1, 3, 2], [2, 1, 3]).clear);
 * ```
 */
export function pairedDifference(
  values: readonly number[],
  reference: readonly number[],
): Difference {
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

/** Between 30 degrees of freedom and the normal distribution, by the first term of the expansion. */
function studentT(freedom: number): number {
  return QUANTILES[freedom - 1] ?? 1.96 + (1.96 ** 3 + 1.96) / (4 * freedom);
}
