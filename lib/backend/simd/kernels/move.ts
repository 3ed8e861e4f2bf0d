// Kernels that move numbers: transposition, rows by index, and sums of rows by index.
import { address, int } from "./parameters";

/** The columns of the table in a task. */
const STRIP: i32 = 64;

/** Permutes four axes. Parameters: x, out, 4 sizes of out, 4 steps in x, rows in a task */
export function transposeTask(task: i32): void {
  const d1 = int(3), d2 = int(4), n = int(5);
  const first = task * int(10), last = min(first + int(10), int(2) * d1 * d2);
  const step = int(9);
  for (let row = first; row < last; row++) {
    const i2 = row % d2, i1 = (row / d2) % d1, i0 = row / (d2 * d1);
    let from = address(0) + (<usize> (i0 * int(6) + i1 * int(7) + i2 * int(8)) << 2);
    let to = address(1) + (<usize> (row * n) << 2);
    if (step == 1) {
      memory.copy(to, from, <usize> n << 2);
      continue;
    }
    for (let i = 0; i < n; i++) {
      store<u32>(to, load<u32>(from));
      from += <usize> step << 2;
      to += 4;
    }
  }
}

/**
 * Swaps the last two axes, in tiles of 16, so that reads and writes stay in cache.
 * Parameters: x, out, batch, rows and columns of x, tiles of 16 rows
 */
export function swapTask(task: i32): void {
  const rows = int(3), columns = int(4), tiles = int(5);
  const item = task / tiles, first = (task % tiles) * 16;
  const base = <usize> (item * rows * columns) << 2;
  const last = min(first + 16, rows);
  for (let j = 0; j < columns; j += 16) {
    const end = min(j + 16, columns);
    for (let c = j; c < end; c++) {
      for (let r = first; r < last; r++) {
        const value = load<u32>(address(0) + base + (<usize> (r * columns + c) << 2));
        store<u32>(address(1) + base + (<usize> (c * rows + r) << 2), value);
      }
    }
  }
}

/** Copies rows of a table by index. Parameters: table, ids, out, count, width, rows in a task */
export function gatherTask(task: i32): void {
  const width = <usize> int(4) << 2;
  const last = min((task + 1) * int(5), int(3));
  for (let i = task * int(5); i < last; i++) {
    const row = <usize> load<u32>(address(1) + (<usize> i << 2));
    memory.copy(address(2) + <usize> i * width, address(0) + row * width, width);
  }
}

/**
 * Sums rows by index; those with a negative index are ignored.
 * Parameters: x, ids, out, count, width, rows of out
 */
export function scatterTask(task: i32): void {
  const width = int(4), first = task * STRIP;
  const columns = min(STRIP, width - first);
  const x = address(0) + (<usize> first << 2), out = address(2) + (<usize> first << 2);
  for (let row = 0; row < int(5); row++) {
    memory.fill(out + (<usize> (row * width) << 2), 0, <usize> columns << 2);
  }
  for (let i = 0; i < int(3); i++) {
    const id = load<i32>(address(1) + (<usize> i << 2));
    if (id < 0) continue;
    addRow(x + (<usize> (i * width) << 2), out + (<usize> (id * width) << 2), columns);
  }
}

/** to += from, for a row. */
export function addRow(from: usize, to: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = <usize> i << 2;
    v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
  }
  for (; i < n; i++) {
    const at = <usize> i << 2;
    store<f32>(to + at, load<f32>(to + at) + load<f32>(from + at));
  }
}
