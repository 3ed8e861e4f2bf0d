// Residual, dropout and LayerNorm in one pass over each row, and their gradient.
import { address, float, int } from "./parameters";
import { splat, total } from "./math";
import { dropRow, scale1, scales4 } from "./dropout";
import { sumRow } from "./reduce";
import { hasSummedRows, nativeRows, NORM, NORM_GRADIENT } from "./rows";

/**
 * y = normalized * gamma + beta, where `normalized` is that of x + dropout(s).
 * Parameters: x, s (0: none), gamma, beta, y, normalized, inverse, rows, n, rows in a task,
 * a, b, least, float kept, float epsilon
 */
export function normTask(task: i32): void {
  const n = int(8);
  const first = task * int(9), last = min(first + int(9), int(7));
  if (hasSummedRows(n)) {
    const at = <usize> (first * n) << 2;
    return nativeRows(
      NORM, address(0) + at, int(1) != 0 ? address(1) + at : 0, address(2), address(3),
      address(4) + at, <i32> (address(5) + at), <i32> (address(6) + (<usize> first << 2)),
      last - first, n, int(10), int(11), int(12), int(13), int(14), first * n,
    );
  }
  for (let row = first; row < last; row++) {
    const at = <usize> (row * n) << 2;
    const z = address(5) + at;
    if (int(1) != 0) addDropped(address(0) + at, address(1) + at, z, n, row * n);
    else memory.copy(z, address(0) + at, <usize> n << 2);
    const inverse = centre(z, n, float(14));
    store<f32>(address(6) + (<usize> row << 2), inverse);
    finish(z, address(4) + at, n, inverse);
  }
}

/** to = x + dropout(s), for a row. */
function addDropped(x: usize, s: usize, to: usize, n: i32, index: i32): void {
  const a = int(10), b = int(11), least = int(12), kept = float(13);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    let v = v128.load(s + at);
    if (least != 0) v = f32x4.mul(v, scales4(index + i, a, b, least, kept));
    v128.store(to + at, f32x4.add(v128.load(x + at), v));
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    let v = load<f32>(s + at);
    if (least != 0) v *= scale1(index + i, a, b, least, kept);
    store<f32>(to + at, load<f32>(x + at) + v);
  }
}

/** Subtracts the mean from a row; returns 1 / √(σ² + ε). */
function centre(z: usize, n: i32, epsilon: f32): f32 {
  const mean = sumRow(z, n) / <f32> n;
  const by = splat(mean);
  let squares = splat(0);
  let rest: f32 = 0;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = z + (<usize> i << 2);
    const c = f32x4.sub(v128.load(at), by);
    v128.store(at, c);
    squares = f32x4.add(squares, f32x4.mul(c, c));
  }
  for (; i < n; i++) {
    const at = z + (<usize> i << 2);
    const c = load<f32>(at) - mean;
    store<f32>(at, c);
    rest += c * c;
  }
  return 1 / sqrt<f32>((total(squares) + rest) / <f32> n + epsilon);
}

/** z = z * inverse, the normalised row; y = z * gamma + beta. */
function finish(z: usize, y: usize, n: i32, inverse: f32): void {
  const gamma = address(2), beta = address(3), by = splat(inverse);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    const v = f32x4.mul(v128.load(z + at), by);
    v128.store(z + at, v);
    v128.store(y + at, f32x4.add(f32x4.mul(v, v128.load(gamma + at)), v128.load(beta + at)));
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    const v = load<f32>(z + at) * inverse;
    store<f32>(z + at, v);
    store<f32>(y + at, v * load<f32>(gamma + at) + load<f32>(beta + at));
  }
}

/**
 * The gradients by x and s, and for each task the sums of the gradients by gamma and beta.
 * Parameters: dy, normalized, inverse, gamma, dx, ds (0: none), sums [tasks, 2, n], rows, n,
 * rows in a task, a, b, least, float kept
 */
export function normGradientTask(task: i32): void {
  const n = int(8);
  const sums = address(6) + (<usize> (2 * task * n) << 2);
  memory.fill(sums, 0, <usize> (2 * n) << 2);
  const first = task * int(9), last = min(first + int(9), int(7));
  if (hasSummedRows(n)) {
    const at = <usize> (first * n) << 2;
    return nativeRows(
      NORM_GRADIENT, address(0) + at, address(1) + at, address(2) + (<usize> first << 2),
      address(3), address(4) + at, int(5) != 0 ? <i32> (address(5) + at) : 0, <i32> sums,
      last - first, n, int(10), int(11), int(12), int(13), first * n, 0,
    );
  }
  for (let row = first; row < last; row++) {
    const at = <usize> (row * n) << 2;
    const inverse = load<f32>(address(2) + (<usize> row << 2));
    rowGradient(address(0) + at, address(1) + at, address(4) + at, sums, n, inverse);
    if (int(5) != 0) {
      const dx = address(4) + at, ds = address(5) + at;
      if (int(12) == 0) memory.copy(ds, dx, <usize> n << 2);
      else dropRow(dx, ds, n, row * n, int(10), int(11), int(12), float(13));
    }
  }
}

/** The gradient of one row; adds dy * normalized and dy to the sums for gamma and beta. */
function rowGradient(dy: usize, z: usize, dx: usize, sums: usize, n: i32, inverse: f32): void {
  const gamma = address(3), betaSums = sums + (<usize> n << 2);
  let along = splat(0), alongRow = splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    const d = v128.load(dy + at), v = v128.load(z + at);
    const product = f32x4.mul(d, v), g = v128.load(gamma + at);
    v128.store(sums + at, f32x4.add(v128.load(sums + at), product));
    v128.store(betaSums + at, f32x4.add(v128.load(betaSums + at), d));
    along = f32x4.add(along, f32x4.mul(d, g));
    alongRow = f32x4.add(alongRow, f32x4.mul(product, g));
  }
  let mean = total(along), meanRow = total(alongRow);
  for (; i < n; i++) {
    const at = <usize> i << 2;
    const d = load<f32>(dy + at), v = load<f32>(z + at), g = load<f32>(gamma + at);
    store<f32>(sums + at, load<f32>(sums + at) + d * v);
    store<f32>(betaSums + at, load<f32>(betaSums + at) + d);
    mean += d * g;
    meanRow += d * v * g;
  }
  writeGradient(dy, z, dx, n, inverse, mean / <f32> n, meanRow / <f32> n);
}

/** dx = (dy * gamma - mean - z * meanRow) * inverse, for a row. */
function writeGradient(
  dy: usize, z: usize, dx: usize, n: i32, inverse: f32, mean: f32, meanRow: f32,
): void {
  const gamma = address(3);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    const d = f32x4.mul(v128.load(dy + at), v128.load(gamma + at));
    const common = f32x4.add(splat(mean), f32x4.mul(v128.load(z + at), splat(meanRow)));
    v128.store(dx + at, f32x4.mul(f32x4.sub(d, common), splat(inverse)));
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    const d = load<f32>(dy + at) * load<f32>(gamma + at);
    store<f32>(dx + at, (d - mean - load<f32>(z + at) * meanRow) * inverse);
  }
}
