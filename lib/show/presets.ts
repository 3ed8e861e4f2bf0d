/** The sizes of the notebooks. */
import { ConfigError } from "../errors.ts";

/** The sizes of a notebook's run. */
export interface NotebookPreset {
  /** The name of the preset, as in `BERT_PRESET`. */
  readonly name: "smoke" | "tutorial" | "full";
  /** The name of the corpus. */
  readonly corpus: string;
  /** How many of its documents to use. Default: all. */
  readonly documents?: number;
  /** The number of pieces of the vocabulary to learn. */
  readonly vocabSize: number;
  /** The name of the model size, for `bertConfig()`. */
  readonly model: "smoke" | "tiny";
  /** Tokens in a sequence. */
  readonly maxLength: number;
  /** Sequences in a batch. */
  readonly batchSize: number;
  /** Steps of the run by BERT's own recipe (notebook 09). */
  readonly plainSteps: number;
  /** Steps of the run with a head start, whose model the later notebooks use (notebook 10). */
  readonly steps: number;
  /** Steps of the short runs in the tour and the training-loop notebook. */
  readonly shortSteps: number;
}

/** The table of presets. */
const PRESETS: Record<NotebookPreset["name"], NotebookPreset> = {
  smoke: {
    name: "smoke",
    corpus: "sotu",
    documents: 12,
    vocabSize: 1000,
    model: "smoke",
    maxLength: 32,
    batchSize: 8,
    plainSteps: 8,
    steps: 12,
    shortSteps: 8,
  },
  tutorial: {
    name: "tutorial",
    corpus: "sotu",
    vocabSize: 8000,
    model: "tiny",
    maxLength: 64,
    batchSize: 16,
    plainSteps: 1000,
    steps: 5000,
    shortSteps: 1500,
  },
  full: {
    name: "full",
    corpus: "sotu",
    vocabSize: 8000,
    model: "tiny",
    maxLength: 64,
    batchSize: 32,
    plainSteps: 10_000,
    steps: 20_000,
    shortSteps: 3000,
  },
};

/** The names that `BERT_PRESET` may have. */
export const NOTEBOOK_PRESETS: readonly string[] = Object.keys(PRESETS);

/**
 * The sizes chosen by the environment variable `BERT_PRESET`: `smoke` (seconds, for tests),
 * `tutorial` (the default: minutes) or `full` (hours).
 *
 * @throws {ConfigError} If the variable has another value.
 *
 * @example
 * ```ts
 * import { notebookPreset } from "bert/show/presets.ts";
 * import { strictEqual } from "node:assert";
 * const { name } = notebookPreset();
 * strictEqual(name, Deno.env.get("BERT_PRESET") ?? "tutorial");
 * ```
 */
export function notebookPreset(): NotebookPreset {
  const name = Deno.env.get("BERT_PRESET") ?? "tutorial";
  if (Object.hasOwn(PRESETS, name)) return PRESETS[name as NotebookPreset["name"]];
  throw new ConfigError("BERT_PRESET", name, `must be one of ${NOTEBOOK_PRESETS.join(", ")}`);
}

/**
 * Chooses one of three values by the preset in `BERT_PRESET`, for sizes of a single notebook.
 *
 * @param smoke The value for tests, which take seconds.
 * @param tutorial The value by default.
 * @param full The value for runs of some hours.
 * @throws {ConfigError} If the variable has another value.
 *
 * @example
 * ```ts
 * import { sized } from "bert/show/presets.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(sized(10, 200, 200), sized(10, 200, 200)); // 200, or 10 if BERT_PRESET is smoke
 * ```
 */
export function sized<T>(smoke: T, tutorial: T, full: T): T {
  return { smoke, tutorial, full }[notebookPreset().name];
}
