/** What the WebAssembly kernels of one thread import to call native code. */
import { addressOf, nativeCaller } from "./executable_memory.ts";
import type { NativeCode } from "./native_code.ts";
import { PAIR_PARAMETER, pairParameters } from "./pairs.ts";
import { COLUMNS, PARAMETER, PARAMETER_BYTES } from "./panels.ts";
import { MOST_PARAMETERS, parameterAt, rowParameters } from "./row_code.ts";

/**
 * Multiplies panels that lie in the memory: `c` = or, with `keep`, += A B.
 *
 * Addresses count bytes from the start of the memory, `stride` the bytes from row to row of C.
 */
export type Panels = (
  rows: number,
  columns: number,
  depth: number,
  a: number,
  b: number,
  c: number,
  stride: number,
  keep: number,
) => void;

/** Rounds panels at an address to pairs, in place; `width` is 6 for those of A, 16 for those of B. */
export type Pair = (at: number, panels: number, width: number, depth: number) => void;

/** Runs a kernel for rows, by its number in `ROW_KERNELS`; floats are given as their bits. */
export type Rows = (kernel: number, ...parameters: number[]) => void;

/** What the kernels import. */
export interface NativeImports extends WebAssembly.ModuleImports {
  /** The product of panels of float32. */
  readonly panels: Panels;
  /** The product of panels of pairs; `depth` counts pairs. */
  readonly pairs: Panels;
  /** Makes panels of pairs. */
  readonly pair: Pair;
  /** A kernel for rows. */
  readonly rows: Rows;
}

/** The imports of one thread; without native code they are never called. */
export function nativeImports(code: NativeCode, memory: WebAssembly.Memory): NativeImports {
  if ("missing" in code) {
    const none = notThere(code.missing);
    return { panels: none, pairs: none, pair: none, rows: none };
  }
  const rows = callRows(code.rows, memory);
  const panels = callPanels(code.panels, memory);
  if ("missing" in code.bf16) {
    const none = notThere(code.bf16.missing);
    return { panels, pairs: none, pair: none, rows };
  }
  const { bf16 } = code;
  const pairs = callPanels(bf16.panels, memory);
  return { panels, pairs, pair: callPair(bf16.pair, memory), rows };
}

function notThere(reason: string): () => never {
  return () => {
    throw new Error(`Cannot multiply with native code: ${reason}`);
  };
}

/** Writes where the memory begins, which a shared one never changes, and gives where the words lie. */
function placeOf(
  words: Uint32Array<ArrayBuffer>,
  base: number,
  memory: WebAssembly.Memory,
): bigint {
  const start = addressOf(new Uint8Array(memory.buffer));
  new DataView(words.buffer).setBigUint64(base, start, true);
  return addressOf(words);
}

function callPanels(code: bigint, memory: WebAssembly.Memory): Panels {
  const call = nativeCaller();
  const words = panelParameters();
  const place = placeOf(words, PARAMETER.base, memory);
  return (rows, columns, depth, a, b, c, stride, keep) => {
    words[PARAMETER.a / 4] = a;
    words[PARAMETER.b / 4] = b;
    words[PARAMETER.c / 4] = c;
    words[PARAMETER.rowBytes / 4] = stride;
    words[PARAMETER.rows / 4] = rows;
    words[PARAMETER.columns / 4] = columns;
    words[PARAMETER.depth / 4] = depth;
    words[PARAMETER.keep / 4] = keep;
    setLastColumns(words, columns);
    call(code, place);
  };
}

/** A block of parameters; the upper halves of all but the base stay 0. */
export function panelParameters(): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(PARAMETER_BYTES / 4);
  words[PARAMETER.allColumns / 4] = 2 ** COLUMNS - 1;
  return words;
}

/** Says which columns the last panel has, where it does not have all. */
export function setLastColumns(words: Uint32Array, columns: number): void {
  const last = columns % COLUMNS;
  if (last === 0) return;
  for (let i = 0; i < COLUMNS; i++) words[PARAMETER.mask / 4 + i] = i < last ? 0xffffffff : 0;
  words[PARAMETER.lastColumns / 4] = 2 ** last - 1;
}

function callPair(code: bigint, memory: WebAssembly.Memory): Pair {
  const call = nativeCaller();
  const words = pairParameters();
  const place = placeOf(words, PAIR_PARAMETER.base, memory);
  return (at, panels, width, depth) => {
    words[PAIR_PARAMETER.at / 4] = at;
    words[PAIR_PARAMETER.panels / 4] = panels;
    words[PAIR_PARAMETER.width / 4] = width;
    words[PAIR_PARAMETER.depth / 4] = depth;
    call(code, place);
  };
}

function callRows(codes: readonly bigint[], memory: WebAssembly.Memory): Rows {
  const call = nativeCaller();
  const words = rowParameters();
  const place = placeOf(words, 0, memory);
  return (kernel, ...parameters) => {
    for (let i = 0; i < MOST_PARAMETERS; i++) words[parameterAt(i) / 4] = parameters[i];
    call(codes[kernel], place);
  };
}
