/**
 * Writing and reading `metrics.csv`. The file grows during the run, so that a killed run has its
 * curve on disk.
 */
import { checkPath, checkText } from "../checks.ts";
import { FormatError } from "../errors.ts";
import { parse, stringify } from "../files/csv.ts";
import { AppendFile, lastLines } from "../files/growing_file.ts";
import { readTextIfThere, readTextIfThereSync } from "../files/optional_file.ts";
import { replaceFileSync } from "../files/write.ts";
import type { Evaluation } from "./evaluate.ts";
import type { EpochLog, StepLog } from "./history.ts";

/**
 * The columns of `metrics.csv`.
 *
 * | column | meaning |
 * | --- | --- |
 * | `split` | `train`: a step. `held-out`: an evaluation. `skipped`: a step that diverged and was skipped |
 * | `epoch`, `step` | as in `StepLog`; for an evaluation, those of the step before it |
 * | `mlm_loss`, `nsp_loss`, `total_loss` | means in nats |
 * | `mlm_accuracy`, `nsp_accuracy` | shares from 0 to 1 |
 * | `learning_rate`, `gradient_norm` | of the step; the norm is that before clipping |
 * | `tokens` | seen since the run began, without padding |
 * | `tokens_per_second`, `seconds` | by the clock: the two columns that differ when a run is repeated |
 */
const COLUMNS = [
  "split",
  "epoch",
  "step",
  "mlm_loss",
  "nsp_loss",
  "total_loss",
  "mlm_accuracy",
  "nsp_accuracy",
  "learning_rate",
  "gradient_norm",
  "tokens",
  "tokens_per_second",
  "seconds",
];

/**
 * `metrics.csv`, open for appending. When a method returns, its row has been handed to the operating
 * system.
 */
export class MetricsFile {
  /** Whether the file had lost its header when it was resumed. The header is then restored. */
  readonly hadNoHeader: boolean;
  readonly #file: AppendFile;

  private constructor(file: AppendFile, hadNoHeader = false) {
    this.#file = file;
    this.hadNoHeader = hadNoHeader;
    if (file.lines === 0) this.#write(COLUMNS);
  }

  /** Starts a new file with a header, and makes its folder. The caller calls `close()`. */
  static create(path: string): MetricsFile {
    return new MetricsFile(AppendFile.create(path));
  }

  /**
   * Continues a file after its first `rows` rows, without counting the header. Later and incomplete
   * rows are removed. If there are fewer rows, the property `rows` says how many. A missing or
   * damaged header is restored. The caller calls `close()`.
   */
  static resume(path: string, rows: number): MetricsFile {
    const restored = withHeader(path);
    if (restored !== undefined) replaceFileSync(path, restored);
    return new MetricsFile(AppendFile.resume(path, rows + 1), restored !== undefined);
  }

  /** Rows in the file, without the header. */
  get rows(): number {
    return this.#file.lines - 1;
  }

  /** Writes the row of a step. */
  writeStep(log: StepLog): void {
    const { epoch, step, tokens, tokensPerSecond, seconds } = log;
    const rates = [log.learningRate, log.gradientNorm];
    this.#write(["train", epoch, step, ...scores(log), ...rates, tokens, tokensPerSecond, seconds]);
  }

  /** Writes the held-out scores of an epoch that ended after `step` steps, if it has any. */
  writeEpoch({ epoch, tokens, seconds, heldOut }: EpochLog, step: number): void {
    if (heldOut) this.writeEvaluation(heldOut, { epoch, step, tokens, seconds });
  }

  /** Writes held-out scores, with the step of the run. */
  writeEvaluation(
    heldOut: Evaluation,
    at: Pick<StepLog, "epoch" | "step" | "tokens" | "seconds">,
  ): void {
    const found = { ...heldOut, totalLoss: heldOut.mlmLoss + heldOut.nspLoss };
    const { epoch, step, tokens, seconds } = at;
    this.#write(["held-out", epoch, step, ...scores(found), "", "", tokens, "", seconds]);
  }

  /** Writes a step that was skipped because its loss or gradient was not finite. */
  writeSkipped({ epoch, step, tokens }: Pick<StepLog, "epoch" | "step" | "tokens">): void {
    this.#write(["skipped", epoch, step, ...Array(7).fill(""), tokens, "", ""]);
  }

  /** Waits until all rows are on disk. */
  async sync(): Promise<void> {
    await this.#file.sync();
  }

  /** Closes the file. It may be called twice. */
  close(): void {
    this.#file.close();
  }

  /** Does the same at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.close();
  }

  #write(row: readonly (string | number)[]): void {
    this.#file.write(stringify([row]));
  }
}

/**
 * The text of a `metrics.csv` with its header restored; undefined if it has its header. A first line
 * that is no row counts as a damaged header.
 */
function withHeader(path: string): string | undefined {
  const text = readTextIfThereSync(path);
  if (text === undefined || !text.includes("\n")) return undefined;
  const end = text.indexOf("\n") + 1;
  const first = text.slice(0, end).replace(/^\ufeff/, "").trim();
  if (first === COLUMNS.join(",")) return undefined;
  const isRow = SPLITS.some((split) => first.startsWith(`${split},`));
  return stringify([COLUMNS]) + (isRow ? text : text.slice(end));
}

/** The values of the first column, `split`. */
const SPLITS = ["train", "held-out", "skipped"];

type Scores = Pick<
  StepLog,
  "mlmLoss" | "nspLoss" | "totalLoss" | "mlmAccuracy" | "nspAccuracy"
>;

function scores({ mlmLoss, nspLoss, totalLoss, mlmAccuracy, nspAccuracy }: Scores): number[] {
  return [mlmLoss, nspLoss, totalLoss, mlmAccuracy, nspAccuracy];
}

/**
 * Reads the step in a line of a `metrics.csv`; undefined if the line is something else or damaged.
 *
 * @example
 * ```ts
 * import { stepIn } from "bert/training/metrics_file.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(stepIn("train,1,7,6.5,0.7,7.2,0.1,0.5,0.001,2,900,30,1.5")?.totalLoss, 7.2);
 * strictEqual(stepIn("held-out,1,7,6.5,0.7,7.2,0.1,0.5,,,900,,1.5"), undefined);
 * ```
 */
export function stepIn(line: string): StepLog | undefined {
  checkText("stepIn(line)", "line", line);
  const [split, ...cells] = line.split(","); // no cell has quotes
  const isDamaged = cells.length !== COLUMNS.length - 1 ||
    cells.some((cell) => cell.trim() === "" || Number.isNaN(Number(cell)));
  if (split !== "train" || isDamaged) return undefined;
  const [epoch, step, mlmLoss, nspLoss, totalLoss, ...rest] = cells.map(Number);
  const [mlmAccuracy, nspAccuracy, learningRate, gradientNorm, tokens, ...clock] = rest;
  const [tokensPerSecond, seconds] = clock;
  const losses = { mlmLoss, nspLoss, totalLoss, mlmAccuracy, nspAccuracy };
  const rates = { learningRate, gradientNorm };
  return { step, epoch, ...losses, ...rates, tokens, tokensPerSecond, seconds };
}

/**
 * The last steps in a `metrics.csv`, in order. Only the end of the file is read.
 *
 * @example
 * ```ts
 * import { MetricsFile, readLastSteps, stepIn } from "bert/training/metrics_file.ts";
 * import { strictEqual } from "node:assert";
 * const step = stepIn("train,1,1,6.5,0.7,7.2,0.1,0.5,0.001,2,900,30,1.5")!;
 * const path = await Deno.makeTempFile();
 * const file = MetricsFile.create(path);
 * for (let i = 1; i <= 9; i++) file.writeStep({ ...step, step: i });
 * file.close();
 * strictEqual((await readLastSteps(path, 2))[0].step, 8);
 * ```
 */
export async function readLastSteps(path: string, count: number): Promise<StepLog[]> {
  checkPath("readLastSteps(path, count)", "path", path);
  const lines = await lastLines(path, 2 * count); // as evaluations may stand between the steps
  return lines.map(stepIn).filter((step) => step !== undefined).slice(-count);
}

/** The columns of `metrics.csv` that a curve can be drawn against. */
export const PROGRESS = ["step", "tokens", "seconds"] as const;

/** The columns of `metrics.csv` that a curve can show. */
export const METRICS = [
  "mlm_loss",
  "nsp_loss",
  "total_loss",
  "mlm_accuracy",
  "nsp_accuracy",
  "learning_rate",
  "gradient_norm",
  "tokens_per_second",
] as const;

/** What a curve can be drawn against. */
export type Progress = typeof PROGRESS[number];

/** What a curve can show. */
export type Metric = typeof METRICS[number];

/** The numbers of a row of `metrics.csv` by column. Empty cells are missing. */
export type MetricsRow = Readonly<Partial<Record<Progress | Metric | "epoch", number>>>;

/** A row of a `metrics.csv` that was read back. */
export interface ReadRow {
  /** `train`, `held-out` or `skipped`. */
  readonly split: string;
  /** Its numbers by column. */
  readonly row: MetricsRow;
}

/**
 * Reads all rows of a `metrics.csv`. An incomplete last row is left out.
 *
 * @throws {FormatError} If the file is missing, lacks a column, or has a cell that is no number.
 *
 * @example
 * ```ts
 * import { MetricsFile, readMetrics, stepIn } from "bert/training/metrics_file.ts";
 * import { strictEqual } from "node:assert";
 * const path = `${await Deno.makeTempDir()}/metrics.csv`;
 * const file = MetricsFile.create(path);
 * file.writeStep(stepIn("train,1,1,6.5,0.7,7.2,0.1,0.5,0.001,2,900,30,1.5")!);
 * file.close();
 * const [{ split, row }] = await readMetrics(path);
 * strictEqual(split, "train");
 * strictEqual(row.mlm_loss, 6.5);
 * ```
 */
export async function readMetrics(path: string): Promise<ReadRow[]> {
  checkPath("readMetrics(path)", "path", path);
  const text = await readTextIfThere(path);
  if (text === undefined) {
    throw new FormatError(path, "there is no such file: is this the folder of a run?");
  }
  const [header = [], ...rows] = parse(text.slice(0, text.lastIndexOf("\n") + 1), {}, path);
  for (const column of ["split", "step", "tokens", "seconds"]) {
    if (header.includes(column)) continue;
    throw new FormatError(path, `expected a column "${column}", found ${header.join(", ")}`);
  }
  return rows.map((cells, i) => readRow(header, cells, `${path}, line ${i + 2}`));
}

function readRow(header: readonly string[], cells: readonly string[], place: string): ReadRow {
  const row: Record<string, number> = {};
  let split = "";
  for (const [i, column] of header.entries()) {
    const cell = cells[i] ?? "";
    if (column === "split") split = cell;
    else if (cell !== "") row[column] = number(cell, `${place}, column ${column}`);
  }
  return { split, row: row as MetricsRow };
}

function number(cell: string, place: string): number {
  const value = Number(cell);
  if (Number.isNaN(value) && cell !== "NaN") {
    throw new FormatError(place, `expected a number, found "${cell}"`);
  }
  return value;
}
