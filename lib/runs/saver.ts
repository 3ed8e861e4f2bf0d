/** What a run saves: checkpoints while it trains on, the best model with them, the final one. */
import { type SavableModel, saveModel } from "../model/folder.ts";
import { CheckpointWriter } from "./checkpoints.ts";
import type { RngState } from "../random.ts";
import { captureRun } from "./checkpoint.ts";
import type { OpenRun } from "./open.ts";
import type { RunState } from "./state.ts";

/** What goes into a checkpoint beside the numbers of model and optimizer. */
interface CheckpointRequest {
  readonly state: RunState;
  /** Those of the epoch's data, by their jobs. */
  readonly generators: Readonly<Record<string, RngState>>;
  /** Whether the model is the best so far: `best/` is written then, before the checkpoint says so. */
  readonly best?: boolean;
}

/**
 * Saves a run in the background; one thing at a time. The caller calls `settle()` at the end. A process
 * that leaves the run's folder alone keeps count of what is saved, and writes nothing.
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

  /** Whether there is a checkpoint of this run. */
  get hasSaved(): boolean {
    return this.#savedStep >= 0;
  }

  /** Whether it is time for one. */
  isDue(step: number): boolean {
    const { checkpointEvery = Infinity, checkpointMinutes } = this.#run.config.settings;
    if (step === this.#savedStep) return false;
    const minutes = (performance.now() - this.#savedAt) / 60_000;
    return step % checkpointEvery === 0 || minutes >= checkpointMinutes;
  }

  /**
   * Copies the run's numbers and starts to write them; training goes on meanwhile.
   *
   * @param first Done before the checkpoint gets its name.
   * @throws {Error} If an earlier one could not be written.
   */
  async save(
    { state, generators, best }: CheckpointRequest,
    first: () => Promise<void>,
  ): Promise<void> {
    const { model: { config, weights }, optimizer } = this.#run;
    await this.settle(); // no more than one copy in memory
    if (this.#run.folder.writes) {
      const copy = captureRun(state, weights, optimizer, generators);
      await this.#writer.save(copy, async () => {
        await first();
        if (best) await this.#saveModel("best", { config, weights: copy.weights });
      });
    }
    this.#savedStep = state.step;
    this.#savedAt = performance.now();
  }

  /** Throws what went wrong with an earlier save, without waiting. */
  check(): void {
    this.#writer.check();
  }

  /** Waits until all is on disk. Throws what went wrong. */
  async settle(): Promise<void> {
    await this.#writer.settle();
  }

  /** Saves the model that the run ends with, and waits for the disk. */
  async saveFinal(): Promise<void> {
    await this.#saveModel("final", this.#run.model);
  }

  async #saveModel(name: "best" | "final", model: SavableModel): Promise<void> {
    if (!this.#run.folder.writes) return;
    await saveModel(`${this.#run.folder.path}/${name}`, model, this.#run.tokenizer);
  }
}
