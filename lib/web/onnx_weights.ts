/**
 * The weights of a model in an ONNX graph, in one of three precisions, and the operations that use
 * them: looking up rows, multiplying by a matrix, and multiplying by the transpose of a table.
 */
import type * as tf from "@tensorflow/tfjs";
import type { HostTensor } from "../files/safetensors.ts";
import { checkFinite, checkFits, MOST_IN_HALF } from "../model/finite_values.ts";
import { valuesOf } from "../model/weights_file.ts";
import { type ElementType, OnnxGraph } from "./onnx_graph.ts";

/**
 * How matrices and tables are stored, by the names of transformers.js.
 *
 * - `fp32`: float32.
 * - `fp16`: float16, with 11 significant bits. Computations are in float32.
 * - `q8`: whole numbers of 8 bits, with a scale for each column of a matrix and each row of a table. The
 *   activations that are multiplied by them are rounded to 8 bits, too, in each computation.
 */
export type Dtype = "fp32" | "fp16" | "q8";

/** The zero point of the 8 bits, which are unsigned so that their sums are exact on every machine. */
const ZERO = 128;

/** A weight that the graph needs. */
interface Source {
  readonly shape: readonly number[];
  read(): Promise<Float32Array>;
}

/**
 * The weights of a model as a graph uses them.
 *
 * Source: `DynamicQuantizeLinear` and `MatMulInteger` in ONNX's list of operators; Jacob et al. 2018,
 * "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference".
 */
export class OnnxWeights {
  readonly #graph: OnnxGraph;
  readonly #weights: ReadonlyMap<string, tf.Variable | HostTensor>;
  readonly #dtype: Dtype;

  /**
   * Makes the weights of a graph. They are added to it when they are used.
   *
   * @param weights The weights by name. They are read when the graph is written.
   */
  constructor(
    graph: OnnxGraph,
    weights: ReadonlyMap<string, tf.Variable | HostTensor>,
    dtype: Dtype,
  ) {
    this.#graph = graph;
    this.#weights = weights;
    this.#dtype = dtype;
  }

  /** Whether the model has a weight of that name. */
  has(name: string): boolean {
    return this.#weights.has(name);
  }

  /** The length of a vector; undefined if the model has no weight of that name. */
  sizeOf(name: string): number | undefined {
    return this.#weights.get(name)?.shape[0];
  }

  /** Adds a vector of weights [N], such as a bias, which is always float32. Returns its name. */
  vector(name: string): string {
    const source = this.#find(name);
    return this.#store(name, source, "FLOAT", 4, (values) => values);
  }

  /**
   * Looks up the rows `ids` [...] of a table [R, H], which gives [..., H]. The first `first` rows of the
   * table are left out, so that id 0 is the row after them.
   */
  lookUp(name: string, ids: string, first = 0): string {
    const source = withoutRows(this.#find(name), first);
    if (this.#dtype !== "q8") {
      return this.#asFloat(this.#graph.node("Gather", [this.#plain(name, source), ids]));
    }
    const { numbers, scales } = this.#rounded(name, source, "rows");
    const rows = this.#graph.node("Gather", [numbers, ids]); // [..., H] in 8 bits
    const scale = this.#graph.node("Gather", [scales, ids]); // [..., 1]
    const floats = this.#graph.node("Cast", [rows], { to: "FLOAT" });
    const zero = this.#graph.constant("zero_float", Float32Array.of(ZERO));
    return this.#graph.node("Mul", [this.#graph.node("Sub", [floats, zero]), scale]);
  }

  /** Multiplies `x` [..., I] by a matrix [I, O] and adds a bias [O]: [..., O]. */
  dense(x: string, name: string): string {
    const weight = `${name}.weight`;
    const bias = this.vector(`${name}.bias`);
    const source = this.#find(weight);
    if (this.#dtype !== "q8") {
      const matrix = this.#asFloat(this.#plain(weight, source));
      return this.#graph.node("Add", [this.#graph.node("MatMul", [x, matrix]), bias]);
    }
    const { numbers, scales } = this.#rounded(weight, source, "columns");
    return this.#graph.node("Add", [this.#product(x, numbers, scales), bias]);
  }

  /** Multiplies `x` [N, H] by the transpose of a table [R, H] and adds a bias [R]: [N, R]. */
  scores(x: string, table: string, bias: string): string {
    const source = this.#find(table);
    const last = this.vector(bias);
    if (this.#dtype !== "q8") {
      const rows = this.#asFloat(this.#plain(table, source));
      return this.#graph.node("Gemm", [x, rows, last], { transB: 1 });
    }
    const { numbers, scales } = this.#rounded(table, source, "rows");
    const columns = this.#graph.node("Transpose", [numbers], { perm: [1, 0] }); // [H, R]
    const shape = this.#graph.constant("flat", BigInt64Array.of(-1n), [1]);
    const flat = this.#graph.node("Reshape", [scales, shape]); // [R]
    return this.#graph.node("Add", [this.#product(x, columns, flat), last]);
  }

  /**
   * Multiplies `x` by a matrix of 8-bit numbers, and each column of the result by its scale. `x` is rounded
   * to 8 bits, and products are summed in 32 bits.
   */
  #product(x: string, numbers: string, scales: string): string {
    const [rounded, xScale, xZero] = this.#graph.nodes("DynamicQuantizeLinear", [x], 3);
    const zero = this.#graph.constant("zero", Uint8Array.of(ZERO));
    const sums = this.#graph.node("MatMulInteger", [rounded, numbers, xZero, zero]);
    const floats = this.#graph.node("Cast", [sums], { to: "FLOAT" });
    return this.#graph.node("Mul", [floats, this.#graph.node("Mul", [xScale, scales])]);
  }

  #asFloat(value: string): string {
    return this.#dtype === "fp16" ? this.#graph.node("Cast", [value], { to: "FLOAT" }) : value;
  }

  #plain(name: string, source: Source): string {
    return this.#dtype === "fp16"
      ? this.#store(name, source, "FLOAT16", 2, (values) => toHalf(name, values))
      : this.#store(name, source, "FLOAT", 4, (values) => values);
  }

  /** Adds a matrix in 8 bits, and the scale of each of its rows [R, 1] or columns [C]. */
  #rounded(name: string, source: Source, along: "rows" | "columns") {
    const columns = source.shape[1];
    let scales: Float32Array | undefined; // set when the numbers are written
    const round = async () => roundTo8Bits(await source.read(), columns, along);
    const numbers = this.#graph.weight({
      name: `${name}.numbers`,
      shape: source.shape,
      type: "UINT8",
      size: source.shape[0] * columns,
      read: async () => {
        const rounded = await round();
        scales = rounded.scales;
        return rounded.numbers;
      },
    });
    const shape = along === "rows" ? [source.shape[0], 1] : [columns];
    return {
      numbers,
      scales: this.#graph.weight({
        name: `${name}.scales`,
        shape,
        type: "FLOAT",
        size: 4 * shape[0],
        read: async () => bytesOf(scales ?? (await round()).scales),
      }),
    };
  }

  #store(
    name: string,
    source: Source,
    type: ElementType,
    width: number,
    pack: (values: Float32Array) => Float32Array | Float16Array | Uint8Array,
  ): string {
    const { shape } = source;
    const size = width * shape.reduce((product, axis) => product * axis, 1);
    const read = async () => bytesOf(pack(await source.read()));
    return this.#graph.weight({ name, shape, type, size, read });
  }

  #find(name: string): Source {
    const weight = this.#weights.get(name);
    if (weight) return { shape: weight.shape, read: () => finiteValues(name, weight) };
    throw new TypeError(`Cannot write the model: it has no weight "${name}"`);
  }
}

/** The values of a weight. Throws `ConfigError` if some are NaN or infinite. */
async function finiteValues(name: string, weight: tf.Variable | HostTensor) {
  const values = await valuesOf(weight);
  checkFinite(name, values);
  return values;
}

/** Rounds to float16. Throws `ConfigError` if a value would become infinite. */
function toHalf(name: string, values: Float32Array): Float16Array {
  const fix = "leave fp16 out, and take fp32 or q8";
  checkFits(name, values, MOST_IN_HALF, ["dtypes", "fp16"], fix);
  return new Float16Array(values);
}

function withoutRows({ shape: [rows, columns], read }: Source, count: number): Source {
  const rest = async () => (await read()).subarray(count * columns);
  return { shape: [rows - count, columns], read: rest };
}

/** Rounds a matrix to 8 bits. The values of row or column i are then `scales[i] * (number - 128)`. */
function roundTo8Bits(values: Float32Array, columns: number, along: "rows" | "columns") {
  const rows = values.length / columns;
  const scales = new Float32Array(along === "rows" ? rows : columns);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      const at = along === "rows" ? row : column;
      scales[at] = Math.max(scales[at], Math.abs(values[i]) / 127);
    }
  }
  const numbers = new Uint8Array(values.length);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      const scale = scales[along === "rows" ? row : column] || 1; // the scale of zeros is 0
      numbers[i] = Math.round(values[i] / scale) + ZERO;
    }
  }
  return { numbers, scales };
}

function bytesOf(values: Float32Array | Float16Array | Uint8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
