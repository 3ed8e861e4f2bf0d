/**
 * The fused operations of BERT on the backend `simd`. `lib/ops*.ts` defines each of them on plain tfjs
 * operations and calls these where they are registered; the tests hold the two against each other.
 */
import type * as tf from "@tensorflow/tfjs";
import type { Attributes, SimdKernel } from "./simd.ts";
import type { SimdBackend } from "./simd_backend.ts";

/** Dropout as the kernels take it: the hash's two seeds, the threshold, and the scale of what stays. */
function dropoutArguments(attrs: Attributes): number[] {
  const { rate, seedA, seedB } = attrs as Record<string, number>;
  return [seedA | 0, seedB | 0, (rate * 2 ** 32) | 0, rate === 0 ? 1 : 1 / (1 - rate)];
}

function product(
  backend: SimdBackend,
  [a, b]: readonly [tf.TensorInfo, tf.TensorInfo],
  [m, n, k]: readonly [number, number, number],
  transposeA = false,
  transposeB = false,
): [tf.TensorInfo, number] {
  const [result, out] = backend.output([m, n]);
  const flags = [transposeA ? 1 : 0, transposeB ? 1 : 0];
  const strides = [a.shape[1], b.shape[1], n];
  backend.kernels.product(
    backend.pointer(a),
    backend.pointer(b),
    out,
    n,
    k,
    ...strides,
    ...flags,
    0,
    m,
  );
  return [result, out];
}

function columnSums(backend: SimdBackend, x: tf.TensorInfo): tf.TensorInfo {
  const [rows, width] = x.shape;
  const [sums, out] = backend.output([width]);
  backend.kernels.columnSums(backend.pointer(x), out, rows, width, 0, width);
  return sums;
}

const linear: SimdKernel = {
  name: "BertLinear",
  run(backend, { x, weight, bias }) {
    const [[rows, inner], width] = [x.shape, weight.shape[1]];
    const [y, out] = product(backend, [x, weight], [rows, width, inner]); // [N, O]
    backend.kernels.addBias(out, backend.pointer(bias), width, 0, rows);
    return y;
  },
};

const linearGradient: SimdKernel = {
  name: "BertLinearGradient",
  run(backend, { dy, x, weight }) {
    const [[rows, width], inner] = [dy.shape, x.shape[1]];
    const [dx] = product(backend, [dy, weight], [rows, inner, width], false, true); // [N, I]
    const [dWeight] = product(backend, [x, dy], [inner, width, rows], true, false); // [I, O]
    return [dx, dWeight, columnSums(backend, dy)];
  },
};

const project: SimdKernel = {
  name: "BertProject",
  run(backend, { x, table, bias }) {
    const [[rows, inner], width] = [x.shape, table.shape[0]];
    const [y, out] = product(backend, [x, table], [rows, width, inner], false, true); // [N, V]
    backend.kernels.addBias(out, backend.pointer(bias), width, 0, rows);
    return y;
  },
};

const projectGradient: SimdKernel = {
  name: "BertProjectGradient",
  run(backend, { dy, x, table }) {
    const [[rows, width], inner] = [dy.shape, x.shape[1]];
    const [dx] = product(backend, [dy, table], [rows, inner, width]); // [N, H]
    const [dTable] = product(backend, [dy, x], [width, inner, rows], true, false); // [V, H]
    return [dx, dTable, columnSums(backend, dy)];
  },
};

const gelu: SimdKernel = {
  name: "BertGelu",
  run(backend, { x }) {
    const [y, out] = backend.output(x.shape);
    backend.kernels.gelu(backend.pointer(x), out, 0, sizeOf(x));
    return y;
  },
};

const geluGradient: SimdKernel = {
  name: "BertGeluGradient",
  run(backend, { dy, x }) {
    const [dx, out] = backend.output(x.shape);
    backend.kernels.geluGradient(backend.pointer(x), backend.pointer(dy), out, 0, sizeOf(x));
    return dx;
  },
};

const dropout: SimdKernel = {
  name: "BertDropout",
  run(backend, { x }, attrs) {
    const [y, out] = backend.output(x.shape);
    backend.kernels.dropout(backend.pointer(x), out, 0, ...dropoutArguments(attrs), 0, sizeOf(x));
    return y;
  },
};

/** Gives the result, the normalised rows and one over their deviation; `sublayer` may be missing. */
const layerNorm: SimdKernel = {
  name: "BertLayerNorm",
  run(backend, { x, sublayer, gamma, beta }, attrs) {
    const { kernels } = backend;
    const [rows, width] = x.shape;
    const [y, out] = backend.output(x.shape);
    const [normalized, norm] = backend.output(x.shape);
    const [inverse, scale] = backend.output([rows, 1]);
    let source = backend.pointer(x);
    if (sublayer) {
      let added = backend.pointer(sublayer);
      if (attrs.rate !== 0) {
        kernels.dropout(added, out, 0, ...dropoutArguments(attrs), 0, sizeOf(x));
        added = out;
      }
      kernels.add(source, added, out, 0, sizeOf(x));
      source = out; // each row is read before it is overwritten
    }
    const weights = [backend.pointer(gamma), backend.pointer(beta)];
    kernels.layerNorm(
      source,
      ...weights,
      out,
      norm,
      scale,
      width,
      attrs.epsilon as number,
      0,
      rows,
    );
    return [y, normalized, inverse];
  },
};

const layerNormGradient: SimdKernel = {
  name: "BertLayerNormGradient",
  run(backend, { dy, normalized, inverse, gamma }) {
    const { kernels } = backend;
    const [rows, width] = dy.shape;
    const [dx, out] = backend.output(dy.shape);
    const [dGamma, dots] = backend.output([width]);
    const [g, n] = [backend.pointer(dy), backend.pointer(normalized)];
    kernels.layerNormGradient(
      g,
      n,
      backend.pointer(inverse),
      backend.pointer(gamma),
      out,
      width,
      0,
      rows,
    );
    kernels.columnDots(g, n, dots, rows, width, 0, width);
    return [dx, dGamma, columnSums(backend, dy)];
  },
};

const attention: SimdKernel = {
  name: "BertAttention",
  run(backend, { qkv, mask }, attrs) {
    const { batch, length, heads } = attrs as Record<string, number>;
    const width = qkv.shape[1] / (3 * heads);
    const [context, out] = backend.output([batch * length, heads * width]);
    const [weights, shares] = backend.output([batch, heads, length, length]);
    const aside = backend.heap.take(4 * length * length);
    backend.kernels.attention(
      backend.pointer(qkv),
      backend.pointer(mask),
      shares,
      out,
      aside,
      length,
      heads,
      width,
      ...dropoutArguments(attrs),
      0,
      batch * heads,
    );
    backend.heap.give(aside);
    return [context, weights];
  },
};

const attentionGradient: SimdKernel = {
  name: "BertAttentionGradient",
  run(backend, { dy, qkv, weights }, attrs) {
    const { batch, length, heads } = attrs as Record<string, number>;
    const width = qkv.shape[1] / (3 * heads);
    const [dQkv, out] = backend.output(qkv.shape);
    const [dropped, dWeights] = [0, 1].map(() => backend.heap.take(4 * length * length));
    backend.kernels.attentionGradient(
      backend.pointer(dy),
      backend.pointer(qkv),
      backend.pointer(weights),
      out,
      dropped,
      dWeights,
      length,
      heads,
      width,
      ...dropoutArguments(attrs),
      0,
      batch * heads,
    );
    for (const aside of [dropped, dWeights]) backend.heap.give(aside);
    return dQkv;
  },
};

/** Gives the loss of each row, and the log of its sum of exponentials. */
const crossEntropy: SimdKernel = {
  name: "BertCrossEntropy",
  run(backend, { logits, labels }) {
    const [rows, width] = logits.shape;
    const [loss, out] = backend.output([rows]);
    const [logSum, total] = backend.output([rows]);
    const from = [backend.pointer(logits), backend.pointer(labels)];
    backend.kernels.crossEntropy(...from, out, total, width, 0, rows);
    return [loss, logSum];
  },
};

const crossEntropyGradient: SimdKernel = {
  name: "BertCrossEntropyGradient",
  run(backend, { dy, logits, labels, logSum }) {
    const [rows, width] = logits.shape;
    const [dx, out] = backend.output(logits.shape);
    const from = [logits, labels, logSum, dy].map((tensor) => backend.pointer(tensor));
    backend.kernels.crossEntropyGradient(...from, out, width, 0, rows);
    return dx;
  },
};

const takeRows: SimdKernel = {
  name: "BertTakeRows",
  run(backend, { table, ids }) {
    const [count, width] = [ids.shape[0], table.shape[1]];
    const [rows, out] = backend.output([count, width]);
    backend.kernels.takeRows(backend.pointer(table), backend.pointer(ids), out, width, 0, count);
    return rows;
  },
};

const takeRowsGradient: SimdKernel = {
  name: "BertTakeRowsGradient",
  run(backend, { dy, ids }, attrs) {
    const [count, width] = dy.shape;
    const [dTable, out] = backend.output([attrs.height as number, width]);
    backend.values(dTable).fill(0);
    backend.kernels.addRows(backend.pointer(dy), backend.pointer(ids), out, count, width, 0, width);
    return dTable;
  },
};

function sizeOf({ shape }: tf.TensorInfo): number {
  return shape.reduce((size, length) => size * length, 1);
}

export const FUSED_KERNELS: readonly SimdKernel[] = [
  linear,
  linearGradient,
  project,
  projectGradient,
  gelu,
  geluGradient,
  dropout,
  layerNorm,
  layerNormGradient,
  attention,
  attentionGradient,
  crossEntropy,
  crossEntropyGradient,
  takeRows,
  takeRowsGradient,
];
