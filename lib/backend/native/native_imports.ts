/** The functions that the WebAssembly kernels of one thread import to call native code. */
import { addressOf, nativeCaller } from "./executable_memory.ts";
import type { NativeCode } from "./native_code.ts";
import { COLUMNS, PARAMETER, PARAMETER_BYTES } from "./panel_parameters.ts";
import { MOST_PARAMETERS, parameterAt, rowParameters } from "./row_code.ts";
import { type Operand, PACK_PARAMETER, packParameters, setPackEnds } from "./pack_parameters.ts";

/**
 * Multiplies panels in the memory: C = A B; with `keep` 1, C += A B; for AVX-512 with `keep` 2, C =
 * A B plus the row of numbers at `bias`.
 *
 * Addresses count from the start of the memory; `stride` is the number of bytes from row to row of C.
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
  bias?: number,
) => void;

/**
 * Copies `count` rows of A or columns of B, of `depth` steps, into panels for `wide` or `pairs` at
 * `to`.
 *
 * `stride` is the number of bytes from row to row in memory; `width` is 12 for A and 16 for B;
 * `along` is 1 if the rows in memory run along the depth.
 */
export type Pack = (
  to: number,
  from: number,
  stride: number,
  count: number,
  depth: number,
  width: number,
  along: number,
) => void;

/** Runs a kernel for rows, by its index in `ROW_KERNELS`; floats are given as their bits. */
export type Rows = (kernel: number, ...parameters: number[]) => void;

/** The imports of the kernels. */
export interface NativeImports extends WebAssembly.ModuleImports {
  /** The product of panels that the kernels have packed, for AVX2. */
  readonly panels: Panels;
  /** The product of panels of `packWide`, for AVX-512. */
  readonly wide: Panels;
  /** The product of panels of `packPairs`; `depth` counts pairs. */
  readonly pairs: Panels;
  /** Makes panels of float32. */
  readonly packWide: Pack;
  /** Makes panels of pairs of bfloat16. */
  readonly packPairs: Pack;
  /** A kernel for rows. */
  readonly rows: Rows;
}

/** The imports of one thread. Functions without native code throw; the kernels do not call them. */
export function nativeImports(code: NativeCode, memory: WebAssembly.Memory): NativeImports {
  const kernels = "missing" in code ? undefined : code;
  const bf16 = kernels && "pack" in kernels.bf16 ? kernels.bf16 : undefined;
  return {
    panels: callPanels(kernels?.avx2, memory),
    wide: callPanels(kernels?.avx512?.panels, memory),
    pairs: callPanels(bf16?.panels, memory),
    packWide: callPack(kernels?.avx512?.pack, memory, "float32"),
    packPairs: callPack(bf16?.pack, memory, "pairs"),
    rows: kernels ? callRows(kernels.rows, memory) : notThere,
  };
}

function notThere(): never {
  throw new Error("Cannot compute with native code: there is none of this kind");
}

/**
 * Stores the memory's address, which is constant for shared memory; returns the address of the
 * words.
 */
function placeOf(
  words: Uint32Array<ArrayBuffer>,
  base: number,
  memory: WebAssembly.Memory,
): bigint {
  const start = addressOf(new Uint8Array(memory.buffer));
  new DataView(words.buffer).setBigUint64(base, start, true);
  return addressOf(words);
}

function callPanels(code: bigint | undefined, memory: WebAssembly.Memory): Panels {
  if (code === undefined) return notThere;
  const call = nativeCaller();
  const words = panelParameters();
  const place = placeOf(words, PARAMETER.base, memory);
  return (rows, columns, depth, a, b, c, stride, keep, bias = 0) => {
    words[PARAMETER.a / 4] = a;
    words[PARAMETER.b / 4] = b;
    words[PARAMETER.c / 4] = c;
    words[PARAMETER.rowBytes / 4] = stride;
    words[PARAMETER.rows / 4] = rows;
    words[PARAMETER.columns / 4] = columns;
    words[PARAMETER.depth / 4] = depth;
    words[PARAMETER.keep / 4] = keep;
    words[PARAMETER.bias / 4] = bias;
    setLastColumns(words, columns);
    call(code, place);
  };
}

/** A block of parameters of 64 bits; the upper halves of all but `base` stay 0. */
export function panelParameters(): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(PARAMETER_BYTES / 4);
  words[PARAMETER.allColumns / 4] = 2 ** COLUMNS - 1;
  return words;
}

/** Sets the masks of the last panel's columns, if it does not have all. */
export function setLastColumns(words: Uint32Array, columns: number): void {
  const last = columns % COLUMNS;
  if (last === 0) return;
  for (let i = 0; i < COLUMNS; i++) words[PARAMETER.mask / 4 + i] = i < last ? 0xffffffff : 0;
  words[PARAMETER.lastColumns / 4] = 2 ** last - 1;
}

function callPack(
  code: bigint | undefined,
  memory: WebAssembly.Memory,
  operand: Operand,
): Pack {
  if (code === undefined) return notThere;
  const call = nativeCaller();
  const words = packParameters();
  const place = placeOf(words, PACK_PARAMETER.base, memory);
  return (to, from, stride, count, depth, width, along) => {
    words[PACK_PARAMETER.to / 4] = to;
    words[PACK_PARAMETER.from / 4] = from;
    words[PACK_PARAMETER.stride / 4] = stride;
    words[PACK_PARAMETER.along / 4] = along;
    setPackEnds(words, { count, depth, width, operand });
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
