/**
 * Dropout whose mask is a function of a seed and a position only. It need not be stored, and is the
 * same in both passes, on every backend and for any number of threads.
 */
import * as tf from "@tensorflow/tfjs";
import { checkBelow1 } from "../../checks.ts";
import { ConfigError } from "../../errors.ts";
import { differentiable, fused } from "../../backend/operation.ts";

/**
 * The scales of dropout: 0 for a share `rate` of the positions, 1 / (1 - rate) for the others.
 *
 * Position i is kept if `mix(i + a, b) >= rate * 2^32`, where a and b are two hashes of the seed and
 * `mix` is the code below: two multiplications, three shifts, so that SIMD lanes can do the same.
 *
 * @param count How many positions there are.
 * @param rate The share to drop, from 0 to below 1.
 * @param seed Any integer, of which the low 32 bits are used.
 * @returns `[count]`: the scales.
 *
 * Source: Srivastava et al. 2014, "Dropout", in the "inverted" form that scales while training; the
 * constants are those of Wellons' `lowbias32`.
 *
 * @example
 * ```ts
 * import { dropoutScales } from "bert/model/ops/dropout.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(dropoutScales(8, 0.5, 7), dropoutScales(8, 0.5, 7));
 * ```
 */
export function dropoutScales(count: number, rate: number, seed: number): Float32Array {
  const { seedA: a, seedB: b } = dropoutSeeds(seed);
  const least = rate * 2 ** 32; // the smallest hash that is kept
  const kept = 1 / (1 - rate);
  const scales = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let x = i + a;
    x ^= x >>> 16;
    x = Math.imul(x, 0x7feb352d);
    x ^= x >>> 15;
    x = Math.imul(x + b, 0x846ca68b);
    x ^= x >>> 16;
    scales[i] = (x >>> 0) >= least ? kept : 0;
  }
  return scales;
}

/**
 * Derives a seed for one of several uses from a common seed.
 *
 * @param seed Any integer, of which the low 32 bits are used.
 * @param use The number of the use.
 * @returns An integer from 0 to 2^32 - 1.
 *
 * @example
 * ```ts
 * import { mixSeed } from "bert/model/ops/dropout.ts";
 * import { notStrictEqual } from "node:assert";
 * notStrictEqual(mixSeed(7, 0), mixSeed(7, 1));
 * ```
 */
export function mixSeed(seed: number, use: number): number {
  return lowbias32(lowbias32(seed) + Math.imul(use + 1, 0x9e3779b9));
}

/** Mixes 32 bits so that every output bit depends on every input bit. */
function lowbias32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * Sets a random share of the numbers to zero and scales up the rest, which keeps the expected value.
 *
 * @param x A float32 tensor of any shape.
 * @param rate The share to drop, from 0 to below 1; with 0 the result is a copy of `x`.
 * @param seed The same seed drops the same positions.
 * @returns A tensor of the same shape; the caller disposes of it.
 * @throws {ConfigError} If the rate is not in [0, 1) or the seed is not an integer.
 *
 * @example
 * ```ts
 * import { dropout } from "bert/model/ops/dropout.ts";
 * import { ok } from "node:assert";
 * import * as tf from "@tensorflow/tfjs";
 * const y = dropout(tf.ones([1000]), 0.25, 42).dataSync();
 * ok(y.every((value) => value === 0 || Math.abs(value - 4 / 3) < 1e-6));
 * ```
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, seed: number): T {
  checkDropout(rate, seed);
  if (rate === 0) return x.clone();
  const scaled = (y: tf.Tensor) => dropped(y as T, rate, seed);
  return differentiable([x], () => scaled(x), (dy) => [scaled(dy)]);
}

/** `dropout()` without a gradient, for operations that have a gradient of their own. */
export function dropped<T extends tf.Tensor>(x: T, rate: number, seed: number): T {
  const own = fused("BertDropout", { x }, { rate, ...dropoutSeeds(seed) });
  return own ? own[0] as T : tf.mul<T>(x, dropoutMask(x.shape, rate, seed));
}

/** The two hashes a and b of a seed that `dropoutScales()` uses. */
export function dropoutSeeds(seed: number): { seedA: number; seedB: number } {
  return { seedA: mixSeed(seed, 0), seedB: mixSeed(seed, 1) };
}

/** The scales of `dropoutScales()` as a tensor, in row-major order. */
function dropoutMask(shape: number[], rate: number, seed: number): tf.Tensor {
  return tf.tensor(dropoutScales(tf.util.sizeFromShape(shape), rate, seed), shape);
}

/** Throws unless the rate and the seed of dropout are valid. */
export function checkDropout(rate: number, seed: number): void {
  checkBelow1("dropout rate", rate);
  if (!Number.isSafeInteger(seed)) {
    throw new ConfigError(
      "dropout seed",
      seed,
      "must be an integer, so that the mask can be computed again",
    );
  }
}
