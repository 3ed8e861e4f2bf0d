/**
 * The fused operations of BERT. `lib/ops*.ts` defines each on plain tfjs operations and calls these
 * where they are registered; the tests hold the two against each other.
 */
import type * as tf from "@tensorflow/tfjs";
import {
  type Attributes,
  type Inputs,
  type Kernels,
  rowsPerTask,
  sizeOf,
  tasksFor,
} from "./kernel.ts";
import { float } from "./machine.ts";
import { OPTIMIZER_KERNELS } from "./optimizer_kernels.ts";
import { productOf } from "./product.ts";
import { CHUNK, GELU, unary } from "./standard_elementwise.ts";
import { gatherInto, scatterRows } from "./standard_move.ts";
import { reduceAxis } from "./standard_reduce.ts";
import type { SimdBackend } from "./tensors.ts";

/** Queries that attention handles at a time, as in the kernel. */
const BLOCK = 128;

/** Dropout as the kernels take it: two hashes of the seed, the least that stays, what it is scaled by. */
function dropoutOf({ rate = 0, seedA = 0, seedB = 0 }: Attributes): number[] {
  return [seedA, seedB, Math.ceil(rate * 2 ** 32), float(1 / (1 - rate))];
}

/** The sum of each column of [N, H]. */
function columnSums(backend: SimdBackend, x: tf.TensorInfo): tf.TensorInfo {
  const [rows, columns] = x.shape;
  return { ...reduceAxis(backend, x, [1, rows, columns], 0), shape: [columns] };
}

function linear(backend: SimdBackend, { x, weight, bias }: Inputs): tf.TensorInfo {
  return productOf(backend, x, weight, { bias }); // [N, O]
}

function linearGradient(backend: SimdBackend, { dy, x, weight }: Inputs): tf.TensorInfo[] {
  return [
    productOf(backend, dy, weight, { transposeB: true }), // [N, I]
    productOf(backend, x, dy, { transposeA: true }), // [I, O]
    columnSums(backend, dy), // [O]
  ];
}

function project(backend: SimdBackend, { x, table, bias }: Inputs): tf.TensorInfo {
  return productOf(backend, x, table, { transposeB: true, bias }); // [N, V]
}

function projectGradient(backend: SimdBackend, { dy, x, table }: Inputs): tf.TensorInfo[] {
  return [
    productOf(backend, dy, table), // [N, H]
    productOf(backend, dy, x, { transposeA: true }), // [V, H]
    columnSums(backend, dy), // [V]
  ];
}

function gelu(backend: SimdBackend, { x }: Inputs): tf.TensorInfo {
  return unary(backend, x, GELU);
}

function geluGradient(backend: SimdBackend, { dy, x }: Inputs): tf.TensorInfo {
  const dx = backend.output(x.shape);
  const count = sizeOf(x);
  const pointers = [x, dy, dx].map((tensor) => backend.pointer(tensor));
  backend.run("geluGradient", tasksFor(count, CHUNK), ...pointers, count);
  return dx;
}

function dropout(backend: SimdBackend, { x }: Inputs, attrs: Attributes): tf.TensorInfo {
  const y = backend.output(x.shape);
  const count = sizeOf(x);
  const pointers = [x, y].map((tensor) => backend.pointer(tensor));
  backend.run("dropout", tasksFor(count, CHUNK), ...pointers, count, ...dropoutOf(attrs));
  return y;
}

/** The result, the normalised rows, and one over their deviation; `sublayer` may be missing. */
function layerNorm(backend: SimdBackend, inputs: Inputs, attrs: Attributes): tf.TensorInfo[] {
  const { x, sublayer, gamma, beta } = inputs;
  const [rows, width] = x.shape;
  const y = backend.output(x.shape);
  const normalized = backend.output(x.shape);
  const inverse = backend.output([rows, 1]);
  const each = rowsPerTask(width);
  const added = sublayer ? backend.pointer(sublayer) : 0;
  const rest = [gamma, beta, y, normalized, inverse].map((tensor) => backend.pointer(tensor));
  const sizes = [rows, width, each, ...dropoutOf(attrs), float(attrs.epsilon)];
  backend.run("norm", tasksFor(rows, each), backend.pointer(x), added, ...rest, ...sizes);
  return [y, normalized, inverse];
}

function layerNormGradient(backend: SimdBackend, inputs: Inputs, attrs: Attributes) {
  const { dy, normalized, inverse, gamma } = inputs;
  const [rows, width] = dy.shape;
  const each = rowsPerTask(width);
  const tasks = tasksFor(rows, each);
  const dx = backend.output(dy.shape);
  const dSublayer = attrs.sublayer ? backend.output(dy.shape) : undefined;
  const parts = backend.output([tasks, 2 * width]);
  const pointers = [dy, normalized, inverse, gamma, dx].map((tensor) => backend.pointer(tensor));
  const aside = [dSublayer ? backend.pointer(dSublayer) : 0, backend.pointer(parts)];
  const sizes = [rows, width, each, ...dropoutOf(attrs)];
  backend.run("normGradient", tasks, ...pointers, ...aside, ...sizes);
  const halves = [0, 1].map((half) => sumOfParts(backend, parts, half));
  backend.disposeData(parts.dataId);
  return [dx, ...(dSublayer ? [dSublayer] : []), ...halves];
}

/** Adds up what the tasks found for gamma (half 0) or beta (half 1). */
function sumOfParts(backend: SimdBackend, parts: tf.TensorInfo, half: number): tf.TensorInfo {
  const [tasks, both] = parts.shape;
  const width = both / 2;
  const out = backend.output([width]);
  const [from, to] = [backend.values(parts), backend.values(out).fill(0)];
  for (let task = 0; task < tasks; task++) {
    const start = task * both + half * width;
    for (let i = 0; i < width; i++) to[i] += from[start + i];
  }
  return out;
}

/** What both attention kernels take after their four addresses. */
function attentionSizes(backend: SimdBackend, qkv: tf.TensorInfo, attrs: Attributes): number[] {
  const { length, heads } = attrs;
  const width = qkv.shape[1] / (3 * heads);
  backend.machine.reserveScratch(2 * BLOCK * (4 * Math.ceil(length / 4)) * 4);
  return [length, heads, width, ...dropoutOf(attrs), float(1 / Math.sqrt(width))];
}

function attention(backend: SimdBackend, { qkv, mask }: Inputs, attrs: Attributes) {
  const { batch, length, heads } = attrs;
  const context = backend.output([batch * length, qkv.shape[1] / 3]);
  const pointers = [qkv, mask, context].map((tensor) => backend.pointer(tensor));
  const sizes = attentionSizes(backend, qkv, attrs);
  backend.run("attention", batch * heads, ...pointers, 0, ...sizes);
  return context;
}

function attentionGradient(backend: SimdBackend, { dy, qkv, mask }: Inputs, attrs: Attributes) {
  const dQkv = backend.output(qkv.shape);
  const pointers = [qkv, mask, dy, dQkv].map((tensor) => backend.pointer(tensor));
  const sizes = attentionSizes(backend, qkv, attrs);
  backend.run("attentionGradient", attrs.batch * attrs.heads, ...pointers, ...sizes);
  return dQkv;
}

/** The loss of each row, and the log of its sum of exponentials, the largest taken as 1. */
function crossEntropy(backend: SimdBackend, { logits, labels }: Inputs): tf.TensorInfo[] {
  const [rows, width] = logits.shape;
  const loss = backend.output([rows]);
  const logSum = backend.output([rows]);
  const each = rowsPerTask(width);
  const pointers = [logits, labels, loss, logSum].map((tensor) => backend.pointer(tensor));
  backend.run("loss", tasksFor(rows, each), ...pointers, rows, width, each);
  return [loss, logSum];
}

function crossEntropyGradient(backend: SimdBackend, inputs: Inputs): tf.TensorInfo {
  const { dy, logits, labels, logSum } = inputs;
  const [rows, width] = logits.shape;
  const dLogits = backend.output(logits.shape);
  const each = rowsPerTask(width);
  const pointers = [logits, labels, dy, logSum].map((tensor) => backend.pointer(tensor));
  const to = backend.pointer(dLogits);
  backend.run("lossGradient", tasksFor(rows, each), ...pointers, rows, width, each, to);
  return dLogits;
}

function takeRows(backend: SimdBackend, { table, ids }: Inputs): tf.TensorInfo {
  const [height, width] = table.shape;
  const out = backend.output([ids.shape[0], width]);
  gatherInto(backend, table, ids, out, height);
  return out;
}

function takeRowsGradient(backend: SimdBackend, { dy, ids }: Inputs, attrs: Attributes) {
  return scatterRows(backend, dy, ids, [attrs.height, dy.shape[1]]);
}

/** BERT's operations; the names are those that `fused()` in `lib/ops_gradient.ts` is called with. */
export const FUSED_KERNELS: Kernels = {
  BertLinear: linear,
  BertLinearGradient: linearGradient,
  BertProject: project,
  BertProjectGradient: projectGradient,
  BertGelu: gelu,
  BertGeluGradient: geluGradient,
  BertDropout: dropout,
  BertLayerNorm: layerNorm,
  BertLayerNormGradient: layerNormGradient,
  BertAttention: attention,
  BertAttentionGradient: attentionGradient,
  BertCrossEntropy: crossEntropy,
  BertCrossEntropyGradient: crossEntropyGradient,
  BertTakeRows: takeRows,
  BertTakeRowsGradient: takeRowsGradient,
  ...OPTIMIZER_KERNELS,
};
