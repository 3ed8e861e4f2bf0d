/** What a run tells whoever watches it. */
import type { Evaluation } from "../training/evaluate.ts";
import type { StepLog } from "../training/history.ts";
import type { FilledSample } from "./samples.ts";

/** A line of `evaluations.jsonl`. */
export interface EvaluationLog extends Evaluation {
  readonly step: number;
  readonly epoch: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly samples: readonly FilledSample[];
}

/** Who is told what a run does. */
export interface RunHooks {
  readonly onStep?: (log: StepLog) => void;
  readonly onEvaluation?: (log: EvaluationLog, best: boolean) => void;
  /** Something worth a line: a jump of the loss, a step passed over, a checkpoint. */
  readonly onEvent?: (text: string) => void;
  /** Awaited after each evaluation and at the end, to draw the run's report. */
  readonly report?: () => Promise<void>;
}

/** How a run ended. */
export interface RunEnd {
  readonly stopped: "finished" | "aborted";
  readonly step: number;
  readonly skipped: number;
}
