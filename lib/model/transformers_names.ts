/**
 * Converting names and layouts of weights from and to those of transformers.
 *
 * Three layouts differ, each for a reason that `weights.ts` gives: matrices of dense layers are the
 * transpose of theirs, query, key and value are one matrix here, and the segment table has a row for
 * padding before theirs.
 */

/** The name and layout in transformers of a weight of ours. */
export interface TheirWeight {
  /** One name, or three names of weights whose columns lie side by side here. */
  readonly names: readonly string[];
  /** How the layout there differs from ours. */
  readonly layout: "same" | "transposed" | "segments";
}

/**
 * The name and layout in transformers of one of our weights.
 *
 * @example
 * ```ts
 * import { theirWeight } from "bert/model/transformers_names.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(theirWeight("bert.encoder.layer.0.attention.self.qkv.bias").names, [
 *   "bert.encoder.layer.0.attention.self.query.bias",
 *   "bert.encoder.layer.0.attention.self.key.bias",
 *   "bert.encoder.layer.0.attention.self.value.bias",
 * ]);
 * ```
 */
export function theirWeight(name: string): TheirWeight {
  const names = name.includes(".qkv.")
    ? ["query", "key", "value"].map((part) => name.replace("qkv", part))
    : [name];
  if (name.endsWith("token_type_embeddings.weight")) return { names, layout: "segments" };
  const isDense = name.endsWith(".weight") && !/embeddings|LayerNorm/.test(name);
  return { names, layout: isDense ? "transposed" : "same" };
}

/**
 * The shape in transformers of a weight, from its shape here.
 *
 * @example
 * ```ts
 * import { theirShape, theirWeight } from "bert/model/transformers_names.ts";
 * import { deepStrictEqual } from "node:assert";
 * const inner = theirWeight("bert.encoder.layer.0.intermediate.dense.weight");
 * deepStrictEqual(theirShape([32, 128], inner), [128, 32]);
 * ```
 */
export function theirShape(
  shape: readonly number[],
  { names, layout }: TheirWeight,
): readonly number[] {
  if (layout === "segments") return [shape[0] - 1, shape[1]];
  const [width, ...rows] = [...shape].reverse(); // the parts lie along the last axis
  return layout === "transposed"
    ? [width / names.length, ...rows]
    : [...rows, width / names.length];
}

/**
 * The class of transformers that a model without a classifier is, by the heads among its weights.
 *
 * @example
 * ```ts
 * import { architectureOf } from "bert/model/transformers_names.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(architectureOf(new Set(["cls.predictions.bias"])), "BertForMaskedLM");
 * strictEqual(architectureOf(new Set()), "BertModel");
 * ```
 */
export function architectureOf(weights: { has(name: string): boolean }): string {
  const words = weights.has("cls.predictions.bias");
  const pairs = weights.has("cls.seq_relationship.bias");
  if (words) return pairs ? "BertForPreTraining" : "BertForMaskedLM";
  return pairs ? "BertForNextSentencePrediction" : "BertModel";
}

/** Decoder weights that some programs store a second time: the name of each copy and its original. */
export const TIED: Readonly<Record<string, string>> = {
  "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
  "cls.predictions.decoder.bias": "cls.predictions.bias",
};

/** What to do with a model whose decoder has weights of its own. */
export const TIE_ADVICE =
  "the decoder here is the word embeddings. In Python, set model.config.tie_word_embeddings = True, call " +
  "model.tie_weights() and save it; its masked-word head has to be trained again then";

/**
 * The present name of a weight.
 *
 * Bare encoders leave out `bert.`; checkpoints from TensorFlow say `gamma` and `beta`.
 *
 * @returns `undefined` for buffers that hold no weights.
 *
 * @example
 * ```ts
 * import { canonicalName } from "bert/model/transformers_names.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(canonicalName("embeddings.LayerNorm.beta"), "bert.embeddings.LayerNorm.bias");
 * strictEqual(canonicalName("bert.embeddings.position_ids"), undefined); // a buffer
 * ```
 */
export function canonicalName(name: string): string | undefined {
  if (/(^|\.)(position_ids|token_type_ids)$/.test(name)) return undefined;
  return name.replace(/^(?=embeddings\.|encoder\.|pooler\.)/, "bert.")
    .replace(/LayerNorm\.gamma$/, "LayerNorm.weight")
    .replace(/LayerNorm\.beta$/, "LayerNorm.bias");
}

/**
 * The prefix that a wrapper of the model has added to all names, such as `module.` or `_orig_mod.`:
 * whatever precedes the name of the word embeddings.
 *
 * @returns `""` if there is none, or if there are several models.
 *
 * @example
 * ```ts
 * import { prefixOf } from "bert/model/transformers_names.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(prefixOf(["module.bert.embeddings.word_embeddings.weight", "module.x"]), "module.");
 * strictEqual(prefixOf(["bert.embeddings.word_embeddings.weight"]), "");
 * ```
 */
export function prefixOf(names: readonly string[]): string {
  const before = names.flatMap((name) =>
    /^(.*?)(?:bert\.)?embeddings\.word_embeddings\.weight$/.exec(name)?.[1] ?? []
  );
  return before.length === 1 ? before[0] : "";
}

/**
 * Converts values from their layout to ours.
 *
 * @param parts The values of the weights that `theirWeight()` names, each of the shape in transformers.
 * @param shape The shape of our weight.
 * @param layout The layout in transformers.
 * @param paddingRow Row 0 of the segment table; by default a copy of the first sentence's, which is
 * what transformers gives to padding.
 *
 * @example
 * ```ts
 * import { toOurs } from "bert/model/transformers_names.ts";
 * import { deepStrictEqual } from "node:assert";
 * const theirs = Float32Array.of(1, 2, 3, 4, 5, 6); // [3, 2]
 * deepStrictEqual(toOurs([theirs], [2, 3], "transposed"), Float32Array.of(1, 3, 5, 2, 4, 6));
 * ```
 */
export function toOurs(
  parts: readonly Float32Array[],
  shape: readonly number[],
  layout: TheirWeight["layout"],
  paddingRow?: Float32Array,
): Float32Array {
  if (layout === "segments") return withRow(paddingRow ?? parts[0].subarray(0, shape[1]), parts[0]);
  if (parts.length === 1 && layout === "same") return parts[0];
  const width = shape[shape.length - 1] / parts.length;
  const rows = shape.length === 2 ? shape[0] : 1;
  const ours = new Float32Array(rows * width * parts.length);
  for (const [which, part] of parts.entries()) {
    for (let column = 0; column < width; column++) {
      const to = which * width + column;
      for (let row = 0; row < rows; row++) {
        ours[row * width * parts.length + to] = part[column * rows + row];
      }
    }
  }
  return ours;
}

/**
 * The inverse of `toOurs()`: one of the parts, in their layout.
 *
 * @param ours Our values, of shape `shape`.
 * @param which The part, from 0.
 */
export function toTheirs(
  ours: Float32Array,
  shape: readonly number[],
  { names, layout }: TheirWeight,
  which: number,
): Float32Array {
  if (layout === "segments") return ours.subarray(shape[1]);
  if (names.length === 1 && layout === "same") return ours;
  const all = shape[shape.length - 1];
  const width = all / names.length;
  const rows = shape.length === 2 ? shape[0] : 1;
  const theirs = new Float32Array(rows * width);
  for (let column = 0; column < width; column++) {
    const from = which * width + column;
    for (let row = 0; row < rows; row++) theirs[column * rows + row] = ours[row * all + from];
  }
  return theirs;
}

/** A table with one more row before the others. */
function withRow(first: Float32Array, others: Float32Array): Float32Array {
  const all = new Float32Array(first.length + others.length);
  all.set(first);
  all.set(others, first.length);
  return all;
}
