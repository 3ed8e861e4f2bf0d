/**
 * Pairs of pieces with their counts, the most frequent first: a binary heap in which outdated
 * entries are thrown away when they come up, instead of being searched for when a count changes.
 */

/** Two neighbouring pieces and how often they stand side by side. */
export interface Pair {
  readonly left: number;
  readonly right: number;
  readonly count: number;
}

/** Counts of pairs, with the most frequent one at hand. */
export class PairQueue {
  readonly #counts = new Map<number, number>();
  readonly #heap: Pair[] = [];
  readonly #textOf: (id: number) => string;

  /** @param textOf The text of a piece; ties are decided by it, left piece first. */
  constructor(textOf: (id: number) => string) {
    this.#textOf = textOf;
  }

  /** Adds `change`, which may be negative, to a pair's count. */
  add(left: number, right: number, change: number): void {
    const key = left * 2 ** 26 + right;
    const count = (this.#counts.get(key) ?? 0) + change;
    this.#counts.set(key, count);
    if (change > 0) this.#push({ left, right, count });
  }

  /** Takes out the most frequent pair, or `undefined` if none is left. */
  pop(): Pair | undefined {
    for (let top = this.#shift(); top; top = this.#shift()) {
      const key = top.left * 2 ** 26 + top.right;
      const count = this.#counts.get(key) ?? 0;
      if (count === top.count) {
        this.#counts.delete(key);
        return top;
      }
      if (count > 0 && count < top.count) this.#push({ ...top, count }); // it has become rarer
    }
    return undefined;
  }

  #push(pair: Pair): void {
    const heap = this.#heap;
    let at = heap.push(pair) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(pair, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = pair;
  }

  #shift(): Pair | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return top;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1], heap[child])) child++;
      if (!this.#isBefore(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return top;
  }

  #isBefore(a: Pair, b: Pair): boolean {
    if (a.count !== b.count) return a.count > b.count;
    if (a.left !== b.left) return this.#textOf(a.left) < this.#textOf(b.left);
    return a.right !== b.right && this.#textOf(a.right) < this.#textOf(b.right);
  }
}
