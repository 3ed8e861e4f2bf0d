/**
 * The kernels of BERT's own operations. `lib/model/ops/` and `lib/training/` define each operation
 * by tfjs operations and call its kernel where it is registered; the tests compare both.
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
import { DENSE_KERNELS, ownedOrNew, rowsPerPart, sumOfParts } from "./dense_kernels.ts";
import { float } from "./float_word.ts";
import { OPTIMIZER_KERNELS } from "./optimizer_kernels.ts";
import { CHUNK } from "./elementwise_kernels.ts";
import { gatherInto, scatterRows } from "./move_kernels.ts";
import type { SimdBackend } from "./simd_backend.ts";

/** The number of multiplications up to which OpenBLAS does not copy operands. */
const SMALL_PRODUCT = 1e6;

/**
 * The parameters of dropout: two hashes of the seed, the least hash that is kept, the scale of kept
 * numbers.
 */
function dropoutOf({ rate = 0, seedA = 0, seedB = 0 }: Attributes): number[] {
  return [seedA, seedB, Math.ceil(rate * 2 ** 32), float(1 / (1 - rate))];
}

function dropout(backend: SimdBackend, { x }: Inputs, attrs: Attributes): tf.TensorInfo {
  const y = backend.output(x.shape);
  const count = sizeOf(x);
  const pointers = [x, y].map((tensor) => backend.pointer(tensor));
  backend.run("dropout", tasksFor(count, CHUNK), ...pointers, count, ...dropoutOf(attrs));
  return y;
}

/** The result, the normalised rows, and 1 / √(σ² + ε) of each row; `sublayer` may be missing. */
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
  const each = rowsPerPart(rows, width);
  const tasks = tasksFor(rows, each);
  const dx = backend.output(dy.shape);
  const dSublayer = attrs.sublayer ? backend.output(dy.shape) : undefined;
  const parts = backend.output([tasks, 2 * width]);
  const pointers = [dy, normalized, inverse, gamma, dx].map((tensor) => backend.pointer(tensor));
  const more = [dSublayer ? backend.pointer(dSublayer) : 0, backend.pointer(parts)];
  const sizes = [rows, width, each, ...dropoutOf(attrs)];
  backend.run("normGradient", tasks, ...pointers, ...more, ...sizes);
  const [dGamma, dBeta] = halves(backend, sumOfParts(backend, parts));
  return [dx, ...(dSublayer ? [dSublayer] : []), dGamma, dBeta];
}

/** Splits [2 H], the gradients of gamma and beta side by side, into two tensors. */
function halves(backend: SimdBackend, both: tf.TensorInfo): tf.TensorInfo[] {
  const width = both.shape[0] / 2;
  const split = [0, 1].map((half) => {
    const out = backend.output([width]);
    backend.values(out).set(backend.values(both).subarray(half * width, (half + 1) * width));
    return out;
  });
  backend.disposeData(both.dataId);
  return split;
}

/** The parameters of both attention kernels after their four addresses. */
function attentionSizes(
  backend: SimdBackend,
  qkv: tf.TensorInfo,
  attrs: Attributes,
  weights: tf.TensorInfo | undefined,
): number[] {
  const { length, heads } = attrs;
  const width = qkv.shape[1] / (3 * heads);
  const block = queriesAtOnce(backend, length, width);
  backend.machine.reserveScratch(2 * (block + width) * (4 * Math.ceil(length / 4)) * 4);
  const kept = weights ? backend.pointer(weights) : 0;
  return [length, heads, width, ...dropoutOf(attrs), float(1 / Math.sqrt(width)), kept, block];
}

/**
 * The queries in a block. A native library is fastest with small products, our own code, which
 * always copies operands, with larger ones.
 */
function queriesAtOnce({ machine }: SimdBackend, length: number, width: number): number {
  if (!machine.blas) return 128;
  return [64, 32, 16].find((rows) => rows * length * width <= SMALL_PRODUCT) ?? 64;
}

/** The context, and the weights if they take no more memory than queries and keys. */
function attention(backend: SimdBackend, { qkv, mask }: Inputs, attrs: Attributes) {
  const { batch, length, heads } = attrs;
  const width = qkv.shape[1] / 3;
  const context = backend.output([batch * length, width]);
  const few = length * heads <= 2 * width;
  const weights = few ? backend.output([batch * heads, length, length]) : undefined;
  const pointers = [qkv, mask, context].map((tensor) => backend.pointer(tensor));
  const sizes = attentionSizes(backend, qkv, attrs, weights);
  backend.run("attention", batch * heads, ...pointers, 0, ...sizes);
  return weights ? [context, weights] : [context];
}

/** The gradient by `qkv`. If `weights` is missing, the weights are computed again. */
function attentionGradient(backend: SimdBackend, inputs: Inputs, attrs: Attributes) {
  const { dy, qkv, mask, weights } = inputs;
  const dQkv = backend.output(qkv.shape);
  const pointers = [qkv, mask, dy, dQkv].map((tensor) => backend.pointer(tensor));
  const sizes = attentionSizes(backend, qkv, attrs, weights);
  backend.run("attentionGradient", attrs.batch * attrs.heads, ...pointers, ...sizes);
  return dQkv;
}

/** The loss of each row, and log Σ exp(x - max x). */
function crossEntropy(backend: SimdBackend, { logits, labels }: Inputs): tf.TensorInfo[] {
  const [rows, width] = logits.shape;
  const loss = backend.output([rows]);
  const logSum = backend.output([rows]);
  const each = rowsPerTask(width);
  const pointers = [logits, labels, loss, logSum].map((tensor) => backend.pointer(tensor));
  backend.run("loss", tasksFor(rows, each), ...pointers, rows, width, each);
  return [loss, logSum];
}

/** The gradient by the logits, written over them if nothing else refers to this large tensor. */
function crossEntropyGradient(backend: SimdBackend, inputs: Inputs): tf.TensorInfo {
  const { dy, logits, labels, logSum } = inputs;
  const [rows, width] = logits.shape;
  const dLogits = ownedOrNew(backend, logits);
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

/**
 * BERT's own operations, by the names with which `fused()` in `lib/backend/operation.ts` is called.
 */
export const FUSED_KERNELS: Kernels = {
  ...DENSE_KERNELS,
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
