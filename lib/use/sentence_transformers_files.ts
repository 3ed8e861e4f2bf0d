/** The files that sentence-transformers puts beside a model: its modules, pooling, prompts and length. */
import { ConfigError, FormatError } from "../errors.ts";
import { isRecord, parseJson, readJson, readJsonIfThere } from "../files/json.ts";
import { readTextIfThere } from "../files/optional_file.ts";
import { savedPath } from "../files/save_folder.ts";

const MODULES = "modules.json";
export const TRANSFORMER = "sentence_bert_config.json";

/** The names of the switches in older files, one for each pooling. Newer files name the pooling. */
const SWITCH = /^pooling_mode_(.+)$/;

const POOLINGS: Readonly<Record<string, "mean" | "cls">> = {
  "mean_tokens": "mean",
  "cls_token": "cls",
  mean: "mean",
  cls: "cls",
};

/** One module of a model of sentence-transformers. */
export interface Module {
  readonly kind: string;
  readonly folder: string;
}

/** Reads the prompt; empty if the folder has no default and none was named. */
export async function readPrompt(folder: string, promptName: string | undefined): Promise<string> {
  const path = `${folder}/config_sentence_transformers.json`;
  const json = await readJsonIfThere(path) ?? {};
  const kind = json["model_type"] ?? "SentenceTransformer";
  if (kind !== "SentenceTransformer") {
    const found = JSON.stringify(kind);
    throw new FormatError(path, `expected model_type to be SentenceTransformer, found ${found}`);
  }
  const prompts = json["prompts"] ?? {};
  if (!isRecord(prompts)) throw new FormatError(path, "expected prompts to be an object");
  const name = promptName ?? json["default_prompt_name"] ?? undefined;
  if (name === undefined) return "";
  const prompt = Object.hasOwn(prompts, `${name}`) ? prompts[`${name}`] ?? "" : undefined;
  if (typeof prompt === "string") return prompt;
  const known = `must be one of the prompts in ${path}: ${Object.keys(prompts).join(", ")}`;
  if (promptName !== undefined) throw new ConfigError("promptName", promptName, known);
  throw new FormatError(
    path,
    `expected a prompt "${name}" as default_prompt_name says, found none`,
  );
}

/** Reads a setting that is true or false; undefined if it is missing. */
export async function readSwitch(path: string, key: string): Promise<boolean | undefined> {
  const value = (await readJsonIfThere(path))?.[key] ?? undefined;
  if (value === undefined || typeof value === "boolean") return value;
  throw new FormatError(
    path,
    `expected ${key} to be true or false, found ${JSON.stringify(value)}`,
  );
}

/** Reads the greatest number of tokens of a text, which files of different versions store differently. */
export async function readLength(folder: string): Promise<number | undefined> {
  const path = `${folder}/${TRANSFORMER}`;
  const own = (await readJsonIfThere(path))?.["max_seq_length"] ?? undefined;
  if (own !== undefined && !isLength(own)) {
    throw new FormatError(path, "expected max_seq_length to be a whole number of at least 3");
  }
  const settings = await readJsonIfThere(await savedPath(folder, "tokenizer_config.json"));
  const most = settings?.["model_max_length"];
  return own ?? (isLength(most) ? most : undefined); // 1e30 there means that there is no limit
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 3;
}

/** Reads the list of the model's modules, in order; empty if the folder is a plain BERT. */
export async function readModules(folder: string): Promise<Module[]> {
  const path = `${folder}/${MODULES}`;
  const text = await readTextIfThere(path);
  if (text === undefined) return [];
  const list = parseJson(text, path);
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
  throw new FormatError(path, `the model has a module ${type}, which is not supported`);
}

/** Reads how the vectors of tokens are pooled. */
export async function readPooling(path: string): Promise<"mean" | "cls"> {
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
