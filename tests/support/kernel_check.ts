/** Compares the kernels of the simd backend with tfjs's cpu backend and with finite differences. */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, fail, ok } from "node:assert";
import { createRng, type Rng } from "bert/random.ts";
import type { Case } from "./kernel_cases.ts";

/** The inputs of a case, and the gradient of its result from which the inputs' gradients follow. */
export interface Given {
  readonly inputs: readonly Float32Array[];
  readonly dy?: Float32Array;
}

/** Makes numbers from -2 to 2 for each input, of which a share is special values. */
export function ordinary({ shapes, odd }: Case, seed: number, share = 0): Given {
  const rng = createRng(seed);
  const value = () => {
    const isOdd = odd.length > 0 && rng.random() < share;
    return isOdd ? odd[rng.below(odd.length)] : 4 * rng.random() - 2;
  };
  return { inputs: shapes.map((shape) => Float32Array.from({ length: sizeOf(shape) }, value)) };
}

function sizeOf(shape: readonly number[]): number {
  return tf.util.sizeFromShape([...shape]);
}

interface Result {
  readonly what: string;
  readonly shape: number[];
  readonly dtype: string;
  readonly values: ArrayLike<number>;
}

/** The result and all gradients of a case on the current backend. */
function compute(entry: Case, { inputs, dy }: Given): Result[] {
  return tf.tidy(() => {
    const tensors = entry.shapes.map((shape, i) => tf.tensor(inputs[i], shape));
    const y = entry.f(...tensors);
    const weights = tf.tensor(dy ?? weightsFor(y), y.shape);
    const none = entry.constant || y.size === 0 && !entry.own;
    const gradients = none ? [] : tf.grads(entry.f)(tensors, weights);
    return [y, ...gradients].map((x, i) => ({
      what: i === 0 ? "value" : `gradient ${i}`,
      shape: x.shape,
      dtype: x.dtype,
      values: x.dataSync(),
    })) as unknown as tf.TensorContainer;
  }) as unknown as Result[];
}

/** Numbers of both signs, none of them near 0, so that every part of a gradient counts. */
function weightsFor({ size }: tf.Tensor): Float32Array {
  const rng = createRng(3);
  return Float32Array.from({ length: size }, () => awayFrom0(rng));
}

function awayFrom0(rng: Rng): number {
  return (rng.below(2) ? 1 : -1) * (0.3 + 1.7 * rng.random());
}

const expectations = new Map<string, Result[]>();

/** The results of the cpu backend, computed once for all builds of the kernels. */
async function expected(key: string, entry: Case, given: Given): Promise<Result[]> {
  const known = expectations.get(key);
  if (known) return known;
  await tf.setBackend("cpu");
  const results = compute(entry, given);
  expectations.set(key, results);
  await tf.setBackend("simd");
  return results;
}

/** Whether two numbers are both NaN, the same infinity, or nearly equal. */
function near(found: number, wanted: number): boolean {
  if (Object.is(found, wanted) || found === wanted) return true;
  return Math.abs(found - wanted) <= 3e-5 + 3e-5 * Math.abs(wanted);
}

/** Throws unless simd's result and gradients equal those of the cpu backend, whatever memory held before. */
export async function checkAgainstCpu(entry: Case, given: Given, about: string): Promise<void> {
  const what = `${entry.name} of [${entry.shapes.join("], [")}], ${about}`;
  const wanted = await expected(what, entry, given);
  soilMemory();
  const found = compute(entry, given);
  const form = ({ what, shape, dtype }: Result) => ({ what, shape, dtype });
  deepStrictEqual(found.map(form), wanted.map(form), what);
  for (const [which, { values }] of found.entries()) {
    for (let i = 0; i < values.length; i++) {
      const [a, b] = [values[i], wanted[which].values[i]];
      if (!near(a, b)) fail(`${what}: ${wanted[which].what} ${i} is ${a} for ${b}`);
    }
  }
}

/** Leaves NaN in the memory that the next tensors get, as kernels must not depend on its content. */
function soilMemory(): void {
  tf.fill([2 ** 18], NaN).dispose();
}

const STEP = 1e-2;

/** Throws unless each gradient equals the central difference of its input along a random direction. */
export function checkDifferences(entry: Case, seed: number): void {
  const rng = createRng(seed);
  const inputs = apart(entry.shapes, rng);
  const y = (xs: readonly Float32Array[]) =>
    tf.tidy(() => entry.f(...entry.shapes.map((shape, i) => tf.tensor(xs[i], shape))).dataSync());
  const [value, ...gradients] = compute(entry, { inputs });
  const weights = tf.tidy(() => weightsFor(tf.zeros(value.shape)));
  gradients.forEach(({ what, values }, which) => {
    const direction = Float32Array.from(values, () => rng.below(2) ? 1 : -1);
    const [up, down] = [STEP, -STEP].map((step) =>
      dot(weights, y(inputs.map((x, i) => i === which ? moved(x, direction, step) : x)))
    );
    const [slope, found] = [(up - down) / (2 * STEP), dot(direction, values)];
    const size = Math.sqrt(dot(values, values)) + 1;
    ok(Math.abs(found - slope) < 3e-3 * size, `${entry.name}, ${what}: ${found} for ${slope}`);
  });
}

/** Inputs without two numbers close to each other or to 0, so that no step crosses a kink. */
function apart(shapes: readonly number[][], rng: Rng): Float32Array[] {
  const count = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  const levels = Array.from(
    { length: count },
    (_, i) => (i % 2 ? 1 : -1) * (0.3 + 1.7 * i / count),
  );
  rng.shuffle(levels);
  return shapes.map((shape) => Float32Array.from(levels.splice(0, sizeOf(shape))));
}

function moved(x: Float32Array, direction: Float32Array, step: number): Float32Array {
  return x.map((value, i) => value + step * direction[i]);
}

/** In double precision, as the difference of two such sums is small. */
function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * Yields the inputs of a case with a single number that is not finite, in each input and in the result's
 * gradient in turn. A single one shows errors that many of them would hide.
 */
export function* withOneOdd(entry: Case, seed: number): Generator<[string, Given]> {
  const rng = createRng(seed);
  let number = 0;
  const { inputs } = ordinary(entry, seed);
  const size = tf.tidy(() =>
    entry.f(...entry.shapes.map((shape, i) => tf.tensor(inputs[i], shape))).size
  );
  const dy = Float32Array.from({ length: size }, () => awayFrom0(rng));
  for (const odd of [NaN, NaN, Infinity, Infinity, -Infinity, -Infinity]) { // at two places
    const spoil = (x: Float32Array) => x.with(rng.below(x.length), odd);
    for (const i of inputs.keys()) {
      yield [`${odd} in input ${i}, ${++number}`, { inputs: inputs.with(i, spoil(inputs[i])), dy }];
    }
    if (!entry.constant) yield [`${odd} in dy, ${++number}`, { inputs, dy: spoil(dy) }];
  }
}
