/**
 * Comparing runs: reading their `metrics.csv` and `config.json`, their curves over steps, tokens or
 * seconds, and the settings in which they differ.
 */
import {
  ARRAY,
  checkArguments,
  checkChoice,
  checkEntries,
  checkOptions,
  checkPath,
  checkWhole,
  type Kind,
} from "../checks.ts";
import { isRecord, readJsonIfThere } from "../files/json.ts";
import { namesIfThere } from "../files/optional_file.ts";
import {
  type Metric,
  METRICS,
  type MetricsRow,
  PROGRESS,
  type Progress,
  readMetrics,
} from "../training/metrics_file.ts";
import { movingMean } from "../training/statistics.ts";

/** The records of a run, as `readRun()` reads them. */
export interface RunRecord {
  /** The last part of the folder's path. */
  readonly name: string;
  /** One row for each step. */
  readonly steps: readonly MetricsRow[];
  /** One row for each evaluation on held-out text. */
  readonly evaluations: readonly MetricsRow[];
  /**
   * The fields of `config.json` by path, such as `train.learningRate`; empty if there is no such
   * file.
   */
  readonly settings: Readonly<Record<string, string>>;
}

const RUN: Kind = {
  name: "what readRun() gives",
  fits: (value) => {
    const { name, steps, evaluations } = (value ?? {}) as Partial<RunRecord>;
    return typeof name === "string" && Array.isArray(steps) && Array.isArray(evaluations);
  },
};

/** A curve for `lineChart()`. */
export interface Curve {
  /** The name of the run. */
  readonly name: string;
  /** The points' positions on the x-axis: steps, tokens or seconds. */
  readonly x: number[];
  /** The values at these points. */
  readonly y: number[];
}

/**
 * Finds the folders of runs inside a folder. A run is a folder with a `metrics.csv`.
 *
 * @returns Their paths, sorted by name; none if the folder does not exist.
 *
 * @example
 * ```ts
 * import { findRuns } from "bert/runs/compare.ts";
 * import { deepStrictEqual } from "node:assert";
 * const folder = await Deno.makeTempDir();
 * for (const name of ["b", "a", "notes"]) await Deno.mkdir(`${folder}/${name}`);
 * for (const name of ["b", "a"]) await Deno.writeTextFile(`${folder}/${name}/metrics.csv`, "");
 * deepStrictEqual(await findRuns(folder), [`${folder}/a`, `${folder}/b`]);
 * ```
 */
export async function findRuns(folder: string): Promise<string[]> {
  checkPath("findRuns(folder)", "folder", folder);
  const found: string[] = [];
  for (const name of await namesIfThere(folder) ?? []) {
    if (await exists(`${folder}/${name}/metrics.csv`)) found.push(name);
  }
  return found.sort().map((name) => `${folder}/${name}`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/**
 * Reads a run's `metrics.csv` and, if there is one, its `config.json`.
 *
 * The run may still be going on: an incomplete last row is left out. Steps that diverged and were
 * skipped are left out, too.
 *
 * @throws {FormatError} If `metrics.csv` is missing, lacks a column or has a field that is not a
 * number, or if `config.json` is not a JSON object.
 *
 * @example
 * ```ts
 * import { readRun } from "bert/runs/compare.ts";
 * import { deepStrictEqual } from "node:assert";
 * const folder = await Deno.makeTempDir();
 * const rows = "split,epoch,step,mlm_loss,tokens,seconds\ntrain,1,1,8.5,100,0.5\n";
 * await Deno.writeTextFile(`${folder}/metrics.csv`, rows);
 * await Deno.writeTextFile(`${folder}/config.json`, '{"train": {"learningRate": 0.001}}');
 * const { steps, settings } = await readRun(folder);
 * deepStrictEqual(steps[0].mlm_loss, 8.5);
 * deepStrictEqual(settings, { "train.learningRate": "0.001" });
 * ```
 */
export async function readRun(folder: string): Promise<RunRecord> {
  const rows = await readMetrics(`${folder}/metrics.csv`);
  const of = (split: string) => rows.filter((row) => row.split === split).map(({ row }) => row);
  return {
    name: folder.replace(/\/+$/, "").split("/").at(-1) ?? folder,
    steps: of("train"),
    evaluations: of("held-out"),
    settings: await readSettings(`${folder}/config.json`),
  };
}

async function readSettings(path: string): Promise<Record<string, string>> {
  return Object.fromEntries(flatten(await readJsonIfThere(path) ?? {}));
}

/** Turns `{a: {b: 1}}` into `[["a.b", "1"]]`. A list becomes one value, its JSON. */
function flatten(value: object, prefix = ""): [string, string][] {
  return Object.entries(value).flatMap(([key, part]): [string, string][] => {
    const nested = isRecord(part);
    if (nested) return flatten(part, `${prefix}${key}.`);
    return [[prefix + key, typeof part === "string" ? part : JSON.stringify(part)]];
  });
}

/**
 * Fields of `config.json` that are not settings: they name the run, its software, or the baselines of
 * its held-out text.
 */
const NO_SETTING = /^(run|format|software\..*|baselines\..*)$/;

/**
 * Fields that only `deno task pretrain` writes. Most of them are also in `model`, `data` and `train`.
 */
const OF_TASK = /^(settings\.(?!seed$).*|evaluateEvery|corpus\.sha256|text\..*|train\.precision)$/;

/**
 * Finds the settings in which runs differ, as rows for `table()`: the name of the setting, then its
 * value in each run.
 *
 * A setting that a run does not have is "–". A digest is cut to its first twelve digits. A setting
 * whose values equal those of an earlier row is left out. If one of the runs comes from `pretrain()`,
 * the fields that only `deno task pretrain` writes are left out.
 *
 * @example
 * ```ts
 * import { differingSettings } from "bert/runs/compare.ts";
 * import { deepStrictEqual } from "node:assert";
 * const run = { steps: [], evaluations: [] };
 * const runs = [
 *   { ...run, name: "a", settings: { seed: "1", "train.batchSize": "8" } },
 *   { ...run, name: "b", settings: { seed: "2", "train.batchSize": "8" } },
 * ];
 * deepStrictEqual(differingSettings(runs), [{ setting: "seed", a: "1", b: "2" }]);
 * ```
 */
export function differingSettings(runs: readonly RunRecord[]): Record<string, string>[] {
  checkArguments("differingSettings(runs)", [["runs", runs, ARRAY]]);
  checkEntries("differingSettings(runs)", "runs", runs, RUN);
  const names = new Set(runs.flatMap(({ settings }) => Object.keys(settings)));
  const seen = new Set<string>();
  const rows: Record<string, string>[] = [];
  const ofTask = runs.every(({ settings }) => settings["settings.corpus"] !== undefined);
  const lacking = (name: string) => runs.some(({ settings }) => settings[name] === undefined);
  const isLeftOut = (name: string) =>
    NO_SETTING.test(name) || (!ofTask && OF_TASK.test(name) && lacking(name));
  for (const setting of [...names].filter((name) => !isLeftOut(name))) {
    const values = runs.map(({ settings }) => shown(settings[setting] ?? "–"));
    const key = JSON.stringify(values);
    if (seen.has(key) || values.every((value) => value === values[0])) continue;
    seen.add(key);
    rows.push({ setting, ...Object.fromEntries(runs.map(({ name }, i) => [name, values[i]])) });
  }
  return rows;
}

function shown(value: string): string {
  return /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value;
}

/** Options of `curves()`. */
export interface CurveOptions {
  /** The x-axis: updates of the weights, tokens read in training, or seconds of training. */
  readonly x: Progress;
  /** The y-axis: a column of `metrics.csv`. */
  readonly y: Metric;
  /**
   * The number of rows, ending at a point, whose mean is its value; at least 1. The default, 1, gives
   * the raw curve.
   */
  readonly smoothing?: number;
  /** Whether to draw training steps (the default) or evaluations on held-out text. */
  readonly split?: "steps" | "evaluations";
}

/**
 * Makes one curve for each run. A run whose rows lack the metric gets a curve without points.
 *
 * @throws {ConfigError} If an option is unknown, or `x` or `y` is not a column of `metrics.csv`.
 *
 * @example
 * ```ts
 * import { curves } from "bert/runs/compare.ts";
 * import { deepStrictEqual } from "node:assert";
 * const steps = [{ step: 1, tokens: 90, mlm_loss: 8 }, { step: 2, tokens: 180, mlm_loss: 6 }];
 * const run = { name: "a", steps, evaluations: [], settings: {} };
 * deepStrictEqual(curves([run], { x: "tokens", y: "mlm_loss", smoothing: 2 }), [
 *   { name: "a", x: [90, 180], y: [8, 7] },
 * ]);
 * ```
 */
export function curves(
  runs: readonly RunRecord[],
  options: CurveOptions,
): Curve[] {
  checkArguments("curves(runs, options)", [["runs", runs, ARRAY]]);
  checkOptions("curves()", options, ["x", "y", "smoothing", "split"]);
  const { x, y, smoothing = 1, split = "steps" } = options;
  checkChoice("x", x, PROGRESS);
  checkChoice("y", y, METRICS);
  checkChoice("split", split, ["steps", "evaluations"]);
  checkWhole("smoothing", smoothing, 1);
  checkEntries("curves(runs, options)", "runs", runs, RUN);
  return runs.map((run) => {
    const rows = run[split].filter((row) => row[x] !== undefined && row[y] !== undefined);
    const values = movingMean(rows.map((row) => row[y]!), smoothing);
    return { name: run.name, x: rows.map((row) => row[x]!), y: values };
  });
}
