/**
 * The checkpoints of a run on disk. They are written in the background, old ones are removed, and a
 * resumed run looks for the newest valid one.
 */
import { FormatError } from "../errors.ts";
import { namesIfThere, readTextIfThereSync } from "../files/optional_file.ts";
import { readBytes, readNames } from "../files/read.ts";
import { completeSave } from "../files/save_folder.ts";
import { replaceFile, UNFINISHED, writeError } from "../files/write.ts";
import { shellWord } from "../shell_quote.ts";
import {
  packCheckpoint,
  type RunCheckpoint,
  sealCheckpoint,
  unpackCheckpoint,
} from "./checkpoint.ts";
import type { RunFolder } from "./run_folder.ts";

/** A checkpoint that cannot be used. */
export interface DamagedCheckpoint {
  /** The path of its file. */
  readonly path: string;
  /** Why it cannot be used: the message of the error. */
  readonly reason: string;
}

const NAME = /^step-(\d{9,})\.safetensors$/;

/**
 * The path of the checkpoint of a step.
 *
 * @example
 * ```ts
 * import { checkpointPath } from "bert/runs/checkpoint_files.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(checkpointPath("runs/a/checkpoints", 250), "runs/a/checkpoints/step-000000250.safetensors");
 * ```
 */
export function checkpointPath(folder: string, step: number): string {
  return `${folder}/step-${`${step}`.padStart(9, "0")}.safetensors`;
}

/** Lists the steps that have a checkpoint, the newest first; none if there is no such folder. */
export async function checkpointSteps(folder: string): Promise<number[]> {
  const names = await namesIfThere(folder) ?? [];
  const steps = names.flatMap((name) => NAME.exec(name)?.slice(1) ?? []).map(Number);
  return steps.sort((a, b) => b - a);
}

/**
 * Finds the newest valid checkpoint, and the newer ones that are damaged.
 *
 * @param run The digest of the run that the checkpoint has to belong to.
 * @throws {FormatError} If the operating system cannot read a checkpoint, which may be whole.
 * @throws {RangeError} If a checkpoint does not fit into memory.
 *
 * @example
 * ```ts
 * import { checkpointPath, CheckpointWriter, newestCheckpoint } from "bert/runs/checkpoint_files.ts";
 * import { firstState } from "bert/runs/run_state.ts";
 * import { strictEqual } from "node:assert";
 * const folder = await Deno.makeTempDir();
 * const writer = new CheckpointWriter(folder, 3);
 * const numbers = { weights: new Map(), optimizer: { step: 0, moments: new Map() }, generators: {} };
 * for (const step of [1, 2]) await writer.save({ state: { ...firstState("a"), step }, ...numbers });
 * await writer.settle();
 * await Deno.truncate(checkpointPath(folder, 2), 100);
 * const { checkpoint, damaged } = await newestCheckpoint(folder, "a");
 * strictEqual(checkpoint?.state.step, 1);
 * strictEqual(damaged.length, 1);
 * ```
 */
export async function newestCheckpoint(
  folder: string,
  run: string,
): Promise<{ checkpoint?: RunCheckpoint; damaged: DamagedCheckpoint[] }> {
  const damaged: DamagedCheckpoint[] = [];
  for (const step of await checkpointSteps(folder)) {
    const path = checkpointPath(folder, step);
    const bytes = await readBytes(path); // outside of `try`: only what was read can be damaged
    try {
      return { checkpoint: await checkpointIn(bytes, path, run, step), damaged };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error; // such as one about memory
      damaged.push({ path, reason: error.message });
    }
  }
  return { damaged };
}

async function checkpointIn(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  run: string,
  step: number,
): Promise<RunCheckpoint> {
  const checkpoint = await unpackCheckpoint(bytes, path);
  const { state } = checkpoint;
  if (state.run !== run) {
    throw new FormatError(path, `expected run ${run}, found ${state.run}: it is of another run`);
  }
  if (state.step === step) return checkpoint;
  throw new FormatError(path, `expected step ${step}, found ${state.step}: it was renamed`);
}

/** Removes files that a killed process left unfinished, and renames damaged checkpoints. */
export async function tidyCheckpoints(
  folder: string,
  damaged: readonly DamagedCheckpoint[],
): Promise<void> {
  for (const { path } of damaged) await Deno.rename(path, `${path}.damaged`).catch(() => {});
  for (const name of await readNames(folder)) {
    if (name.endsWith(UNFINISHED)) await remove(`${folder}/${name}`);
  }
}

/**
 * Tidies up after a process that was killed while it saved a model: a complete copy gets its final
 * name, and an incomplete one is removed.
 *
 * @param path The run's folder.
 */
export async function tidyModels(path: string): Promise<void> {
  for (const name of ["best", "final"]) {
    await completeSave(`${path}/${name}`);
    for (const left of await namesIfThere(`${path}/${name}`) ?? []) {
      // earlier versions of this library wrote each save into a folder of its own
      if (left.startsWith(".saving-")) {
        await remove(`${path}/${name}/${left}`);
      }
    }
  }
}

/** Removes a file or folder. The error names it, the reason and the fix. */
async function remove(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    throw writeError(error, path);
  });
}

/** Writes checkpoints one at a time while training goes on. */
export class CheckpointWriter {
  readonly #folder: string;
  readonly #keep: number;
  #pending: Promise<void> = Promise.resolve();
  #error: unknown;

  /**
   * @param keep How many of the newest checkpoints to keep, at least 1. The best one is kept as well.
   */
  constructor(folder: string, keep: number) {
    this.#folder = folder;
    this.#keep = keep;
  }

  /**
   * Waits until the previous checkpoint is written, copies this one into bytes, and starts to write
   * them.
   *
   * @param before Is called, and waited for, before the file is written.
   * @throws {Error} If an earlier checkpoint could not be written.
   */
  async save(checkpoint: RunCheckpoint, before?: () => Promise<void>): Promise<void> {
    await this.settle();
    const bytes = packCheckpoint(checkpoint);
    this.#pending = this.#write(bytes, checkpoint, before).catch((error) => {
      this.#error = error;
    });
  }

  /** Throws the error of an earlier checkpoint, if there was one, without waiting. */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  /** Waits until everything is on disk, and throws the error of whatever could not be written. */
  async settle(): Promise<void> {
    await this.#pending;
    this.check();
  }

  async #write(
    bytes: Uint8Array<ArrayBuffer>,
    { state }: RunCheckpoint,
    before?: () => Promise<void>,
  ): Promise<void> {
    await before?.();
    await sealCheckpoint(bytes);
    await replaceFile(checkpointPath(this.#folder, state.step), bytes);
    const steps = await checkpointSteps(this.#folder);
    for (const step of steps.slice(this.#keep)) {
      if (step !== state.best?.step) await remove(checkpointPath(this.#folder, step));
    }
  }
}

/**
 * Throws `FormatError` if a run without a valid checkpoint has done steps, as resuming it would begin
 * it anew.
 */
export function checkNothingLost(folder: RunFolder, reasons: readonly string[]): void {
  const rows = countRows(folder.metrics);
  if (rows <= 0 && reasons.length === 0) return;
  const found = reasons.length > 0 ? reasons.join("; ") : "found none";
  throw new FormatError(
    folder.checkpoints,
    `expected a valid checkpoint, ${found}. The run cannot go on; if ${folder.path}/best is there, ` +
      `begin another from it: --init ${shellWord(`${folder.path}/best`)} --out runs/NAME`,
  );
}

function countRows(path: string): number {
  const text = readTextIfThereSync(path);
  if (text === undefined) return 0;
  return text.split("\n").length - 2; // the header and the empty text after the last line end do not count
}
