/**
 * BERT as an ONNX graph: the computation of `model/layers.ts` and `model/heads.ts` in the operators
 * of ONNX. The names of the weights decide which heads it has.
 */
import { checkOptions } from "../checks.ts";
import type * as tf from "@tensorflow/tfjs";
import type { BertConfig, HiddenAct } from "../config.ts";
import type { HostTensor } from "../files/safetensors.ts";
import type { ClassifierPooling } from "../model/classes_json.ts";
import { OnnxGraph } from "./onnx_graph.ts";
import { type Dtype, OnnxWeights } from "./onnx_weights.ts";

/** How the vectors of a sequence are combined into one. */
export interface Pooling {
  /** The mean of all tokens, or the vector at `[CLS]`. */
  readonly pooling: "mean" | "cls";
  /** Whether the vector is scaled to length 1. */
  readonly normalize: boolean;
}

/** Options of a graph. */
export interface GraphOptions {
  /** How matrices and tables are stored. */
  readonly dtype: Dtype;
  /** For an encoder: the pooling of another output, `sentence_embedding` [B, H]. Default: none. */
  readonly sentence?: Pooling;
  /**
   * The input of a classifier's last layer: the pooler's vector (default), the mean of all tokens, or
   * each token's own vector.
   */
  readonly classifierPooling?: ClassifierPooling;
  /** Whether to add outputs `attentions.0` [B, A, T, T] and so on, one for each layer. Default false. */
  readonly attentions?: boolean;
  /** Whether a model with heads has the output `last_hidden_state`, too. Default false. */
  readonly lastHiddenState?: boolean;
}

const OPTIONS = ["dtype", "sentence", "classifierPooling", "attentions", "lastHiddenState"];

/**
 * Makes the graph of a model.
 *
 * Inputs are those of transformers: `input_ids`, `attention_mask` and `token_type_ids`, [B, T] int64
 * each, with the segments 0 and 1. Outputs are `logits` [B, T, V] of the masked-word head,
 * `seq_relationship_logits` [B, 2] of the next-sentence head, `logits` [B, C] of a classifier of texts
 * or [B, T, C] of one of words, and without any of these `last_hidden_state` [B, T, H].
 *
 * @param weights The weights by the names of `model/weights.ts`. They are read when the graph is
 * written.
 */
export function bertGraph(
  config: BertConfig,
  weights: ReadonlyMap<string, tf.Variable | HostTensor>,
  options: GraphOptions,
): OnnxGraph {
  checkOptions("bertGraph()", options, OPTIONS);
  const graph = new OnnxGraph("BERT");
  new BertGraph(graph, config, new OnnxWeights(graph, weights, options.dtype)).build(options);
  return graph;
}

/** A graph that is being built. */
class BertGraph {
  readonly #graph: OnnxGraph;
  readonly #config: BertConfig;
  readonly #weights: OnnxWeights;

  constructor(graph: OnnxGraph, config: BertConfig, weights: OnnxWeights) {
    this.#graph = graph;
    this.#config = config;
    this.#weights = weights;
  }

  build(options: GraphOptions): void {
    const { hiddenSize: width, numAttentionHeads: heads } = this.#config;
    const ids = this.#graph.input("input_ids", "INT64", ["batch", "sequence"]);
    const mask = this.#graph.input("attention_mask", "INT64", ["batch", "sequence"]);
    const segments = this.#graph.input("token_type_ids", "INT64", ["batch", "sequence"]);
    const shares = this.#graph.node("Cast", [mask], { to: "FLOAT" }); // [B, T]
    const additive = this.#graph.inPart("mask", () => this.#additiveMask(shares));
    let x = this.#graph.inPart("embeddings", () => this.#embeddings(ids, segments));
    for (let layer = 0; layer < this.#config.numHiddenLayers; layer++) {
      const name = `bert.encoder.layer.${layer}`;
      const { output, attention } = this.#graph.inPart(
        `layer.${layer}`,
        () => this.#layer(x, additive, name),
      );
      x = output;
      if (!options.attentions) continue;
      const shape = ["batch", heads, "sequence", "sequence"];
      this.#graph.output(`attentions.${layer}`, attention, "FLOAT", shape);
    }
    const isEncoder = !this.#heads(x, shares, options);
    if (!isEncoder && !options.lastHiddenState) return;
    this.#graph.output("last_hidden_state", x, "FLOAT", ["batch", "sequence", width]);
    if (!isEncoder || !options.sentence) return;
    const sentence = this.#sentence(x, shares, options.sentence);
    this.#graph.output("sentence_embedding", sentence, "FLOAT", ["batch", width]);
  }

  /** Adds the outputs of the heads that the model has; false if it has none. */
  #heads(x: string, shares: string, { classifierPooling = "cls" }: GraphOptions): boolean {
    const { vocabSize } = this.#config;
    const hasWords = this.#weights.has("cls.predictions.bias");
    const hasPairs = this.#weights.has("cls.seq_relationship.weight");
    const classes = this.#weights.sizeOf("classifier.bias");
    if (hasWords) {
      const logits = this.#graph.inPart("words", () => this.#wordLogits(x));
      this.#graph.output("logits", logits, "FLOAT", ["batch", "sequence", vocabSize]);
    }
    if (hasPairs) {
      const logits = this.#graph.inPart(
        "pairs",
        () => this.#weights.dense(this.#pooled(x), "cls.seq_relationship"),
      );
      this.#graph.output("seq_relationship_logits", logits, "FLOAT", ["batch", 2]);
    }
    if (classes !== undefined) {
      const logits = this.#graph.inPart(
        "classes",
        () => this.#weights.dense(this.#classified(x, shares, classifierPooling), "classifier"),
      );
      const rows = classifierPooling === "none" ? ["batch", "sequence"] : ["batch"];
      this.#graph.output("logits", logits, "FLOAT", [...rows, classes]);
    }
    return hasWords || hasPairs || classes !== undefined;
  }

  /** The vectors that a classifier judges: [B, T, H] -> [B, H], or unchanged for one of words. */
  #classified(x: string, shares: string, pooling: ClassifierPooling): string {
    if (pooling === "none") return x;
    return pooling === "cls" ? this.#pooled(x) : this.#mean(x, shares);
  }

  /** The mask that is added to attention scores: 0 at tokens and -10000 at padding, [B, 1, 1, T]. */
  #additiveMask(shares: string): string {
    const hidden = this.#graph.node("Sub", [this.#number("one", 1), shares]);
    const additive = this.#graph.node("Mul", [hidden, this.#number("minus_ten_thousand", -10000)]);
    return this.#graph.node("Unsqueeze", [additive, this.#axes(1, 2)]);
  }

  /** The normalised sum of word, segment and position embeddings: [B, T] -> [B, T, H]. */
  #embeddings(ids: string, segments: string): string {
    const name = "bert.embeddings";
    const shape = this.#graph.node("Shape", [ids]);
    const one = this.#graph.constant("index_one", BigInt64Array.of(1n));
    const zero = this.#graph.constant("index_zero", BigInt64Array.of(0n));
    const length = this.#graph.node("Gather", [shape, one]); // T
    const positions = this.#graph.node("Range", [zero, length, one]); // [T]
    const word = this.#weights.lookUp(`${name}.word_embeddings.weight`, ids);
    // row 0 of the segments is for padding; transformers has only the two others, as 0 and 1
    const segment = this.#weights.lookUp(`${name}.token_type_embeddings.weight`, segments, 1);
    const position = this.#weights.lookUp(`${name}.position_embeddings.weight`, positions);
    const sum = this.#graph.node("Add", [this.#graph.node("Add", [word, segment]), position]);
    return this.#norm(sum, `${name}.LayerNorm`);
  }

  /** One encoder layer: [B, T, H] -> [B, T, H], and the attention weights [B, A, T, T]. */
  #layer(x: string, mask: string, name: string): { output: string; attention: string } {
    const { context, attention } = this.#attention(x, mask, `${name}.attention.self.qkv`);
    const mixed = this.#weights.dense(context, `${name}.attention.output.dense`);
    const attended = this.#residual(x, mixed, `${name}.attention.output.LayerNorm`);
    const wide = this.#activate(this.#weights.dense(attended, `${name}.intermediate.dense`));
    const narrow = this.#weights.dense(wide, `${name}.output.dense`);
    return { output: this.#residual(attended, narrow, `${name}.output.LayerNorm`), attention };
  }

  #attention(x: string, mask: string, name: string): { context: string; attention: string } {
    const { hiddenSize: width, numAttentionHeads: heads } = this.#config;
    const qkv = this.#weights.dense(x, name); // [B, T, 3H]
    const [queries, keys, values] = this.#graph.nodes("Split", [qkv], 3, { axis: -1 });
    const split = this.#shape(0, 0, heads, width / heads);
    const byHead = (part: string, perm: number[]) =>
      this.#graph.node("Transpose", [this.#graph.node("Reshape", [part, split])], { perm });
    const products = this.#graph.node("MatMul", [
      byHead(queries, [0, 2, 1, 3]), // [B, A, T, D]
      byHead(keys, [0, 2, 3, 1]), // [B, A, D, T]
    ]);
    const scale = this.#number("attention_scale", 1 / Math.sqrt(width / heads));
    const scores = this.#graph.node("Add", [this.#graph.node("Mul", [products, scale]), mask]);
    const attention = this.#graph.node("Softmax", [scores], { axis: -1 }); // [B, A, T, T]
    const mixed = this.#graph.node("MatMul", [attention, byHead(values, [0, 2, 1, 3])]);
    const joined = this.#graph.node("Transpose", [mixed], { perm: [0, 2, 1, 3] }); // [B, T, A, D]
    return {
      context: this.#graph.node("Reshape", [joined, this.#shape(0, 0, width)]), // [B, T, H]
      attention,
    };
  }

  /** The masked-word head, whose decoder is the table of word embeddings: [B, T, H] -> [B, T, V]. */
  #wordLogits(x: string): string {
    const { hiddenSize: width, vocabSize } = this.#config;
    const transform = "cls.predictions.transform";
    const changed = this.#activate(this.#weights.dense(x, `${transform}.dense`));
    const normed = this.#norm(changed, `${transform}.LayerNorm`);
    const rows = this.#graph.node("Reshape", [normed, this.#shape(-1, width)]); // [B*T, H]
    const table = "bert.embeddings.word_embeddings.weight";
    const scores = this.#weights.scores(rows, table, "cls.predictions.bias"); // [B*T, V]
    const two = this.#graph.constant("index_two", BigInt64Array.of(2n), [1]);
    const zero = this.#graph.constant("from_zero", BigInt64Array.of(0n), [1]);
    const places = this.#graph.node("Slice", [this.#graph.node("Shape", [x]), zero, two]); // B, T
    const words = this.#graph.constant("words", BigInt64Array.of(BigInt(vocabSize)), [1]);
    const shape = this.#graph.node("Concat", [places, words], { axis: 0 });
    return this.#graph.node("Reshape", [scores, shape]); // [B, T, V]
  }

  /** [B, T, H] -> [B, H]: the vector at `[CLS]` through a dense layer and tanh. */
  #pooled(x: string): string {
    return this.#graph.node("Tanh", [
      this.#weights.dense(this.#first(x), "bert.pooler.dense"),
    ]);
  }

  #sentence(x: string, shares: string, { pooling, normalize }: Pooling): string {
    const vector = pooling === "cls" ? this.#first(x) : this.#mean(x, shares);
    if (!normalize) return vector;
    const length = this.#graph.node("ReduceL2", [vector], { axes: [1], keepdims: 1 });
    const least = this.#number("least_length", 1e-12);
    return this.#graph.node("Div", [vector, this.#graph.node("Max", [length, least])]);
  }

  #first(x: string): string {
    const zero = this.#graph.constant("index_zero", BigInt64Array.of(0n));
    return this.#graph.node("Gather", [x, zero], { axis: 1 });
  }

  /** The mean of each sequence's vectors, without padding: [B, T, H] -> [B, H]. */
  #mean(x: string, shares: string): string {
    const weights = this.#graph.node("Unsqueeze", [shares, this.#axes(2)]); // [B, T, 1]
    const counted = this.#graph.node("Mul", [x, weights]);
    const sum = this.#graph.node("ReduceSum", [counted, this.#axes(1)], { keepdims: 0 }); // [B, H]
    const count = this.#graph.node("ReduceSum", [weights, this.#axes(1)], { keepdims: 0 }); // [B, 1]
    return this.#graph.node("Div", [
      sum,
      this.#graph.node("Max", [count, this.#number("one", 1)]),
    ]);
  }

  #residual(x: string, sublayer: string, name: string): string {
    return this.#norm(this.#graph.node("Add", [x, sublayer]), name);
  }

  #norm(x: string, name: string): string {
    const weights = [this.#weights.vector(`${name}.weight`), this.#weights.vector(`${name}.bias`)];
    const epsilon = { float: this.#config.layerNormEps };
    return this.#graph.node("LayerNormalization", [x, ...weights], { axis: -1, epsilon });
  }

  #activate(x: string): string {
    const number = (name: string, value: number) => this.#number(name, value);
    return activation(this.#graph, x, this.#config.hiddenAct, number);
  }

  #number(name: string, value: number): string {
    return this.#graph.constant(name, Float32Array.of(value));
  }

  #axes(...axes: number[]): string {
    return this.#integers("axes", axes);
  }

  /** A shape for Reshape: 0 keeps an axis, -1 is computed from the rest. */
  #shape(...axes: number[]): string {
    return this.#integers("shape", axes);
  }

  #integers(what: string, values: readonly number[]): string {
    const integers = BigInt64Array.from(values, BigInt);
    return this.#graph.constant(`${what}_${values.join("_")}`, integers, [values.length]);
  }
}

/** Adds a constant of one number to the graph, and returns its name. */
type Numbers = (name: string, value: number) => string;

/** The activations of `model/ops/activation.ts`. */
function activation(graph: OnnxGraph, x: string, name: HiddenAct, number: Numbers): string {
  switch (name) {
    case "gelu":
    case "gelu_python":
      return gelu(graph, x, number);
    case "gelu_new":
    case "gelu_fast":
    case "gelu_accurate":
    case "gelu_pytorch_tanh":
    case "gelu_python_tanh":
      return geluTanh(graph, x, number);
    case "quick_gelu":
      return graph.node("Mul", [
        x,
        graph.node("Sigmoid", [graph.node("Mul", [x, number("quick", 1.702)])]),
      ]);
    case "silu":
    case "swish":
      return graph.node("Mul", [x, graph.node("Sigmoid", [x])]);
    case "relu":
      return graph.node("Relu", [x]);
    case "tanh":
      return graph.node("Tanh", [x]);
  }
}

/** x · Φ(x) = x · (1 + erf(x / √2)) / 2, in the form that onnxruntime fuses into one operation. */
function gelu(graph: OnnxGraph, x: string, number: Numbers): string {
  const erf = graph.node("Erf", [graph.node("Div", [x, number("root_two", Math.SQRT2)])]);
  const sum = graph.node("Add", [erf, number("one", 1)]);
  return graph.node("Mul", [graph.node("Mul", [x, sum]), number("half", 0.5)]);
}

/** x · (1 + tanh(√(2/π) · (x + 0.044715 x³))) / 2. */
function geluTanh(graph: OnnxGraph, x: string, number: Numbers): string {
  const square = graph.node("Mul", [x, x]);
  const cube = graph.node("Mul", [graph.node("Mul", [square, x]), number("cubic", 0.044715)]);
  const scale = number("root_two_by_pi", Math.sqrt(2 / Math.PI));
  const inner = graph.node("Mul", [graph.node("Add", [x, cube]), scale]);
  const sum = graph.node("Add", [graph.node("Tanh", [inner]), number("one", 1)]);
  return graph.node("Mul", [graph.node("Mul", [x, sum]), number("half", 0.5)]);
}
