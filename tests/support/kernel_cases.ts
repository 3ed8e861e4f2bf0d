/** All operations for which the simd backend has kernels, to compare them with tfjs's cpu backend. */
import * as tf from "@tensorflow/tfjs";
import { embed, gatherRows } from "bert/model/ops/rows.ts";
import { softmaxCrossEntropy } from "bert/training/loss.ts";
import { linear, project } from "bert/model/ops/linear.ts";
import { gelu } from "bert/model/ops/activation.ts";
import { attention } from "bert/model/ops/attention.ts";
import { dropout } from "bert/model/ops/dropout.ts";
import { linearGelu } from "bert/model/ops/linear.ts";
import { layerNorm, residualLayerNorm } from "bert/model/ops/layer_norm.ts";

/** Special values for inputs. Sums of them do not depend on the order of summation. */
export const ODD_TERMS = [NaN, Infinity, -Infinity, -0, 1e-40, -1e-40];
const ODD = [...ODD_TERMS, 3e38, -3e38, 89, -104];

/** A function of tensors of these shapes. */
export interface Case {
  readonly name: string;
  readonly shapes: readonly number[][];
  readonly f: (...xs: tf.Tensor[]) => tf.Tensor;
  /** Special values among the inputs. `ODD_TERMS` if a sum could overflow in another order. */
  readonly odd: readonly number[];
  /** Whether it has no gradient. */
  readonly constant?: boolean;
  /** Whether it is one of BERT's operations, which have a gradient even of an empty result, unlike tfjs's. */
  readonly own?: boolean;
  /** Why tfjs's cpu backend itself is wrong about NaN and infinity, if it is. */
  readonly cpuSpreads?: string;
}

type Function = Case["f"];
type Extras = Partial<Case>;

const matrix = (x: tf.Tensor) => x as tf.Tensor2D;
const vector = (x: tf.Tensor) => x as tf.Tensor1D;
const ids = (count: number, height: number) =>
  tf.tensor1d(Array.from({ length: count }, (_, i) => i * 7 % height), "int32");

const every3rd = (n: number, m: number) =>
  tf.tensor(Array.from({ length: n * m }, (_, i) => i % 3 === 0), [n, m], "bool");

function one(name: string, f: Function, shape: number[], extras: Extras = {}): Case {
  return { name, shapes: [shape], f, odd: ODD, ...extras };
}

function two(name: string, f: Function, a: number[], b: number[], extras: Extras = {}): Case {
  return { name, shapes: [a, b], f, odd: ODD, ...extras };
}

const TERMS = { odd: ODD_TERMS };

/** tfjs's kernels, for a height and a width, which may be 0, 1 or odd. */
export function standardCases(n: number, m: number): Case[] {
  return [...elementwiseCases(n, m), ...reducingCases(n, m), ...movingCases(n, m)];
}

function elementwiseCases(n: number, m: number): Case[] {
  return [
    one("exp", tf.exp, [n, m]),
    one("sqrt", (x) => tf.sqrt(tf.abs(x)), [n, m]),
    one("rsqrt", (x) => tf.rsqrt(tf.add(tf.square(x), 1)), [n, m]),
    one("log", (x) => tf.log(tf.add(tf.abs(x), 1)), [m]),
    one("square", tf.square, [n, m]),
    one("reciprocal", tf.reciprocal, [n]),
    one("erf", tf.erf, [n, m]),
    one("tanh", tf.tanh, [n, m]),
    one("sigmoid", tf.sigmoid, [n, m]),
    one("relu", tf.relu, [n, m]),
    one("neg", tf.neg, [n, m]),
    two("add", tf.add, [n, m], [m]),
    two("sub", tf.sub, [n, m], [n, 1]),
    two("mul", tf.mul, [n, 1], [1, m]),
    two("div", tf.div, [n, m], []),
    two("maximum", tf.maximum, [n, m], [n, m]),
    two("minimum", tf.minimum, [n, m], [n, m]),
    two("squaredDifference", tf.squaredDifference, [n, m], [n, m]),
    two("addN", (a, b) => tf.addN([a, b, a]), [n, m], [n, m], TERMS),
    two("where", (a, b) => tf.where(every3rd(n, m), a, b), [n, m], [n, m]),
    one("like", (x) => tf.add(tf.zerosLike(x), tf.onesLike(x)), [n, m], { constant: true }),
    one("cast", (x) => tf.cast(tf.cast(x, "bool"), "float32"), [n, m], { constant: true }),
    one("greater", (x) => tf.cast(tf.greater(x, 0), "int32"), [n, m], { constant: true }),
  ];
}

function reducingCases(n: number, m: number): Case[] {
  return [
    one("sum of columns", (x) => tf.sum(x, 0), [n, m], TERMS),
    one("sum of all", (x) => tf.sum(x), [n, m], TERMS),
    one("mean of rows", (x) => tf.mean(x, 1, true), [n, m], TERMS),
    one("max of rows", (x) => tf.max(x, 1), [n, m + 1]),
    one("max of columns", (x) => tf.max(x, 0), [n + 1, m]),
    one("min of rows", (x) => tf.min(x, 1), [n, m + 1]),
    one("place of the maximum", (x) => tf.argMax(x, 1), [n, m + 1], { constant: true }),
    one("softmax", (x) => tf.softmax(x), [n, m + 1]),
    one("log of softmax", (x) => tf.logSoftmax(x), [n, m + 1]),
    two("matMul", (a, b) => tf.matMul(a, b), [n, m], [m, 5], TERMS),
    two("matMul, transposed", (a, b) => tf.matMul(a, b, true, true), [m, n], [4, m], TERMS),
    two("matMul, deep", (a, b) => tf.matMul(a, b, true), [3000, n % 9], [3000, m % 9], TERMS),
    two("matMul of batches", (a, b) => tf.matMul(a, b, false, true), [3, n, m], [3, 9, m], TERMS),
    two("matMul, one for all", (a, b) => tf.matMul(a, b), [3, n, m], [1, m, 9], {
      ...TERMS,
      constant: true, // tfjs has no gradient of it
    }),
    {
      ...two(
        "matMul, bias, sigmoid",
        (a, b, bias) =>
          tf.fused.matMul({ a: matrix(a), b: matrix(b), bias, activation: "sigmoid" }),
        [],
        [],
      ),
      shapes: [[n, m], [m, 5], [5]],
      odd: ODD_TERMS,
      constant: true,
    },
  ];
}

function movingCases(n: number, m: number): Case[] {
  return [
    one("transpose", (x) => tf.transpose(x), [n, m]),
    one("transpose of heads", (x) => tf.transpose(x, [0, 2, 1, 3]), [2, n, 3, m]),
    one("slice", (x) => tf.slice(x, [0, 1], [-1, m]), [n, m + 1]),
    one("tile", (x) => tf.tile(x, [2, 3]), [n, m]),
    one("gather", (x) => tf.gather(x, ids(5, n + 1)), [n + 1, m], {
      cpuSpreads: "the gradient is a segment sum",
    }),
    two("concat", (a, b) => tf.concat([a, b], 1), [n, m], [n, 3]),
    one("segment sum", (x) => tf.unsortedSegmentSum(x, ids(n, 3), 4), [n, m], {
      odd: [],
      cpuSpreads: "the rows are multiplied by a mask, and NaN times 0 is NaN",
    }),
  ];
}

/** BERT's own operations. On the cpu backend they run as they are defined. */
export function fusedCases(n: number, width: number): Case[] {
  const cases = [denseCases(n, width), normCases(n, width + 1), attentionCases(n, width % 9 + 1)];
  return cases.flat().map((entry) => ({ ...entry, own: true }));
}

function denseCases(n: number, width: number): Case[] {
  const layer = [[n, width], [width, 5], [5]];
  const labels = () =>
    // some rows have no label
    tf.tensor1d(Array.from({ length: n }, (_, i) => i % 3 ? i % (width + 1) : -1), "int32");
  const of = (name: string, shapes: number[][], f: Function) => ({ name, shapes, f, ...TERMS });
  return [
    of("embed", [[7, width || 1]], (t) => embed(matrix(t), ids(n, 7))),
    of("gatherRows", [[n + 1, width || 1]], (x) => gatherRows(matrix(x), ids(5, n + 1))),
    of("linear", layer, (x, w, b) => linear(matrix(x), matrix(w), vector(b))),
    of("linearGelu", layer, (x, w, b) => linearGelu(matrix(x), matrix(w), vector(b))),
    of(
      "project",
      [[n, width], [9, width], [9]],
      (x, t, b) => project(matrix(x), matrix(t), vector(b)),
    ),
    one("gelu", gelu, [n, width]),
    one("dropout", (x) => dropout(x, 0.3, 5), [n, width]),
    one("softmaxCrossEntropy", (x) => softmaxCrossEntropy(matrix(x), labels()), [n, width + 1]),
  ];
}

function normCases(n: number, width: number): Case[] {
  const shapes = [[n, width], [n, width], [width], [width]];
  const residual = (rate: number): Function => (x, s, g, b) =>
    residualLayerNorm(matrix(x), matrix(s), vector(g), vector(b), 1e-3, rate, 3);
  return [
    {
      name: "layerNorm",
      shapes: shapes.slice(1),
      f: (x, g, b) => layerNorm(matrix(x), vector(g), vector(b), 1e-3),
      ...TERMS,
    },
    { name: "residualLayerNorm", shapes, f: residual(0), ...TERMS },
    { name: "residualLayerNorm with dropout", shapes, f: residual(0.2), ...TERMS },
  ];
}

function attentionCases(n: number, width: number): Case[] {
  const shape = { batch: 2, length: n, heads: 2 };
  const mask = () => tf.tensor2d(Array.from({ length: 2 * n }, (_, i) => i % 3 ? 1 : 0), [2, n]);
  const drop = { ...shape, dropoutRate: 0.3, seed: 8 };
  const qkv = [2 * n, 6 * width];
  return [
    one("attention", (x) => attention(matrix(x), mask(), shape), qkv, TERMS),
    one("attention with dropout", (x) => attention(matrix(x), mask(), drop), qkv, TERMS),
  ];
}

/** Attention with dropout over three long sequences, by one head. */
export function longAttention(length: number, width: number): Case {
  const row = Array.from({ length }, (_, i) => i % 5 ? 1 : 0);
  const shape = { batch: 3, length, heads: 1, dropoutRate: 0.3, seed: 8 };
  const f = (x: tf.Tensor) => attention(matrix(x), tf.tensor2d([row, row, row]), shape);
  return one(`attention over ${length}`, f, [3 * length, 3 * width], { own: true });
}
