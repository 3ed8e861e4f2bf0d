/**
 * Seeded random numbers, equal draw for draw to CPython's `random.Random(seed)`.
 *
 * Because they are equal, the tests can compare `nsp.ts` and `mlm.ts` token for token with BERT's own
 * `create_pretraining_data.py`.
 *
 * Source: Matsumoto and Nishimura 1998, "Mersenne Twister" (MT19937), and `Lib/random.py`.
 */
import { checkArguments, type Kind } from "./checks.ts";
import { ConfigError } from "./errors.ts";

const N = 624; // the number of words in the state
const M = 397; // the distance from a word to the later word that is mixed into it

/** The state of a generator, from which it can be continued: 624 words and the position in them. */
export interface RngState {
  /** The 624 words of state, each an unsigned 32-bit integer. */
  readonly words: readonly number[];
  /** The number of words that have been used, 0 to 624. At 624 new words are made. */
  readonly index: number;
}

/** A stream of random numbers. Two streams with the same seed give the same numbers. */
export interface Rng {
  /** A float in [0, 1) with 53 random bits, as `random.random()`. */
  random(): number;
  /** An integer in [0, n), every value equally likely, as `random.randrange(n)`; n is below 2^32. */
  below(n: number): number;
  /** An integer in [low, high], both ends included, as `random.randint(low, high)`. */
  between(low: number, high: number): number;
  /** Shuffles `items` in place, as `random.shuffle(items)`. */
  shuffle(items: { length: number; [index: number]: unknown }): void;
  /**
   * An independent stream named `label`. It depends on the seed and the label only, not on how many
   * numbers were drawn before, so that the stages of a run are independent.
   */
  fork(label: string | number): Rng;
  /** A copy of the state. Two streams with equal states give the same further numbers. */
  readonly state: RngState;
  /** The seed this stream was made from. */
  readonly seed: number;
}

/**
 * Makes a generator from a seed.
 *
 * @param seed An integer in [0, 2^53).
 * @returns A stream equal to CPython's `random.Random(seed)`.
 * @throws {ConfigError} If the seed is not such an integer.
 *
 * @example The same numbers as in Python
 * ```ts
 * import { createRng } from "bert/random.ts";
 * import { strictEqual } from "node:assert";
 * const rng = createRng(42);
 * strictEqual(rng.random(), 0.6394267984578837);
 * strictEqual(rng.between(1, 6), 1);
 * ```
 */
export function createRng(seed: number): Rng {
  checkSeed(seed);
  const words = new Uint32Array(N);
  initByArray(keyOf(seed), words);
  return new MersenneTwister(seed, words, N);
}

/**
 * The same number as `createRng(seed).fork(label).random()`, but faster, for code that needs one
 * number for each of very many labels.
 *
 * @example
 * ```ts
 * import { createRng, forkedRandom } from "bert/random.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(forkedRandom(1, "a name"), createRng(1).fork("a name").random());
 * ```
 */
export function forkedRandom(seed: number, label: string | number): number {
  initByArray(keyOf(forkedSeed(seed, label)), scratch);
  return toFloat(temper(twisted(scratch, 0)), temper(twisted(scratch, 1)));
}

const scratch = new Uint32Array(N);

/** A seed as words of 32 bits, the lower one first. */
function keyOf(seed: number): number[] {
  const high = Math.floor(seed / 2 ** 32);
  return high > 0 ? [seed >>> 0, high] : [seed >>> 0];
}

/** The seed of the stream that is named `label`. */
function forkedSeed(seed: number, label: string | number): number {
  return hash53(`${seed}/${label}`);
}

/** Throws `ConfigError` unless a seed is an integer from 0 to 2^53 - 1. */
export function checkSeed(seed: number): void {
  if (Number.isSafeInteger(seed) && seed >= 0) return;
  throw new ConfigError("seed", seed, "must be an integer from 0 to 2^53 - 1");
}

/** Throws `ConfigError` unless a generator is given. */
export function checkRng(rng: unknown): void {
  if (typeof (rng as Rng | undefined)?.random === "function") return;
  throw new ConfigError("rng", rng, "must be a generator: createRng(1), from bert/random.ts");
}

/** Whether a saved state is valid: 624 words of 32 bits, and a position in them. */
export function isRngState({ words, index }: RngState): boolean {
  return words.length === N && Number.isInteger(index) && index >= 0 && index <= N &&
    words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32);
}

/** What can be shuffled in place. */
const SHUFFLED: Kind = {
  name: "an array that can be changed",
  fits: (value) =>
    typeof value === "object" && value !== null && !Object.isFrozen(value) &&
    Number.isSafeInteger((value as { length?: unknown }).length),
};

/** The name of a stream. */
const LABEL: Kind = {
  name: "a text or a number",
  fits: (value) => typeof value === "string" || typeof value === "number",
};

class MersenneTwister implements Rng {
  readonly seed: number;
  #words: Uint32Array;
  #index: number;

  constructor(seed: number, words: Uint32Array, index: number) {
    this.seed = seed;
    this.#words = words;
    this.#index = index;
  }

  get state(): RngState {
    return { words: [...this.#words], index: this.#index };
  }

  random(): number {
    return toFloat(this.#next(), this.#next());
  }

  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32 - 1) {
      throw new ConfigError("n", n, "must be an integer from 1 to 2^32 - 1");
    }
    const bits = 32 - Math.clz32(n);
    let drawn = this.#next() >>> (32 - bits);
    while (drawn >= n) drawn = this.#next() >>> (32 - bits); // rejection keeps all values equally likely
    return drawn;
  }

  between(low: number, high: number): number {
    if (!Number.isSafeInteger(low)) throw new ConfigError("low", low, "must be an integer");
    if (!Number.isSafeInteger(high) || high < low) {
      throw new ConfigError("high", high, `must be an integer of at least ${low}`);
    }
    return low + this.below(high - low + 1);
  }

  shuffle(items: { length: number; [index: number]: unknown }): void {
    checkArguments("shuffle(items)", [["items", items, SHUFFLED]]);
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
  }

  fork(label: string | number): Rng {
    checkArguments("fork(label)", [["label", label, LABEL]]);
    return createRng(forkedSeed(this.seed, label));
  }

  /** The next 32 random bits. */
  #next(): number {
    if (this.#index >= N) this.#twist();
    return temper(this.#words[this.#index++]);
  }

  /** Makes the next 624 words of the state. */
  #twist(): void {
    for (let i = 0; i < N; i++) this.#words[i] = twisted(this.#words, i);
    this.#index = 0;
  }
}

/** A float in [0, 1) from two draws of 32 bits: 27 bits of the first and 26 of the second. */
function toFloat(first: number, second: number): number {
  return ((first >>> 5) * 2 ** 26 + (second >>> 6)) / 2 ** 53;
}

/**
 * Word `i` of the next state, computed from the words `i`, `i + 1` and `i + M`, indices modulo N. The
 * words with an index below `i` must already be those of the next state.
 */
function twisted(words: Uint32Array, i: number): number {
  const y = (words[i] & 0x80000000) | (words[i + 1 < N ? i + 1 : 0] & 0x7fffffff);
  return words[i + M < N ? i + M : i + M - N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
}

/** The tempering of MT19937: makes 32 random bits from a word of the state. */
function temper(word: number): number {
  let y = word;
  y ^= y >>> 11;
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return (y ^ (y >>> 18)) >>> 0;
}

/** `init_genrand`: fills the state from one 32-bit number. */
function initGenrand(seed: number): Uint32Array {
  const words = new Uint32Array(N);
  words[0] = seed;
  for (let i = 1; i < N; i++) {
    words[i] = Math.imul(1812433253, words[i - 1] ^ (words[i - 1] >>> 30)) + i;
  }
  return words;
}

/** The state that every `init_by_array` starts from. */
const INITIAL_WORDS = initGenrand(19650218);

/** `init_by_array`: how CPython turns a seed, cut into 32-bit words, into a state. */
function initByArray(key: readonly number[], words: Uint32Array): void {
  words.set(INITIAL_WORDS);
  let previous = words[0] | 0; // the same bits as a signed number, with which engines compute faster
  let i = 1;
  for (let k = 0; k < Math.max(N, key.length); k++) {
    const j = k % key.length;
    const mixed = words[i] ^ Math.imul(previous ^ (previous >>> 30), 1664525);
    previous = (mixed + key[j] + j) | 0;
    words[i] = previous;
    if (++i < N) continue;
    words[0] = previous;
    i = 1;
  }
  for (let k = 1; k < N; k++) {
    const mixed = words[i] ^ Math.imul(previous ^ (previous >>> 30), 1566083941);
    previous = (mixed - i) | 0;
    words[i] = previous;
    if (++i < N) continue;
    words[0] = previous;
    i = 1;
  }
  words[0] = 0x80000000;
}

/**
 * Makes a seed of 53 bits from a name: 32 bits are FNV-1a over its UTF-16 units, and 21 bits are the
 * same hash with another offset and another multiplier.
 */
function hash53(text: string): number {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b);
  }
  return (a >>> 0) * 2 ** 21 + ((b ^ (b >>> 15)) >>> 11);
}
