/**
 * Jobs of any size for the kernels that use native code for rows, and the trial of that code: it is
 * used only if it gives the same bits as the kernels without it.
 */
import { reportMissing } from "../native/native_code.ts";
import { float } from "./float_word.ts";
import type { KernelName } from "./kernel_names.ts";
import { sameBits } from "./product_trial.ts";

/** The parts of a `Machine` that a trial uses. */
export interface RowTrialMachine {
  /** The memory for the operands. */
  readonly memory: WebAssembly.Memory;
  /** Whether native code computes rows. */
  rowsAreNative: boolean;
  /** The address of a free block, or undefined. */
  allocate(bytes: number): number | undefined;
  /** Takes a block back. */
  free(address: number): void;
  /**
   * Makes sure that every thread has that much scratch memory; throws `RangeError` without free
   * memory.
   */
  reserveScratch(bytes: number): void;
  /** Runs a kernel on this thread: a trial starts no helpers. */
  runAlone(kernel: KernelName, tasks: number, ...parameters: readonly number[]): void;
}

/** How large a job is. */
export interface RowSizes {
  /** The number of rows; for attention, of positions. */
  readonly rows: number;
  /** The numbers in each row; for attention, in each head. */
  readonly width: number;
  /** The rows of a task; for attention, the number of heads. */
  readonly each: number;
  /** The least hash that dropout keeps: 0 if nothing is dropped. */
  readonly least: number;
}

/** A job: the sizes of its buffers, and its parameters for given addresses of the buffers. */
export interface RowJob {
  /** The kernel. */
  readonly kernel: KernelName;
  /** Floats in each buffer. */
  readonly sizes: readonly number[];
  /** The number of tasks. */
  readonly tasks: number;
  /** The bytes of scratch memory beside that of products. */
  readonly scratch: number;
  /** The index of the buffer of labels, which are all 0, if there is one. */
  readonly labels?: number;
  /** The kernel's parameters. */
  parameters(places: readonly number[]): number[];
}

/** All jobs in which rows of one of these sizes occur. */
export function rowJobs({ rows, width, each, least }: RowSizes): RowJob[] {
  const tasks = Math.ceil(rows / each);
  const all = rows * width;
  const dropout = [0x12345, 0x6789, least, float(1 / (1 - least / 2 ** 32))];
  const attention = {
    tasks: each,
    scratch: 8 * (rows + width) * (4 * Math.ceil(rows / 4)),
  };
  const [qkv, context, weights] = [3 * each * all, each * all, each * rows * rows];
  const shape = [rows, each, width, ...dropout, float(1 / Math.sqrt(width))];
  return [
    {
      ...attention,
      kernel: "attention",
      sizes: [qkv, rows, context, weights],
      parameters: ([x, mask, y, kept]) => [x, mask, y, 0, ...shape, kept, rows],
    },
    {
      ...attention,
      kernel: "attentionGradient",
      sizes: [qkv, rows, context, qkv, weights],
      parameters: ([x, mask, dy, dx, kept]) => [x, mask, dy, dx, ...shape, kept, rows],
    },
    ...normJobs({ rows, width, each, least }, dropout),
    ...lossJobs({ rows, width, each, least }),
    {
      kernel: "biasGelu",
      sizes: [all, width, all],
      tasks,
      scratch: 0,
      parameters: (places) => [...places, rows, width, each],
    },
  ];
}

/** Jobs of LayerNorm with and without a residual, and of its gradient. */
function normJobs({ rows, width, each }: RowSizes, dropout: readonly number[]): RowJob[] {
  const tasks = Math.ceil(rows / each);
  const all = rows * width;
  const shape = [rows, width, each, ...dropout];
  return [true, false].flatMap((residual): RowJob[] => [
    {
      kernel: "norm",
      sizes: [all, all, width, width, all, all, rows],
      tasks,
      scratch: 0,
      parameters: ([x, s, ...rest]) => {
        return [x, residual ? s : 0, ...rest, ...shape, float(1e-12)];
      },
    },
    {
      kernel: "normGradient",
      sizes: [all, all, rows, width, all, all, 2 * tasks * width],
      tasks,
      scratch: 0,
      parameters: ([dy, z, inverse, gamma, dx, ds, sums]) => {
        return [dy, z, inverse, gamma, dx, residual ? ds : 0, sums, ...shape];
      },
    },
  ]);
}

/** Jobs of the loss and its gradient, with rows twenty times as long, as vocabularies are large. */
function lossJobs({ rows, width, each }: RowSizes): RowJob[] {
  const long = 20 * width;
  const count = Math.min(rows, 3);
  const job = { tasks: Math.ceil(count / each), scratch: 0 };
  const logits = count * long;
  const shape = [count, long, each];
  return [
    {
      ...job,
      kernel: "loss",
      sizes: [logits, count, count, count],
      labels: 1,
      parameters: (places) => [...places, ...shape],
    },
    {
      ...job,
      kernel: "lossGradient",
      sizes: [logits, count, count, count, logits],
      labels: 1,
      parameters: ([x, labels, dy, log, dx]) => [x, labels, dy, log, ...shape, dx],
    },
  ];
}

/**
 * Runs a job without native code and with it, from the same numbers, and returns all buffers after
 * each; undefined if there is no free memory.
 */
export function runBothWays(
  machine: RowTrialMachine,
  job: RowJob,
  valueOf: (buffer: number, i: number) => number,
): [Float32Array[], Float32Array[]] | undefined {
  if (!hasScratch(machine, job.scratch)) return undefined;
  const places = job.sizes.map((count) => machine.allocate(4 * count));
  const before = machine.rowsAreNative;
  try {
    if (places.includes(undefined)) return undefined;
    const views = places.map((place, i) =>
      new Float32Array(machine.memory.buffer, place, job.sizes[i])
    );
    const [own, native] = [false, true].map((rowsAreNative) => {
      views.forEach((view, buffer) => {
        for (let i = 0; i < view.length; i++) {
          view[i] = buffer === job.labels ? 0 : valueOf(buffer, i);
        }
      });
      machine.rowsAreNative = rowsAreNative;
      machine.runAlone(job.kernel, job.tasks, ...job.parameters(places as number[]));
      return views.map((view) => view.slice());
    });
    return [own, native];
  } finally {
    machine.rowsAreNative = before;
    for (const place of places) if (place !== undefined) machine.free(place);
  }
}

function hasScratch(machine: RowTrialMachine, bytes: number): boolean {
  try {
    machine.reserveScratch(bytes);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The sizes of the trial: several vectors in a row, several rows, a last task that is not full. */
const SIZES: RowSizes = { rows: 48, width: 64, each: 5, least: 2 ** 29 };

/** The result of the trial in this process, if there was one. */
let passed: boolean | undefined;

/**
 * Whether native code for rows gives the kernels' bits. If not, a message says so once. If there is
 * no free memory for the trial, the answer is no, and the next machine of this process tries again.
 */
export function tryRows(machine: RowTrialMachine): boolean {
  if (passed !== undefined) return passed;
  const results = rowJobs(SIZES).map((job) => runBothWays(machine, job, trialValue));
  if (results.includes(undefined)) return false;
  passed = results.every((both) => {
    const [own, native] = both!;
    return own.every((values, buffer) => sameBits(values, native[buffer]));
  });
  if (!passed) {
    const what = "GELU, LayerNorm, softmax and the loss are computed without native code";
    reportMissing("it gives other numbers than the kernels", what);
  }
  return passed;
}

/**
 * Numbers from -3 to 3; in the second buffer, attention's mask, at most 0, so that scores are
 * negative.
 */
function trialValue(buffer: number, i: number): number {
  const value = ((i + buffer) * 7919 % 1009) / 168 - 3;
  return buffer === 1 ? Math.min(value, 0) : value;
}
