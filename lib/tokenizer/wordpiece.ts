/**
 * A cache of bounded memory: two generations of a map. When the young one is full it becomes the
 * old one, and what nobody asked for since then is forgotten. That keeps frequent words at the cost
 * of one map look-up, with no list to reorder.
 */

/** A map that holds at most `2 * capacity` entries and forgets those used least recently. */
export class WordCache<Value> {
  readonly #capacity: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** @param capacity Entries in a generation; 0 keeps nothing. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    if (this.#capacity === 0) return;
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  /** Entries held now, in both generations. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
