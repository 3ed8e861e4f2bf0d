/** The fields of `config.json` that describe the classes of a classifier, under their transformers names. */
import { checkChoice } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { isRecord } from "../files/json.ts";
import { several } from "../format.ts";

/**
 * How the scores of classes become probabilities.
 *
 * - `"softmax"`: a text has exactly one of the classes; the probabilities sum to 1.
 * - `"sigmoid"`: a text may have several classes; each has a probability of its own.
 * - `"none"`: the scores stay as they are (regression).
 */
export type Shares = "softmax" | "sigmoid" | "none";

/** The ways in which scores become probabilities. */
const SHARES: readonly Shares[] = ["softmax", "sigmoid", "none"];

/**
 * What a classifier judges by: the vector of `[CLS]` after the pooler or the mean of all tokens, for
 * a text; `"none"`, each token's own vector, for its words.
 */
export type ClassifierPooling = "cls" | "mean" | "none";

/** The classes of a classifier. */
export interface Classes {
  /** Their names, in their order; all different. */
  readonly labels: readonly string[];
  /** How their scores become probabilities. */
  readonly shares: Shares;
  /** The vector that is classified. */
  readonly pooling: ClassifierPooling;
}

/** The classes of a classifier of texts. */
export interface TextClasses extends Classes {
  /** The vector that stands for the text. */
  readonly pooling: "cls" | "mean";
}

/** The classes of a classifier of words. */
export interface WordClasses extends Classes {
  /** Each token is classified by its own vector. */
  readonly pooling: "none";
}

const PROBLEM_TYPES: Readonly<Record<Shares, string>> = {
  softmax: "single_label_classification",
  sigmoid: "multi_label_classification",
  none: "regression",
};

/** The field for `"mean"`. It is that of ModernBERT in transformers, whose BERT classifier ignores it. */
const POOLING = "classifier_pooling";

/**
 * The classes that a `config.json` names; `LABEL_0` and so on if it names none.
 *
 * @param json The contents of the file.
 * @param count The number of classes.
 * @param kind What is classified, as `classifierKind()` says.
 * @throws {ConfigError} If it does not name each class, or names an unknown pooling or problem type.
 *
 * Source: `PretrainedConfig.id2label`; `TextClassificationPipeline.postprocess()` for the
 * probabilities, which are always those of softmax in `TokenClassificationPipeline`.
 */
export function classesFromJson(
  json: Readonly<Record<string, unknown>>,
  count: number,
  kind: keyof typeof OPENED_WITH,
): TextClasses | WordClasses {
  const labels = namesIn(json["id2label"] ?? undefined, count);
  if (kind === "words") return { labels, shares: "softmax", pooling: "none" };
  const pooling = json[POOLING] ?? "cls";
  checkChoice(POOLING, pooling, ["cls", "mean"]);
  const type = json["problem_type"] ?? PROBLEM_TYPES.softmax;
  checkChoice("problem_type", type, Object.values(PROBLEM_TYPES));
  const found = SHARES.find((one) => PROBLEM_TYPES[one] === type)!;
  const shares = found === "softmax" && count === 1 ? "sigmoid" : found; // softmax of one score is always 1
  return { labels, shares, pooling: pooling as TextClasses["pooling"] };
}

/**
 * Whether a classifier is one of words. If its `config.json` does not name the class, its weights
 * decide: a text is judged by the pooler or, if the file says so, by the mean.
 */
function isOfWords(
  json: Readonly<Record<string, unknown>>,
  weights: { has(name: string): boolean },
): boolean {
  const named = String(json["architectures"] ?? "");
  if (named !== "") return /ForTokenClassification/.test(named);
  return !weights.has("bert.pooler.dense.weight") && (json[POOLING] ?? undefined) === undefined;
}

/** The kinds of classifiers, each with the function that opens its folder. */
export const OPENED_WITH = { texts: "loadClassifier()", words: "loadTokenClassifier()" } as const;

/**
 * What the classifier in a folder classifies; undefined if the folder holds another model.
 *
 * @param json The contents of its `config.json`.
 * @param weights Its weights.
 */
export function classifierKind(
  json: Readonly<Record<string, unknown>>,
  weights: { has(name: string): boolean },
): keyof typeof OPENED_WITH | undefined {
  if (!weights.has("classifier.weight") || !weights.has("classifier.bias")) return undefined;
  if (isOfWords(json, weights)) return "words";
  const isOther = /ForMultipleChoice/.test(String(json["architectures"])); // has such weights, too
  return isOther ? undefined : "texts";
}

function namesIn(named: unknown, count: number): readonly string[] {
  if (named === undefined) return classLabels(count);
  const labels = Array.from({ length: count }, (_, id) => isRecord(named) ? named[id] : undefined);
  const isName = (label: unknown) => typeof label === "string" || typeof label === "number";
  if (isRecord(named) && Object.keys(named).length === count && labels.every(isName)) {
    return differing(named, labels.map(String));
  }
  const ids = count === 1 ? "0" : `0 to ${count - 1}`;
  const advice =
    `must name the classes ${ids}, as classifier.bias has ${several(count, "number")}: ` +
    "mend it, or take it out, and the names are LABEL_0 and so on";
  throw new ConfigError("id2label", named, advice);
}

/** The names, unless two of them are equal, so that nobody could tell the classes apart. */
function differing(named: Readonly<Record<string, unknown>>, labels: string[]): string[] {
  const twice = labels.find((label, id) => labels.indexOf(label) < id);
  if (twice === undefined) return labels;
  const advice =
    `must be different names, and "${twice}" is there twice: change one, or take id2label ` +
    "out, and the names are LABEL_0 and so on";
  throw new ConfigError("id2label", named, advice);
}

/** The class of transformers that a classifier is. */
export function classifierArchitecture({ pooling }: Pick<Classes, "pooling">): string {
  return pooling === "none" ? "BertForTokenClassification" : "BertForSequenceClassification";
}

/**
 * The inverse of `classesFromJson()`, with the name of the architecture.
 *
 * @throws {ConfigError} If two classes have the same name.
 */
export function classesToJson({ labels, shares, pooling }: Classes): Record<string, unknown> {
  if (new Set(labels).size !== labels.length) {
    throw new ConfigError("labels", labels, "must be different names, one for each class");
  }
  const isText = pooling !== "none";
  return {
    architectures: [classifierArchitecture({ pooling })],
    "id2label": Object.fromEntries(labels.map((label, id) => [id, label])),
    "label2id": Object.fromEntries(labels.map((label, id) => [label, id])),
    ...(isText && { "problem_type": PROBLEM_TYPES[shares] }),
    ...(pooling === "mean" && { [POOLING]: pooling }),
  };
}

/**
 * The names of classes: those given, else `LABEL_0` and so on.
 *
 * @throws {ConfigError} If there are more or fewer names than classes.
 *
 * @example
 * ```ts
 * import { classLabels } from "bert/model/classes_json.ts";
 * import { deepStrictEqual, throws } from "node:assert";
 * deepStrictEqual(classLabels(2), ["LABEL_0", "LABEL_1"]);
 * deepStrictEqual(classLabels(2, ["bad", "good"]), ["bad", "good"]);
 * throws(() => classLabels(3, ["bad", "good"]), /must be 3 different names/);
 * ```
 */
export function classLabels(count: number, labels?: readonly string[]): readonly string[] {
  if (labels === undefined) return Array.from({ length: count }, (_, id) => `LABEL_${id}`);
  const named = Array.isArray(labels) &&
    Array.from(labels).every((label) => typeof label === "string");
  if (named && labels.length === count && new Set(labels).size === count) return labels;
  throw new ConfigError("labels", labels, `must be ${count} different names, one for each class`);
}
