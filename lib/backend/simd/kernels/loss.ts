// Softmax cross-entropy of rows with one right class each; rows with the label -1 are ignored.
import { address, int, scratch } from "./parameters";
import { expLow4, log1, splat, total } from "./math";
import { topOfRow } from "./reduce";
import { bits, countOfRows, nativeRows, SCALED_EXPS, SUM_OF_EXPS } from "./rows";

/**
 * The loss of each row, and log Σ exp(x - max x).
 * Parameters: logits, labels, loss, logSums, rows, n, rows in a task
 */
export function lossTask(task: i32): void {
  const n = int(5), last = min((task + 1) * int(6), int(4));
  for (let row = task * int(6); row < last; row++) {
    const at = <usize> row << 2;
    const label = load<i32>(address(1) + at);
    const x = address(0) + (<usize> (row * n) << 2);
    let loss: f32 = 0, log: f32 = 0;
    if (label >= 0) {
      const most = topOfRow(x, n);
      log = log1(sumOfExps(x, n, most)); // without the maximum, beside which its digits could be lost
      loss = log - (load<f32>(x + (<usize> label << 2)) - most);
    }
    store<f32>(address(2) + at, loss);
    store<f32>(address(3) + at, log);
  }
}

/** Σ exp(x - shift) over a row. */
function sumOfExps(x: usize, n: i32, shift: f32): f32 {
  const by = splat(shift);
  let all: f32 = 0;
  let i = countOfRows(n, 1024);
  if (i > 0) {
    nativeRows(
      SUM_OF_EXPS, x, i >> 10, bits(shift), scratch(), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    );
    all = load<f32>(scratch());
  }
  while (i + 4 <= n) {
    const last = min(i + 1024, n & ~3);
    let part = splat(0);
    for (; i < last; i += 4) {
      part = f32x4.add(part, expLow4(f32x4.sub(v128.load(x + (<usize> i << 2)), by)));
    }
    all += total(part);
  }
  for (; i < n; i++) {
    all += f32x4.extract_lane(expLow4(splat(load<f32>(x + (<usize> i << 2)) - shift)), 0);
  }
  return all;
}

/**
 * gradient = (softmax(x) - one-hot) * dy, 0 in ignored rows.
 * Parameters: logits, labels, dy, logSums, rows, n, rows in a task, gradient
 */
export function lossGradientTask(task: i32): void {
  const n = int(5), last = min((task + 1) * int(6), int(4));
  for (let row = task * int(6); row < last; row++) {
    const at = <usize> row << 2, start = <usize> (row * n) << 2;
    const label = load<i32>(address(1) + at);
    const out = address(7) + start;
    if (label < 0) {
      memory.fill(out, 0, <usize> n << 2);
      continue;
    }
    const weight = load<f32>(address(2) + at), log = load<f32>(address(3) + at);
    const x = address(0) + start, place = <usize> label << 2;
    const most = topOfRow(x, n);
    const share = f32x4.extract_lane(expLow4(splat(load<f32>(x + place) - most - log)), 0);
    scaledExps(x, out, n, most, log, weight);
    store<f32>(out + place, (share - 1) * weight);
  }
}

/** to = weight * exp(x - most - log), where `most` is max x: softmax(x) * weight. */
function scaledExps(x: usize, to: usize, n: i32, most: f32, log: f32, weight: f32): void {
  let i = countOfRows(n, 16);
  if (i > 0) {
    nativeRows(
      SCALED_EXPS, x, to, i, bits(most), bits(log), bits(weight), 0, 0, 0, 0, 0, 0, 0, 0, 0,
    );
  }
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    const e = expLow4(f32x4.sub(f32x4.sub(v128.load(x + at), splat(most)), splat(log)));
    v128.store(to + at, f32x4.mul(e, splat(weight)));
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    const e = f32x4.extract_lane(expLow4(splat(load<f32>(x + at) - most - log)), 0);
    store<f32>(to + at, e * weight);
  }
}
