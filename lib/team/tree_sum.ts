/**
 * Sums of float32 arrays by a fixed binary tree, ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)), so that
 * the bits do not depend on how the leaves are distributed over processes.
 */

/** The sum of some leaves; `level` is the height of its tree. Without values it adds nothing. */
interface Node {
  readonly level: number;
  readonly values: Float32Array | undefined;
}

/**
 * Sums leaves as they come: two subtrees of equal height are joined at once, like the carry of a
 * binary counter. For G leaves at most log2(G) + 1 arrays are held.
 *
 * @example
 * ```ts
 * import { TreeSum } from "bert/team/tree_sum.ts";
 * import { strictEqual } from "node:assert";
 * const sum = new TreeSum();
 * for (const x of [1, 2 ** -24, 2 ** -24, 2 ** -24]) sum.add(Float32Array.of(x));
 * strictEqual(sum.result()![0], 1 + 2 ** -23); // added from left to right, the sum would be 1
 * ```
 */
export class TreeSum {
  readonly #nodes: Node[] = [];

  /**
   * Adds a leaf, or the sum of the next 2^`level` leaves.
   *
   * @param values The array, which may be overwritten. Without it the leaf counts, but adds nothing.
   */
  add(values: Float32Array | undefined, level = 0): void {
    let node: Node = { level, values };
    while (this.#nodes.at(-1)?.level === node.level) node = join(this.#nodes.pop()!, node);
    this.#nodes.push(node);
  }

  /** The sum of all leaves, as if the tree were filled up with empty leaves. */
  result(): Float32Array | undefined {
    let node = this.#nodes.pop();
    while (node && this.#nodes.length > 0) node = join(this.#nodes.pop()!, node);
    if (node) this.#nodes.push(node);
    return node?.values;
  }
}

function join(left: Node, right: Node): Node {
  const level = Math.max(left.level, right.level) + 1;
  if (!left.values || !right.values) return { level, values: left.values ?? right.values };
  addTo(left.values, right.values);
  return { level, values: left.values };
}

/**
 * Sums the rows of a matrix by the tree of `TreeSum`; the sum is in its first row afterwards.
 *
 * @param values `[rows, length]`; overwritten.
 * @returns `[length]`: the first row, in the memory of `values`.
 */
export function sumRows(values: Float32Array, rows: number, length: number): Float32Array {
  const row = (i: number) => values.subarray(i * length, (i + 1) * length);
  for (let width = 1; width < rows; width *= 2) {
    for (let i = 0; i + width < rows; i += 2 * width) addTo(row(i), row(i + width));
  }
  return row(0);
}

/** Adds the second array to the first. */
function addTo(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += values[i];
}
