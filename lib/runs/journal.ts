/** What a run writes down as it goes: rows of `metrics.csv`, lines of `evaluations.jsonl`, events. */
import { isRecord } from "../files/json.ts";
import { AppendFile } from "../files/growing_file.ts";
import type { Evaluation } from "../training/evaluate.ts";
import type { StepLog } from "../training/history.ts";
import { MetricsFile, readLastSteps } from "../training/metrics_file.ts";
import type { RunFolder } from "./folder.ts";
import { SpikeDetector } from "./guards.ts";
import type { FilledSample } from "./samples.ts";
import type { RunState } from "./state.ts";

/** Told of something worth a line. */
export type OnEvent = (text: string) => void;

/**
 * The files of a run that grow, from where its checkpoint left them. The caller calls `close()`. A process
 * that leaves the run's folder alone writes nothing here either.
 */
export class RunJournal {
  readonly #folder: RunFolder;
  readonly #onEvent?: OnEvent;
  readonly #metrics: MetricsFile | undefined;
  readonly #evaluations: AppendFile | undefined;
  readonly #counted: Pick<RunState, "rows" | "evaluations">;
  readonly #spikes = new SpikeDetector();

  /** Cuts off what was written after the checkpoint. */
  constructor(folder: RunFolder, { rows, evaluations }: RunState, onEvent?: OnEvent) {
    this.#folder = folder;
    this.#onEvent = onEvent;
    this.#counted = { rows, evaluations };
    if (!folder.writes) return;
    this.#metrics = MetricsFile.resume(folder.metrics, rows);
    this.#evaluations = AppendFile.resume(folder.evaluations, evaluations);
  }

  /** How much there is, for a checkpoint to count on. */
  get written(): Pick<RunState, "rows" | "evaluations"> {
    if (!this.#metrics || !this.#evaluations) return this.#counted;
    return { rows: this.#metrics.rows, evaluations: this.#evaluations.lines };
  }

  /** Makes sure of what the checkpoint counts on, and shows the last steps to the spike detector. */
  async recall({ rows, evaluations, step }: RunState): Promise<void> {
    const { written } = this;
    const missing = rows - written.rows + evaluations - written.evaluations;
    if (this.#metrics?.hadNoHeader) this.event("metrics.csv had lost its header: it is back");
    if (missing > 0) this.event(`${missing} rows that were written before are gone from disk`);
    if (step === 0 || !this.#metrics) return;
    const last = await readLastSteps(this.#folder.metrics, SpikeDetector.remembered);
    for (const { step, totalLoss } of last) this.#spikes.watch(step, totalLoss);
  }

  /** A row, and an event if the loss jumped. */
  step(log: StepLog): void {
    this.#metrics?.writeStep(log);
    const spike = this.#spikes.watch(log.step, log.totalLoss);
    if (spike) this.event(spike);
  }

  /** A row and an event for a step that diverged and was passed over. */
  skipped(at: Pick<StepLog, "epoch" | "step" | "tokens">, why: string): void {
    this.#metrics?.writeSkipped(at);
    this.event(`skipped: ${why}`);
  }

  /** A row of held-out scores, and their line of `evaluations.jsonl`. */
  evaluation(log: EvaluationLog): void {
    this.#metrics?.writeEvaluation(log, log);
    this.#evaluations?.write(JSON.stringify(log));
  }

  /** A line of `log.txt`, told to whoever watches. */
  event(text: string): void {
    this.#folder.log(text);
    this.#onEvent?.(text);
  }

  /** Waits until the disk has it all: before a checkpoint that counts on it. */
  async sync(): Promise<void> {
    await this.#metrics?.sync();
    await this.#evaluations?.sync();
  }

  /** Closes both files; nothing can be written any more. */
  close(): void {
    this.#metrics?.close();
    this.#evaluations?.close();
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** A line of `evaluations.jsonl`. */
export interface EvaluationLog extends Evaluation {
  /** Updates done by then. */
  readonly step: number;
  /** The epoch at hand, from 1. */
  readonly epoch: number;
  /** Tokens seen in training by then, without padding. */
  readonly tokens: number;
  /** Seconds of training by then, pauses between processes left out. */
  readonly seconds: number;
  /** Blanks in held-out sentences, and what the model put there. */
  readonly samples: readonly FilledSample[];
}

/**
 * The evaluation in a line of `evaluations.jsonl`; nothing if the line is harmed.
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
