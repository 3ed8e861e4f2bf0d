/** The progress of a run as a few numbers: how it is written into a checkpoint and read back. */
import { checkArguments, TEXT } from "../checks.ts";
import { FormatError } from "../errors.ts";
import { parseStrictJson } from "../files/json.ts";

/** The progress of a run, without the numbers of its model and optimizer. */
export interface RunState {
  /** Which run this belongs to: the `run` of its `config.json`. */
  readonly run: string;
  /** Updates of the weights since the run began. */
  readonly step: number;
  /** The current epoch, counted from 1. */
  readonly epoch: number;
  /** Batches taken from the current epoch; for a prepared store, steps. */
  readonly batches: number;
  /**
   * For a prepared store: for each lane the index of its window, and the batches taken from that
   * window.
   */
  readonly lanes?: readonly number[];
  /** Tokens seen in training, without padding. */
  readonly tokens: number;
  /** Seconds of training, without the pauses between processes. */
  readonly seconds: number;
  /** Steps that diverged and were skipped. */
  readonly skipped: number;
  /** Rows of `metrics.csv`, without its header. */
  readonly rows: number;
  /** Lines of `evaluations.jsonl`. */
  readonly evaluations: number;
  /** The step of the last evaluation; -1 before the first. */
  readonly evaluatedAt: number;
  /** The step with the lowest held-out loss. */
  readonly best?: { readonly step: number; readonly loss: number };
  /** Whether the run has reached its end. */
  readonly finished: boolean;
  /** The backend. Only the same backend gives the same bits. */
  readonly backend: string;
}

/**
 * The state of a run before its first step.
 *
 * @example
 * ```ts
 * import { firstState } from "bert/runs/run_state.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(firstState("a run").epoch, 1);
 * ```
 */
export function firstState(run: string): RunState {
  return { run, ...FIRST };
}

/**
 * The state with which every run begins. In any later state a field has the same type, and a number is
 * at least as large.
 */
const FIRST: Omit<RunState, "run" | "best" | "lanes"> = {
  step: 0,
  epoch: 1,
  batches: 0,
  tokens: 0,
  seconds: 0,
  skipped: 0,
  rows: 0,
  evaluations: 0,
  evaluatedAt: -1,
  finished: false,
  backend: "",
};

/** The nesting depth of a state's JSON: the state itself, and `best` in it. */
const DEEPEST = 2;

/**
 * Reads the state in a text that a run wrote.
 *
 * @param file The name of the file, for error messages.
 * @throws {FormatError} If it is not JSON, or a field is missing or has an impossible value.
 *
 * @example
 * ```ts
 * import { firstState, readState } from "bert/runs/run_state.ts";
 * import { deepStrictEqual, throws } from "node:assert";
 * const state = firstState("a run");
 * deepStrictEqual(readState(JSON.stringify(state), "a file"), state);
 * throws(() => readState(JSON.stringify({ ...state, step: -1 }), "a file"), /step to be a whole/);
 * ```
 */
export function readState(text: string, file: string): RunState {
  checkArguments("readState(text, file)", [["text", text, TEXT], ["file", file, TEXT]]);
  const state = parseStrictJson(text, file, DEEPEST);
  if (typeof state !== "object" || state === null || Array.isArray(state)) {
    throw new FormatError(file, "expected the state of a run as a JSON object, found other JSON");
  }
  const fields = state as Partial<Record<keyof RunState, unknown>>;
  for (const [name, first] of Object.entries(firstState(""))) {
    checkField(name, first, fields[name as keyof RunState], file);
  }
  if (fields.best !== undefined) checkBest(fields.best, file);
  if (fields.lanes !== undefined) checkLanes(fields.lanes, file);
  return state as RunState;
}

function checkField(
  name: string,
  first: string | boolean | number,
  value: unknown,
  file: string,
): void {
  const refuse = (wanted: string): never => {
    const found = JSON.stringify(value)?.slice(0, 40) ?? "nothing";
    throw new FormatError(file, `expected the run's ${name} to be ${wanted}, found ${found}`);
  };
  if (typeof first === "string") return typeof value === "string" ? undefined : refuse("a text");
  if (typeof first === "boolean") {
    return typeof value === "boolean" ? undefined : refuse("true or false");
  }
  const whole = name !== "seconds";
  const fits = whole ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (!fits || (value as number) < first) {
    refuse(`a ${whole ? "whole number" : "number"} of at least ${first}`);
  }
}

function checkBest(best: unknown, file: string): void {
  const { step, loss } = (best ?? {}) as Record<string, unknown>;
  if (Number.isSafeInteger(step) && (step as number) >= 0 && Number.isFinite(loss)) return;
  throw new FormatError(
    file,
    "expected the run's best to be a step and its loss, found other JSON",
  );
}

function checkLanes(lanes: unknown, file: string): void {
  const isPlace = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  if (Array.isArray(lanes) && lanes.length % 2 === 0 && lanes.every(isPlace)) return;
  throw new FormatError(
    file,
    "expected the run's lanes to be two whole numbers each, found other JSON",
  );
}
