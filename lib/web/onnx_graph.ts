/**
 * A graph in the ONNX format: values with names, the nodes that compute them, and weights. The file is
 * a protobuf message, and such messages can be written piece by piece: the few kilobytes of the nodes
 * go through `onnx-proto`, and the weights follow one after the other, so that no second copy of the
 * model is ever in memory.
 */
import onnxProto, { type onnx as Onnx } from "onnx-proto";
import { ConfigError } from "../errors.ts";

const onnx = onnxProto.onnx;

/** The type of a tensor's numbers, by ONNX's name. */
export type ElementType = "FLOAT" | "FLOAT16" | "INT64" | "UINT8";

/** The version of the operator set: 17, of 2022, is the first one with LayerNormalization. */
const OPERATORS = 17;

/** The version of the file format that came with those operators. */
const FORMAT = 8;

/** The limit of a protobuf message, and so of an ONNX file, in bytes. */
const MOST_BYTES = 2 ** 31 - 1;

/** The field numbers of the messages that contain a weight's values. These are written by hand. */
const GRAPH_OF_MODEL = 7;
const WEIGHT_OF_GRAPH = 5;
const VALUES_OF_WEIGHT = 9;

/** A tensor that is stored in the file. */
export interface StoredTensor {
  /** A name that no other tensor of the file has. */
  readonly name: string;
  /** The length of each axis. */
  readonly shape: readonly number[];
  /** The type of its values. */
  readonly type: ElementType;
  /** The length of its values, in bytes. */
  readonly size: number;
  /** Returns its values, row-major and little-endian. It is called while the file is written. */
  read(): Promise<Uint8Array>;
}

/** An attribute of a node: a whole number, a list of them, a type, or a real number as `{ float }`. */
export type Attribute = number | readonly number[] | ElementType | { readonly float: number };

/** An axis of an input or output: a length, or the name of one that is not fixed. */
export type Axis = number | string;

/**
 * A graph that is built from its inputs to its outputs.
 *
 * @example
 * ```ts
 * import { OnnxGraph } from "bert/web/onnx_graph.ts";
 * import { ok } from "node:assert";
 * const graph = new OnnxGraph("sum");
 * const x = graph.input("x", "FLOAT", ["batch", 2]);
 * const bias = graph.constant("bias", Float32Array.of(1, 2), [2]);
 * graph.output("y", graph.node("Add", [x, bias]), "FLOAT", ["batch", 2]);
 * const path = await Deno.makeTempFile();
 * await graph.write(path);
 * ok((await Deno.stat(path)).size > 50);
 * ```
 */
export class OnnxGraph {
  readonly #name: string;
  readonly #nodes: Onnx.INodeProto[] = [];
  readonly #inputs: Onnx.IValueInfoProto[] = [];
  readonly #outputs: Onnx.IValueInfoProto[] = [];
  readonly #weights = new Map<string, StoredTensor>();
  readonly #counts = new Map<string, number>();
  #part = "";

  /**
   * Makes an empty graph.
   *
   * @param name The name of the graph, which viewers show.
   */
  constructor(name: string) {
    this.#name = name;
  }

  /** Declares an input, and returns its name. */
  input(name: string, type: ElementType, shape: readonly Axis[]): string {
    this.#inputs.push(valueInfo(name, type, shape));
    return name;
  }

  /** Makes a value an output with a name. */
  output(name: string, value: string, type: ElementType, shape: readonly Axis[]): void {
    this.#nodes.push({ opType: "Identity", name, input: [value], output: [name] });
    this.#outputs.push(valueInfo(name, type, shape));
  }

  /** Adds a stored tensor unless there is one of that name, and returns the name. */
  weight(tensor: StoredTensor): string {
    if (!this.#weights.has(tensor.name)) this.#weights.set(tensor.name, tensor);
    return tensor.name;
  }

  /** Adds a small constant tensor unless there is one of that name, and returns the name. */
  constant(
    name: string,
    values: Float32Array | BigInt64Array | Uint8Array,
    shape: readonly number[] = [],
  ): string {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const type = values instanceof Float32Array
      ? "FLOAT"
      : values instanceof BigInt64Array
      ? "INT64"
      : "UINT8";
    return this.weight({
      name,
      shape,
      type,
      size: bytes.length,
      read: () => Promise.resolve(bytes),
    });
  }

  /** Calls `build`. The names of the nodes that it adds begin with `part`, so that viewers group them. */
  inPart<T>(part: string, build: () => T): T {
    const outer = this.#part;
    this.#part = `${outer}${part}/`;
    try {
      return build();
    } finally {
      this.#part = outer;
    }
  }

  /** Adds a node with one output, and returns the output's name. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    return this.nodes(operator, inputs, 1, attributes)[0];
  }

  /** Adds a node with several outputs, and returns their names. */
  nodes(
    operator: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string[] {
    const stem = `${this.#part}${operator}`;
    const count = (this.#counts.get(stem) ?? 0) + 1;
    this.#counts.set(stem, count);
    const name = count === 1 ? stem : `${stem}_${count}`;
    const output = Array.from({ length: outputs }, (_, i) => outputs === 1 ? name : `${name}:${i}`);
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.#nodes.push({ opType: operator, name, input: [...inputs], output, attribute });
    return output;
  }

  /**
   * Writes the file. Memory holds one weight at a time.
   *
   * @returns The offset of each weight's values in the file, in bytes, by the weight's name.
   * @throws {ConfigError} If the weights need more than the 2 GiB that the format can hold.
   */
  async write(path: string): Promise<ReadonlyMap<string, number>> {
    const head = onnx.ModelProto.encode({
      irVersion: FORMAT,
      producerName: "bert-pretraining",
      opsetImport: [{ domain: "", version: OPERATORS }],
    }).finish();
    const nodes = onnx.GraphProto.encode({
      name: this.#name,
      node: this.#nodes,
      input: this.#inputs,
      output: this.#outputs,
    }).finish();
    const weights = [...this.#weights.values()].map((tensor) => ({
      tensor,
      head: onnx.TensorProto.encode({
        name: tensor.name,
        dims: [...tensor.shape],
        dataType: onnx.TensorProto.DataType[tensor.type],
      }).finish(),
    }));
    const heads = weights.map(({ tensor, head }) => weightHead(head, tensor.size));
    const values = weights.reduce((sum, { tensor }) => sum + tensor.size, 0);
    const length = nodes.length + values + heads.reduce((sum, bytes) => sum + bytes.length, 0);
    checkLength(length);
    using file = await Deno.open(path, { write: true, create: true, truncate: true });
    const start = fieldStart(GRAPH_OF_MODEL, length);
    for (const bytes of [head, start, nodes]) await writeAll(file, bytes);
    let at = head.length + start.length + nodes.length;
    const places = new Map<string, number>();
    for (const [i, { tensor }] of weights.entries()) {
      await writeAll(file, heads[i]);
      at += heads[i].length;
      places.set(tensor.name, at);
      await writeAll(file, await tensor.read());
      at += tensor.size;
    }
    await file.sync();
    return places;
  }
}

/** The bytes of a weight's message that come before its values. */
function weightHead(head: Uint8Array, size: number): Uint8Array {
  const values = fieldStart(VALUES_OF_WEIGHT, size);
  const start = fieldStart(WEIGHT_OF_GRAPH, head.length + values.length + size);
  return Uint8Array.of(...start, ...head, ...values);
}

/** The number and the length of a field, which protobuf writes before the bytes of the field. */
function fieldStart(field: number, length: number): Uint8Array {
  return Uint8Array.of(...variableLength(field << 3 | 2), ...variableLength(length));
}

/**
 * A number as protobuf writes it: seven bits in each byte, the lowest first. All bytes but the last one
 * have their highest bit set.
 */
function variableLength(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...variableLength(Math.floor(value / 128))];
}

function checkLength(length: number): void {
  if (length <= MOST_BYTES) return;
  const advice =
    "must be at most 2147483647, the limit of an ONNX file: write fp16 or q8, which need less";
  throw new ConfigError("bytes of the ONNX file", length, advice);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

function valueInfo(name: string, type: ElementType, shape: readonly Axis[]): Onnx.IValueInfoProto {
  const elemType = onnx.TensorProto.DataType[type];
  const dim = shape.map((axis) =>
    typeof axis === "number" ? { dimValue: axis } : { dimParam: axis }
  );
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

function attributeProto(name: string, value: Attribute): Onnx.IAttributeProto {
  const { FLOAT, INT, INTS } = onnx.AttributeProto.AttributeType;
  if (typeof value === "number") return { name, type: INT, i: value };
  if (typeof value === "string") {
    return { name, type: INT, i: onnx.TensorProto.DataType[value] };
  }
  if ("float" in value) return { name, type: FLOAT, f: value.float };
  return { name, type: INTS, ints: [...value] };
}
