/** Arithmetic on vectors in plain arrays, for use without TensorFlow.js, such as in a browser. */

/** The mean of some rows of a table of shape [R, width]. */
export function meanRow(
  table: ArrayLike<number>,
  rows: readonly number[],
  width: number,
): Float64Array {
  const mean = new Float64Array(width);
  for (const row of rows) {
    for (let i = 0; i < width; i++) mean[i] += table[row * width + i] / rows.length;
  }
  return mean;
}

/**
 * The indices of the k largest values, the largest first. Of equal values the lower index comes first.
 *
 * @example
 * ```ts
 * import { largest } from "bert/use/vectors.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(largest([0.1, 0.5, 0.4], 2), [1, 2]);
 * ```
 */
export function largest(values: ArrayLike<number>, k: number): number[] {
  const best = (indices: number[]) =>
    indices.sort((a, b) => values[b] - values[a] || a - b).slice(0, k);
  let found: number[] = [];
  let least = -Infinity; // the smallest of the k largest values so far
  for (let i = 0; i < values.length; i++) {
    if (found.length >= k && !(values[i] > least)) continue;
    found.push(i);
    if (found.length < 2 * k) continue;
    found = best(found);
    least = values[found[k - 1]];
  }
  return best(found);
}

/**
 * The cosine of the angle between a vector and each row of a table, -1 to 1; 0 if one of them is all
 * zeros.
 *
 * @param table The rows, one after the other, each as long as the vector.
 *
 * @example
 * ```ts
 * import { cosinesTo } from "bert/use/vectors.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual([...cosinesTo([3, 4], [6, 8, -3, -4])], [1, -1]);
 * ```
 */
export function cosinesTo(vector: ArrayLike<number>, table: ArrayLike<number>): Float64Array {
  const width = vector.length;
  let squares = 0;
  for (let i = 0; i < width; i++) squares += vector[i] * vector[i];
  return Float64Array.from({ length: table.length / width }, (_, row) => {
    let dot = 0;
    let rowSquares = 0;
    for (let i = 0; i < width; i++) {
      const value = table[row * width + i];
      dot += vector[i] * value;
      rowSquares += value * value;
    }
    return dot / (Math.sqrt(squares * rowSquares) || 1);
  });
}

/** Turns scores into probabilities that sum to 1: `exp(xᵢ) / Σⱼ exp(xⱼ)`. */
export function softmax(scores: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(scores);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
