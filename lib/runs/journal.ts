/**
 * The records of a run: rows of `metrics.csv`, lines of `evaluations.jsonl`, and events in `log.txt`.
 */
import { isRecord } from "../files/json.ts";
import { several } from "../format.ts";
import { AppendFile } from "../files/growing_file.ts";
import type { Evaluation } from "../training/evaluate.ts";
import type { StepLog } from "../training/history.ts";
import { MetricsFile, readLastSteps } from "../training/metrics_file.ts";
import type { RunFolder } from "./run_folder.ts";
import { SpikeDetector } from "./divergence_guards.ts";
import type { FilledSample } from "./sample_sentences.ts";
import type { RunState } from "./run_state.ts";

/** A function that is called with each event, such as a jump of the loss. */
export type OnEvent = (text: string) => void;

/**
 * Writes the growing files of a run, after the rows and lines that its checkpoint counts. The caller
 * calls `close()`, or declares it with `using`. In a process that does not write to the run's folder
 * it only calls `onEvent`.
 */
export class RunJournal {
  readonly #folder: RunFolder;
  readonly #onEvent?: OnEvent;
  readonly #metrics: MetricsFile | undefined;
  readonly #evaluations: AppendFile | undefined;
  readonly #counted: Pick<RunState, "rows" | "evaluations">;
  readonly #spikes = new SpikeDetector();

  /** Opens the files and removes what was written after the checkpoint. */
  constructor(folder: RunFolder, { rows, evaluations }: RunState, onEvent?: OnEvent) {
    this.#folder = folder;
    this.#onEvent = onEvent;
    this.#counted = { rows, evaluations };
    if (!folder.writes) return;
    this.#metrics = MetricsFile.resume(folder.metrics, rows);
    this.#evaluations = AppendFile.resume(folder.evaluations, evaluations);
  }

  /** The numbers of rows and lines written, for a checkpoint. */
  get written(): Pick<RunState, "rows" | "evaluations"> {
    if (!this.#metrics || !this.#evaluations) return this.#counted;
    return { rows: this.#metrics.rows, evaluations: this.#evaluations.lines };
  }

  /**
   * Reports rows that the checkpoint counts and that are missing, and gives the last steps to the
   * spike detector.
   */
  async recall({ rows, evaluations, step }: RunState): Promise<void> {
    const { written } = this;
    const missing = rows - written.rows + evaluations - written.evaluations;
    if (this.#metrics?.hadNoHeader) this.event("metrics.csv had lost its header: it was restored");
    if (missing > 0) {
      this.event(`lost from metrics.csv or evaluations.jsonl: ${several(missing, "row")}`);
    }
    if (step === 0 || !this.#metrics) return;
    const last = await readLastSteps(this.#folder.metrics, SpikeDetector.remembered);
    for (const { step, totalLoss } of last) this.#spikes.watch(step, totalLoss);
  }

  /** Writes a row for a step, and an event if the loss jumped. */
  step(log: StepLog): void {
    this.#metrics?.writeStep(log);
    const spike = this.#spikes.watch(log.step, log.totalLoss);
    if (spike) this.event(spike);
  }

  /** Writes a row and an event for a batch on which step `at.step` diverged, and which is skipped. */
  skipped(at: Pick<StepLog, "epoch" | "step" | "tokens">, why: string): void {
    this.#metrics?.writeSkipped(at);
    this.event(`skipped the batch of step ${at.step}: ${why}`);
  }

  /** Writes held-out scores as a row of `metrics.csv` and a line of `evaluations.jsonl`. */
  evaluation(log: EvaluationLog): void {
    this.#metrics?.writeEvaluation(log, log);
    this.#evaluations?.write(JSON.stringify(log));
  }

  /** Writes a line of `log.txt` and calls `onEvent`. */
  event(text: string): void {
    this.#folder.log(text);
    this.#onEvent?.(text);
  }

  /** Waits until all rows are on disk. A checkpoint that counts them must be written after that. */
  async sync(): Promise<void> {
    await this.#metrics?.sync();
    await this.#evaluations?.sync();
  }

  /** Closes both files. */
  close(): void {
    this.#metrics?.close();
    this.#evaluations?.close();
  }

  /** Closes both files at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** A line of `evaluations.jsonl`. */
export interface EvaluationLog extends Evaluation {
  /** Updates of the weights up to then. */
  readonly step: number;
  /** The current epoch, counted from 1. */
  readonly epoch: number;
  /** Tokens seen in training up to then, without padding. */
  readonly tokens: number;
  /** Seconds of training up to then, without the pauses between processes. */
  readonly seconds: number;
  /** Held-out sentences with a blank, and the model's guesses for it. */
  readonly samples: readonly FilledSample[];
}

/**
 * Reads the evaluation in a line of `evaluations.jsonl`; undefined if the line is damaged.
 *
 * @example
 * ```ts
 * import { evaluationIn } from "bert/runs/journal.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(evaluationIn('{"step": 5, "epoch'), undefined);
 * ```
 */
export function evaluationIn(line: string): EvaluationLog | undefined {
  let found: unknown;
  try {
    found = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(found) || !isRecord(found.intervals) || !Array.isArray(found.samples)) {
    return undefined;
  }
  const { intervals, samples } = found;
  const numbers = NUMBERS.every((name) => typeof found[name] === "number");
  const pairs = INTERVALS.every((name) => Array.isArray(intervals[name]));
  const sentences = samples.every((sample) => isRecord(sample) && Array.isArray(sample.guesses));
  return numbers && pairs && sentences ? found as unknown as EvaluationLog : undefined;
}

const INTERVALS = ["mlmLoss", "mlmAccuracy", "nspLoss", "nspAccuracy", "perplexity"] as const;
const NUMBERS = [
  ...INTERVALS,
  "step",
  "epoch",
  "tokens",
  "seconds",
  "predictions",
  "pairs",
] as const;
