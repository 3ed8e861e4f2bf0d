/** Kernels that work row by row: bias, sums, LayerNorm, cross-entropy, look-ups. */
import { exp1, exp4, sum4 } from "./math";

/** Adds a bias [width] to rows `begin` to `end` of y. */
export function addBias(y: usize, bias: usize, width: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const at = y + 4 * (<usize>row * <usize>width);
    let j = 0;
    for (; j + 4 <= width; j += 4) {
      const o = 4 * <usize>j;
      v128.store(at + o, f32x4.add(v128.load(at + o), v128.load(bias + o)));
    }
    for (; j < width; j++) {
      const o = 4 * <usize>j;
      store<f32>(at + o, load<f32>(at + o) + load<f32>(bias + o));
    }
  }
}

/** Sums columns `begin` to `end` of x [rows, width] into out. */
export function columnSums(x: usize, out: usize, rows: i32, width: i32, begin: i32, end: i32): void {
  memory.fill(out + 4 * <usize>begin, 0, 4 * <usize>(end - begin));
  for (let row = 0; row < rows; row++) {
    const at = x + 4 * (<usize>row * <usize>width);
    let j = begin;
    for (; j + 4 <= end; j += 4) {
      const o = 4 * <usize>j;
      v128.store(out + o, f32x4.add(v128.load(out + o), v128.load(at + o)));
    }
    for (; j < end; j++) {
      const o = 4 * <usize>j;
      store<f32>(out + o, load<f32>(out + o) + load<f32>(at + o));
    }
  }
}

/**
 * LayerNorm of rows `begin` to `end` of x: what it gives, the normalised rows, and one over their
 * standard deviation. `x` already holds the sum of the residual path.
 */
export function layerNorm(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  normalized: usize,
  inverse: usize,
  width: i32,
  epsilon: f32,
  begin: i32,
  end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const offset = 4 * (<usize>row * <usize>width);
    const from = x + offset;
    let sum: f32 = 0;
    let lanes = f32x4.splat(0);
    let j = 0;
    for (; j + 4 <= width; j += 4) lanes = f32x4.add(lanes, v128.load(from + 4 * <usize>j));
    for (; j < width; j++) sum += load<f32>(from + 4 * <usize>j);
    const mean = (sum + sum4(lanes)) / <f32>width;
    sum = 0;
    lanes = f32x4.splat(0);
    for (j = 0; j + 4 <= width; j += 4) {
      const d = f32x4.sub(v128.load(from + 4 * <usize>j), f32x4.splat(mean));
      lanes = f32x4.add(lanes, f32x4.mul(d, d));
    }
    for (; j < width; j++) {
      const d = load<f32>(from + 4 * <usize>j) - mean;
      sum += d * d;
    }
    const scale = <f32>1 / sqrt<f32>((sum + sum4(lanes)) / <f32>width + epsilon);
    store<f32>(inverse + 4 * <usize>row, scale);
    for (j = 0; j + 4 <= width; j += 4) {
      const o = 4 * <usize>j;
      const d = f32x4.mul(f32x4.sub(v128.load(from + o), f32x4.splat(mean)), f32x4.splat(scale));
      v128.store(normalized + offset + o, d);
      v128.store(y + offset + o, f32x4.add(f32x4.mul(d, v128.load(gamma + o)), v128.load(beta + o)));
    }
    for (; j < width; j++) {
      const o = 4 * <usize>j;
      const d = (load<f32>(from + o) - mean) * scale;
      store<f32>(normalized + offset + o, d);
      store<f32>(y + offset + o, d * load<f32>(gamma + o) + load<f32>(beta + o));
    }
  }
}

/** The gradient of LayerNorm by its input, for rows `begin` to `end`. */
export function layerNormGradient(
  dy: usize,
  normalized: usize,
  inverse: usize,
  gamma: usize,
  dx: usize,
  width: i32,
  begin: i32,
  end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const offset = 4 * (<usize>row * <usize>width);
    const g = dy + offset;
    const n = normalized + offset;
    let sum = f32x4.splat(0);
    let along = f32x4.splat(0);
    let restSum: f32 = 0;
    let restAlong: f32 = 0;
    let j = 0;
    for (; j + 4 <= width; j += 4) {
      const o = 4 * <usize>j;
      const d = f32x4.mul(v128.load(g + o), v128.load(gamma + o));
      sum = f32x4.add(sum, d);
      along = f32x4.add(along, f32x4.mul(d, v128.load(n + o)));
    }
    for (; j < width; j++) {
      const o = 4 * <usize>j;
      const d = load<f32>(g + o) * load<f32>(gamma + o);
      restSum += d;
      restAlong += d * load<f32>(n + o);
    }
    const mean = (sum4(sum) + restSum) / <f32>width;
    const share = (sum4(along) + restAlong) / <f32>width;
    const scale = load<f32>(inverse + 4 * <usize>row);
    for (j = 0; j + 4 <= width; j += 4) {
      const o = 4 * <usize>j;
      let d = f32x4.mul(v128.load(g + o), v128.load(gamma + o));
      d = f32x4.sub(f32x4.sub(d, f32x4.splat(mean)), f32x4.mul(v128.load(n + o), f32x4.splat(share)));
      v128.store(dx + offset + o, f32x4.mul(d, f32x4.splat(scale)));
    }
    for (; j < width; j++) {
      const o = 4 * <usize>j;
      const d = load<f32>(g + o) * load<f32>(gamma + o);
      store<f32>(dx + offset + o, (d - mean - load<f32>(n + o) * share) * scale);
    }
  }
}

/** Sums columns `begin` to `end` of x * y [rows, width] into out. */
export function columnDots(
  x: usize,
  y: usize,
  out: usize,
  rows: i32,
  width: i32,
  begin: i32,
  end: i32,
): void {
  memory.fill(out + 4 * <usize>begin, 0, 4 * <usize>(end - begin));
  for (let row = 0; row < rows; row++) {
    const offset = 4 * (<usize>row * <usize>width);
    let j = begin;
    for (; j + 4 <= end; j += 4) {
      const o = 4 * <usize>j;
      const p = f32x4.mul(v128.load(x + offset + o), v128.load(y + offset + o));
      v128.store(out + o, f32x4.add(v128.load(out + o), p));
    }
    for (; j < end; j++) {
      const o = 4 * <usize>j;
      const p = load<f32>(x + offset + o) * load<f32>(y + offset + o);
      store<f32>(out + o, load<f32>(out + o) + p);
    }
  }
}

/** Turns rows `begin` to `end` of x [·, width] into softmax, in place, after `x * scale`. */
export function softmaxRow(x: usize, width: i32): void {
  let top = load<f32>(x);
  for (let j = 1; j < width; j++) top = max<f32>(top, load<f32>(x + 4 * <usize>j));
  let lanes = f32x4.splat(0);
  let sum: f32 = 0;
  let j = 0;
  for (; j + 4 <= width; j += 4) {
    const at = x + 4 * <usize>j;
    const e = exp4(f32x4.sub(v128.load(at), f32x4.splat(top)));
    lanes = f32x4.add(lanes, e);
    v128.store(at, e);
  }
  for (; j < width; j++) {
    const at = x + 4 * <usize>j;
    const e = exp1(load<f32>(at) - top);
    sum += e;
    store<f32>(at, e);
  }
  const share = <f32>1 / (sum + sum4(lanes));
  for (j = 0; j + 4 <= width; j += 4) {
    const at = x + 4 * <usize>j;
    v128.store(at, f32x4.mul(v128.load(at), f32x4.splat(share)));
  }
  for (; j < width; j++) {
    const at = x + 4 * <usize>j;
    store<f32>(at, load<f32>(at) * share);
  }
}

/** The loss of rows `begin` to `end`, and the log of the sum of exponentials; 0 where the label is -1. */
export function crossEntropy(
  logits: usize,
  labels: usize,
  loss: usize,
  logSum: usize,
  width: i32,
  begin: i32,
  end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const x = logits + 4 * (<usize>row * <usize>width);
    let top = load<f32>(x);
    let j = 1;
    for (; j < width; j++) top = max<f32>(top, load<f32>(x + 4 * <usize>j));
    let lanes = f32x4.splat(0);
    let sum: f32 = 0;
    for (j = 0; j + 4 <= width; j += 4) {
      lanes = f32x4.add(lanes, exp4(f32x4.sub(v128.load(x + 4 * <usize>j), f32x4.splat(top))));
    }
    for (; j < width; j++) sum += exp1(load<f32>(x + 4 * <usize>j) - top);
    const total = top + <f32>Math.log(<f64>(sum + sum4(lanes)));
    const label = load<i32>(labels + 4 * <usize>row);
    store<f32>(logSum + 4 * <usize>row, total);
    store<f32>(loss + 4 * <usize>row, label < 0 ? 0 : total - load<f32>(x + 4 * <usize>label));
  }
}

/** The gradient of `crossEntropy()` by the logits: (softmax, less 1 at the label) times dy. */
export function crossEntropyGradient(
  logits: usize,
  labels: usize,
  logSum: usize,
  dy: usize,
  dx: usize,
  width: i32,
  begin: i32,
  end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const offset = 4 * (<usize>row * <usize>width);
    const label = load<i32>(labels + 4 * <usize>row);
    if (label < 0) {
      memory.fill(dx + offset, 0, 4 * <usize>width);
      continue;
    }
    const total = load<f32>(logSum + 4 * <usize>row);
    const weight = load<f32>(dy + 4 * <usize>row);
    let j = 0;
    for (; j + 4 <= width; j += 4) {
      const o = offset + 4 * <usize>j;
      const e = exp4(f32x4.sub(v128.load(logits + o), f32x4.splat(total)));
      v128.store(dx + o, f32x4.mul(e, f32x4.splat(weight)));
    }
    for (; j < width; j++) {
      const o = offset + 4 * <usize>j;
      store<f32>(dx + o, exp1(load<f32>(logits + o) - total) * weight);
    }
    const place = dx + offset + 4 * <usize>label;
    store<f32>(place, load<f32>(place) - weight);
  }
}

/** Rows `begin` to `end` of out: the rows of a table that ids name. */
export function takeRows(table: usize, ids: usize, out: usize, width: i32, begin: i32, end: i32): void {
  const bytes = 4 * <usize>width;
  for (let i = begin; i < end; i++) {
    const id = load<i32>(ids + 4 * <usize>i);
    memory.copy(out + <usize>i * bytes, table + <usize>id * bytes, bytes);
  }
}

/** Adds rows of dy to the rows of out that ids name; columns `begin` to `end` only. */
export function addRows(
  dy: usize,
  ids: usize,
  out: usize,
  count: i32,
  width: i32,
  begin: i32,
  end: i32,
): void {
  const bytes = 4 * <usize>width;
  for (let i = 0; i < count; i++) {
    const from = dy + <usize>i * bytes;
    const to = out + <usize>load<i32>(ids + 4 * <usize>i) * bytes;
    let j = begin;
    for (; j + 4 <= end; j += 4) {
      const o = 4 * <usize>j;
      v128.store(to + o, f32x4.add(v128.load(to + o), v128.load(from + o)));
    }
    for (; j < end; j++) {
      const o = 4 * <usize>j;
      store<f32>(to + o, load<f32>(to + o) + load<f32>(from + o));
    }
  }
}
