/** Saving a run: checkpoints during training, the best model so far, and the final model. */
import { type SavableModel, saveModel } from "../model/folder.ts";
import { CheckpointWriter } from "./checkpoint_files.ts";
import type { RngState } from "../random.ts";
import { captureRun } from "./checkpoint.ts";
import { checkWeights } from "./divergence_guards.ts";
import type { OpenRun } from "./open.ts";
import type { RunState } from "./run_state.ts";

/** What a checkpoint holds beside the model's weights and the optimizer's state. */
interface CheckpointRequest {
  readonly state: RunState;
  /** The state of each random generator of the epoch's data, by what it draws. */
  readonly generators: Readonly<Record<string, RngState>>;
  /** Whether the model is the best so far. If so, `best/` is written before the checkpoint. */
  readonly best?: boolean;
}

/**
 * Saves a run in the background, one checkpoint at a time. The caller calls `settle()` at the end. In
 * a process that does not write to the run's folder it only records when a checkpoint was due.
 */
export class RunSaver {
  readonly #run: OpenRun;
  readonly #writer: CheckpointWriter;
  #savedStep: number;
  #savedAt = performance.now();

  constructor(run: OpenRun) {
    this.#run = run;
    this.#writer = new CheckpointWriter(run.folder.checkpoints, run.config.settings.keep);
    this.#savedStep = run.checkpoint?.state.step ?? -1;
  }

  /** Whether a checkpoint of this run was saved, by this process or an earlier one. */
  get hasSaved(): boolean {
    return this.#savedStep >= 0;
  }

  /** Whether a checkpoint is due at a step, by the number of steps or by the clock. */
  isDue(step: number): boolean {
    const { checkpointEvery = Infinity, checkpointMinutes } = this.#run.config.settings;
    if (step === this.#savedStep) return false;
    const minutes = (performance.now() - this.#savedAt) / 60_000;
    return step % checkpointEvery === 0 || minutes >= checkpointMinutes;
  }

  /**
   * Copies the weights and states of the run, and starts to write the copy while training goes on.
   *
   * @param before Is called, and waited for, before the checkpoint is written.
   * @throws {SpoiltWeightsError} If a weight is NaN or infinite. The older checkpoints stay.
   * @throws {Error} If an earlier checkpoint could not be written.
   */
  async save(
    { state, generators, best }: CheckpointRequest,
    before: () => Promise<void>,
  ): Promise<void> {
    const { model: { config, weights }, optimizer } = this.#run;
    await this.settle(); // so that memory holds at most one copy
    if (this.#run.folder.writes) {
      const copy = captureRun(state, weights, optimizer, generators);
      checkWeights(state.step, copy.weights);
      await this.#writer.save(copy, async () => {
        await before();
        if (best) await this.#saveModel("best", { config, weights: copy.weights });
      });
    }
    this.#savedStep = state.step;
    this.#savedAt = performance.now();
  }

  /** Throws the error of an earlier save, if there was one, without waiting. */
  check(): void {
    this.#writer.check();
  }

  /** Waits until everything is on disk, and throws the error of whatever could not be written. */
  async settle(): Promise<void> {
    await this.#writer.settle();
  }

  /** Saves the final model, and waits until it is on disk. */
  async saveFinal(): Promise<void> {
    await this.#saveModel("final", this.#run.model);
  }

  async #saveModel(name: "best" | "final", model: SavableModel): Promise<void> {
    if (!this.#run.folder.writes) return;
    await saveModel(`${this.#run.folder.path}/${name}`, model, this.#run.tokenizer);
  }
}
