/** Precision, recall and F1 of each class. */
import { ARRAY, checkArguments, checkEntries, checkNotNegative } from "../checks.ts";
import { ShapeError } from "../errors.ts";

/** How well one class is found. */
export interface ClassScore {
  /** The share of what was given this class that belongs to it, 0 to 1; 0 if nothing was. */
  readonly precision: number;
  /** The share of what belongs to this class that was given it, 0 to 1; 0 if nothing belongs to it. */
  readonly recall: number;
  /** The harmonic mean of precision and recall, 0 to 1; 0 if both are. */
  readonly f1: number;
  /** How many examples belong to this class, or the sum of their weights. */
  readonly count: number;
}

/**
 * Computes the scores of each class from a confusion matrix, such as that of `evaluateClassifier()` or
 * `evaluateTokenClassifier()`.
 *
 * @param confusion The confusion matrix, [C, C]: `confusion[label][predicted]` is a number of examples,
 * or the sum of their weights.
 * @returns C scores.
 * @throws {ShapeError} If the matrix is not square.
 * @throws {ConfigError} If an entry is negative or not a number.
 * @throws {TypeError} If it is not an array of arrays.
 *
 * @example Three of class 0, of which one was taken for class 1
 * ```ts
 * import { classScores } from "bert/use/class_scores.ts";
 * import { deepStrictEqual } from "node:assert";
 * const [zero, one] = classScores([[2, 1], [0, 1]]);
 * deepStrictEqual(zero, { precision: 1, recall: 2 / 3, f1: 0.8, count: 3 });
 * deepStrictEqual(one.precision, 0.5);
 * ```
 *
 * Source: `precision_recall_fscore_support` of scikit-learn, with `zero_division=0`.
 */
export function classScores(confusion: readonly (readonly number[])[]): ClassScore[] {
  checkConfusion(confusion);
  const given = columnSums(confusion);
  return confusion.map((row, label) => scoreOf(row[label], given[label], sum(row)));
}

/**
 * The score of a class from three counts.
 *
 * @param right How many examples belong to the class and were given it.
 * @param given How many were given it.
 * @param count How many belong to it.
 *
 * @example
 * ```ts
 * import { scoreOf } from "bert/use/class_scores.ts";
 * import { strictEqual } from "node:assert";
 * const { precision, recall } = scoreOf(6, 8, 12); // 8 were found, 6 of them rightly, of 12
 * strictEqual(precision, 0.75);
 * strictEqual(recall, 0.5);
 * ```
 */
export function scoreOf(right: number, given: number, count: number): ClassScore {
  return {
    precision: share(right, given),
    recall: share(right, count),
    f1: share(2 * right, given + count),
    count,
  };
}

/**
 * A confusion matrix, [C, C], in which nothing has been counted yet: `confusion[label][predicted]`.
 *
 * @example
 * ```ts
 * import { noConfusion } from "bert/use/class_scores.ts";
 * import { deepStrictEqual } from "node:assert";
 * const confusion = noConfusion(2);
 * confusion[0][1]++; // one example of class 0 was taken for class 1
 * deepStrictEqual(confusion, [[0, 1], [0, 0]]);
 * ```
 */
export function noConfusion(classes: number): number[][] {
  return Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
}

/**
 * The share of the examples in a confusion matrix whose predicted class is their label; 0 if there are
 * none.
 */
export function shareRight(confusion: readonly (readonly number[])[]): number {
  return share(sum(confusion.map((row, label) => row[label])), sum(confusion.map(sum)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

/** The sum of each column, of which a square matrix has as many as rows. */
function columnSums(rows: readonly (readonly number[])[]): Float64Array {
  const sums = new Float64Array(rows.length);
  for (const row of rows) row.forEach((value, column) => sums[column] += value);
  return sums;
}

/** A part of a whole; 0 if there is nothing at all. */
function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

function checkConfusion(confusion: readonly (readonly number[])[]): void {
  const call = "classScores(confusion)";
  checkArguments(call, [["confusion", confusion, ARRAY]]);
  checkEntries(call, "confusion", confusion, ARRAY);
  const { length } = confusion;
  for (const [label, row] of confusion.entries()) {
    if (row.length !== length) {
      throw new ShapeError(`${call} from row ${label}`, [length], [row.length]);
    }
    const wrong = row.findIndex((value) => !Number.isFinite(value) || value < 0);
    if (wrong >= 0) checkNotNegative(`confusion[${label}][${wrong}]`, row[wrong]);
  }
}
