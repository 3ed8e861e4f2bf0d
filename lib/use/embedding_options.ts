/**
 * How a published sentence-embedding model is meant to be used: the files that sentence-transformers
 * puts beside a BERT.
 */
import { FormatError } from "../errors.ts";
import { isRecord, readJson, readJsonIfThere } from "../files/json.ts";
import type { EmbeddingOptions } from "./sentence_embeddings.ts";

const MODULES = "modules.json";

/** The poolings of older files, one switch each; newer files name one of them. */
const SWITCH = /^pooling_mode_(.+)$/;
const POOLINGS: Readonly<Record<string, "mean" | "cls">> = {
  "mean_tokens": "mean",
  "cls_token": "cls",
  mean: "mean",
  cls: "cls",
};

/** One step of a model there. */
interface Module {
  readonly kind: string;
  readonly folder: string;
}

/**
 * The options for `sentenceEmbeddings()` that a folder asks for: pooling, normalisation, length.
 *
 * @returns Nothing set where there is no `modules.json`: the folder is a plain BERT.
 * @throws {FormatError} If a file cannot be read, or the model does more than this library: another
 * pooling, a dense layer.
 *
 * @example
 * ```ts
 * import { embeddingOptions } from "bert/use/embedding_options.ts";
 * import { deepStrictEqual } from "node:assert";
 * deepStrictEqual(await embeddingOptions(await Deno.makeTempDir()), {}); // the defaults
 * ```
 */
export async function embeddingOptions(folder: string): Promise<EmbeddingOptions> {
  const modules = await readModules(folder);
  if (modules.length === 0) return {};
  const options: { -readonly [K in keyof EmbeddingOptions]: EmbeddingOptions[K] } = {};
  for (const { kind, folder: own } of modules) {
    if (kind === "Normalize") options.normalize = true;
    else if (kind === "Pooling") {
      options.pooling = await readPooling(`${folder}/${own}/config.json`);
    }
  }
  const maxLength = await readLength(folder);
  return maxLength === undefined ? options : { ...options, maxLength };
}

/** The most tokens of a text: older files have it in one place, newer ones in the other. */
async function readLength(folder: string): Promise<number | undefined> {
  const path = `${folder}/sentence_bert_config.json`;
  const own = (await readJsonIfThere(path))?.["max_seq_length"] ?? undefined;
  if (own !== undefined && !isLength(own)) {
    throw new FormatError(path, "expected max_seq_length to be a whole number of at least 3");
  }
  const most = (await readJsonIfThere(`${folder}/tokenizer_config.json`))?.["model_max_length"];
  return own ?? (isLength(most) ? most : undefined); // a huge number there means "any"
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 3;
}

async function readModules(folder: string): Promise<Module[]> {
  const path = `${folder}/${MODULES}`;
  let list: unknown;
  try {
    list = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    if (!(error instanceof SyntaxError)) throw error;
    throw new FormatError(path, `expected JSON, found: ${error.message}`);
  }
  if (!Array.isArray(list)) throw new FormatError(path, "expected a list of modules");
  return list.map((entry) => readModule(entry, path));
}

function readModule(entry: unknown, path: string): Module {
  const { type, path: own } = isRecord(entry) ? entry : {};
  if (typeof type !== "string" || typeof own !== "string" || !/^\w*$/.test(own)) {
    throw new FormatError(
      path,
      `expected modules with type and path, found ${JSON.stringify(entry)}`,
    );
  }
  const kind = type.split(".").pop()!;
  if (["Transformer", "Pooling", "Normalize"].includes(kind)) return { kind, folder: own };
  throw new FormatError(path, `the model has a module ${type}, which is not here`);
}

async function readPooling(path: string): Promise<"mean" | "cls"> {
  const json = await readJson(path);
  const named = json["pooling_mode"];
  const chosen = typeof named === "string"
    ? [named]
    : Object.keys(json).filter((key) => SWITCH.test(key) && json[key] === true)
      .map((key) => key.replace(SWITCH, "$1"));
  const [only] = chosen;
  if (chosen.length === 1 && Object.hasOwn(POOLINGS, only)) return POOLINGS[only];
  throw new FormatError(
    path,
    `expected pooling mean or cls, found ${chosen.join(" and ") || "none"}`,
  );
}
