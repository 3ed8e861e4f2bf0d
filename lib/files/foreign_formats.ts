/**
 * Explaining why a folder has no file of a model: the folder may hold another program's format, be of
 * another kind, or not exist.
 */
import { resolve } from "node:path";
import { FormatError } from "../errors.ts";
import { readNames } from "./read.ts";

/** Files of other formats: a pattern for their names, what they are, and how to convert them. */
const FORMATS: readonly (readonly [name: RegExp, what: string, fix: string])[] = [
  [
    /^bert_model\.ckpt(\..*)?$|^model\.ckpt.*\.index$/,
    "a checkpoint of google-research/bert",
    "load it with from_pretrained(…, from_tf=True) of transformers 4 and TensorFlow, and save it with " +
    "save_pretrained()",
  ],
  [
    /^adapter_model\./,
    "an adapter of PEFT",
    "in Python, load the model with it, call merge_and_unload() and save the result",
  ],
  [
    /^pytorch_model.*\.bin(\.index\.json)?$/,
    "weights of PyTorch",
    "load it in Python with from_pretrained() and save it with save_pretrained()",
  ],
  [
    /^tf_model\.h5$/,
    "weights of TensorFlow",
    "load it in Python with from_pretrained(…, from_tf=True) of transformers 4 and save it with " +
    "save_pretrained()",
  ],
  [
    /^flax_model.*\.msgpack$/,
    "weights of Flax",
    "load it in Python with from_pretrained(…, from_flax=True) of transformers 4 and save it with " +
    "save_pretrained()",
  ],
  [
    /\.onnx$|^onnx$/,
    "a model in ONNX",
    "take the folder that it was made from, the one with model.safetensors",
  ],
  [/\.gguf$/, "a model of llama.cpp", "take the folder that it was made from"],
  [
    /\.(pt|pth|ckpt|bin)$/,
    "weights that were pickled in Python",
    "load them there and save the model with save_pretrained()",
  ],
];

/** The first words of a Git LFS pointer: a small text in place of a file that was not fetched. */
const LFS = "version https://git-lfs.github.com/spec/";

/**
 * The error for a missing file of a model. It says what the folder holds instead, and what to do.
 *
 * @param otherwise The message if the folder gives no explanation.
 */
export async function missingFile(
  folder: string,
  name: string,
  otherwise = "there is no such file: is this the folder of a saved model?",
): Promise<FormatError> {
  return new FormatError(`${folder}/${name}`, await explained(folder) ?? otherwise);
}

/** What the folder holds instead and what to do; undefined if it gives no explanation. */
async function explained(folder: string): Promise<string | undefined> {
  const names = await namesIn(folder);
  if (typeof names === "string") return names;
  if (names.includes("prepared.json")) {
    return "the folder is that of a prepared corpus and holds no model: train one on it by " +
      "deno task pretrain --corpus";
  }
  const hasWeights = names.some((name) => /^model\.safetensors(\.index\.json)?$/.test(name));
  for (const [pattern, what, fix] of FORMATS) {
    const found = names.find((name) => pattern.test(name));
    if (found && !hasWeights) {
      return `there is only ${found}, ${what}, which cannot be read here: ${fix}`;
    }
  }
  if (isRun(names)) {
    return "the folder is that of a run: name a model in it, final or best";
  }
  if (names.includes("0_Transformer")) {
    return "the model lies in 0_Transformer, as older versions of sentence-transformers saved it: name " +
      "that folder";
  }
  if (names.includes("snapshots") && names.includes("blobs")) {
    return "the folder is one of the Hugging Face cache: name a folder under snapshots/ in it";
  }
}

/** Whether files and folders with these names are those of a run. */
export function isRun(names: readonly string[]): boolean {
  return names.includes("checkpoints") && names.includes("metrics.csv");
}

/** The names in a folder, sorted; or, if it has none, a message that says why and what to do. */
async function namesIn(folder: string): Promise<string[] | string> {
  try {
    return (await readNames(folder)).sort();
  } catch (error) {
    const { cause } = error as Error;
    if (cause instanceof Deno.errors.NotADirectory) {
      return "expected a folder, found a file: name the folder that it lies in";
    }
    if (!(cause instanceof Deno.errors.NotFound)) throw error;
  }
  const missing = `there is no folder ${resolve(folder)}`;
  if (!/^[\w.-]+(\/[\w.-]+)?$/.test(folder)) return `${missing}: check the path`;
  const fix = `if "${folder}" is a model of the Hugging Face hub, fetch it first, as with ` +
    `"hf download ${folder} --local-dir FOLDER", and name that folder`;
  return `${missing}. Nothing is fetched from the network here: ${fix}`;
}

/**
 * Throws `FormatError` if a file is a pointer of Git LFS.
 *
 * @param start The beginning of the file, as text or as bytes.
 */
export function refusePointer(start: string | Uint8Array, path: string): void {
  const text = typeof start === "string" ? start : new TextDecoder().decode(start);
  if (!text.startsWith(LFS)) return;
  const problem = "it is a pointer of Git LFS, which stands for the file itself";
  throw new FormatError(path, `${problem}: run "git lfs pull" in the clone`);
}
