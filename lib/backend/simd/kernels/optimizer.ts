// AdamW's update in place, and the squared norm of a gradient.
import { address, float, int } from "./parameters";
import { madd, splat } from "./math";

/** The numbers in a task. */
const CHUNK: i32 = 16384;

/**
 * The update of `lib/training/adamw_update.ts`, which has its formula.
 * Parameters: weight, gradient, first, second, count; floats: beta1, 1 - beta1, beta2, 1 - beta2,
 * epsilon, scale, rate, correction2, shrink
 */
export function adamWTask(task: i32): void {
  const start = <usize> (task * CHUNK) << 2;
  const bytes = <usize> min(CHUNK, int(4) - task * CHUNK) << 2;
  const weight = address(0) + start, gradient = address(1) + start;
  const first = address(2) + start, second = address(3) + start;
  const scale = splat(float(10)), rate = splat(float(11)), shrink = splat(float(13));
  for (let i: usize = 0; i < bytes; i += 16) {
    const g = f32x4.mul(v128.load(gradient + i), scale);
    const m = madd(splat(float(5)), v128.load(first + i), f32x4.mul(splat(float(6)), g));
    const square = f32x4.mul(splat(float(8)), f32x4.mul(g, g));
    const v = madd(splat(float(7)), v128.load(second + i), square);
    v128.store(first + i, m);
    v128.store(second + i, v);
    const root = f32x4.add(f32x4.sqrt(f32x4.mul(v, splat(float(12)))), splat(float(9)));
    const step = f32x4.div(f32x4.mul(rate, m), root);
    v128.store(weight + i, f32x4.sub(f32x4.mul(shrink, v128.load(weight + i)), step));
  }
}

/** The sum of squares of each chunk, in double precision. Parameters: x, sums (f64), count */
export function squaresTask(task: i32): void {
  const x = address(0) + (<usize> (task * CHUNK) << 2);
  const count = min(CHUNK, int(2) - task * CHUNK);
  let low = f64x2.splat(0), high = f64x2.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const v = v128.load(x + (<usize> i << 2));
    const a = f64x2.promote_low_f32x4(v);
    const b = f64x2.promote_low_f32x4(i32x4.shuffle(v, v, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; i < count; i++) {
    const v = <f64> load<f32>(x + (<usize> i << 2));
    sum += v * v;
  }
  store<f64>(address(1) + (<usize> task << 3), sum);
}
