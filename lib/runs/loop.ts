/** The loop of a run, from its present step to its end: steps, evaluations and checkpoints. */
import { checkArguments, checkOptions, having } from "../checks.ts";
import { FormatError } from "../errors.ts";
import { evaluate } from "../training/evaluate.ts";
import type { StepLog } from "../training/history.ts";
import { type Run, train } from "../training/train.ts";
import type { DivergedError } from "../training/train_step.ts";
import type { RunEpoch, RunPlace } from "./run_corpus.ts";
import { checkHeldOut, SkipCounter } from "./divergence_guards.ts";
import { checkSameWeights } from "./same_weights.ts";
import { StopFile } from "./stop_file.ts";
import { EvaluationLog, RunJournal } from "./journal.ts";
import type { OpenRun } from "./open.ts";
import { chooseSamples, fillSamples, type Sample } from "./sample_sentences.ts";
import { RunSaver } from "./run_saver.ts";
import { firstState, type RunState } from "./run_state.ts";

/** The number of held-out sentences with a blank that each evaluation records. */
const SAMPLES = 6;

const OPEN_RUN = having("what beginRun() or reopenRun() gives", "folder", "config", "model");

/**
 * The processes of a team compare their weights at each checkpoint, and at least after this many
 * steps.
 */
const COMPARED_EVERY = 100;

/**
 * Trains until the run ends or the signal is aborted. A checkpoint is on disk when it returns.
 *
 * @param signal Ends the run after the current step.
 * @throws {DivergedError} If a step diverges and the setting `onNan` is "stop".
 * @throws {SpoiltWeightsError} If the loss on held-out text, or a weight of a checkpoint, is NaN or
 * infinite.
 * @throws {Error} If a file cannot be written, or ten batches in a row diverge. Earlier checkpoints
 * stay.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { loadModel } from "bert/model/folder.ts";
 * import { beginRun } from "bert/runs/open.ts";
 * import { runToEnd } from "bert/runs/loop.ts";
 * import { strictEqual } from "node:assert";
 * const folder = await Deno.makeTempDir();
 * const settings = { corpus: "data/sample.csv", preset: "smoke", vocabSize: 200, length: 32, steps: 1 };
 * using run = await beginRun(`${folder}/run`, settings, { backend: await useBackend() }, () => {});
 * strictEqual((await runToEnd(run)).stopped, "finished");
 * strictEqual((await loadModel(`${folder}/run/final`)).model.config.hiddenSize, 32);
 * ```
 */
export async function runToEnd(
  run: OpenRun,
  hooks: RunHooks = {},
  signal?: AbortSignal,
): Promise<RunEnd> {
  checkArguments("runToEnd(run, hooks, signal)", [["run", run, OPEN_RUN]]);
  checkOptions("runToEnd()", hooks, ["onStep", "onEvaluation", "onEvent", "report"]);
  const loop = new RunLoop(run, hooks, signal);
  try {
    return await loop.run();
  } finally {
    await loop.close();
  }
}

class RunLoop {
  readonly #run: OpenRun;
  readonly #hooks: RunHooks;
  /** A signal that is aborted after the same step in all processes. */
  readonly #signal?: AbortSignal;
  readonly #stopFile: StopFile;
  readonly #journal: RunJournal;
  readonly #saver: RunSaver;
  readonly #clock: Run;
  readonly #skips = new SkipCounter();
  readonly #samples: readonly Sample[];
  #state: RunState;
  #stream?: RunEpoch;
  #place: RunPlace;

  constructor(run: OpenRun, hooks: RunHooks, signal?: AbortSignal) {
    const { folder, config, checkpoint } = run;
    this.#run = run;
    this.#hooks = hooks;
    this.#stopFile = new StopFile(folder.path);
    const signals = signal ? [signal, this.#stopFile.signal] : [this.#stopFile.signal];
    this.#signal = run.team.agree(AbortSignal.any(signals));
    this.#state = checkpoint?.state ?? firstState(config.run);
    this.#journal = new RunJournal(folder, this.#state, hooks.onEvent);
    this.#saver = new RunSaver(run);
    const { tokens, seconds, batches, lanes } = this.#state;
    this.#clock = { startedAt: performance.now() - 1000 * seconds, firstStep: 0, tokens };
    this.#place = { batches, lanes, generators: checkpoint?.generators ?? {} };
    const choice = { count: SAMPLES, seed: config.settings.seed };
    this.#samples = chooseSamples(run.corpus.heldOutDocuments, run.tokenizer, choice);
  }

  async run(): Promise<RunEnd> {
    await this.#journal.recall(this.#state);
    // the first checkpoint comes before any row, as rows without one mean that it was lost
    if (!this.#saver.hasSaved) await this.#saveNow();
    const { epochs } = this.#run.config.train;
    if (!this.#state.finished) await this.#evaluateIfDue();
    while (!this.#state.finished && !this.#clock.stopped && this.#state.epoch <= epochs) {
      await this.#epoch();
    }
    const aborted = this.#signal?.aborted && !this.#state.finished;
    if (aborted) await this.#saveNow();
    else await this.#finish();
    const { step, skipped } = this.#state;
    return { stopped: aborted ? "aborted" : "finished", step, skipped };
  }

  /** Waits for what is being written, and closes the files. */
  async close(): Promise<void> {
    await this.#saver.settle().catch(() => {}); // the first error has been thrown already
    this.#journal.close();
  }

  async #epoch(): Promise<void> {
    const { config, corpus, model, optimizer } = this.#run;
    const { settings: { seed }, plannedSteps } = config;
    const { epoch, batches } = this.#state;
    const stream = corpus.epoch(epoch, this.#run.team);
    if (batches > 0) await this.#goBackTo(stream);
    this.#stream = stream;
    const logs = train(model, optimizer, stream.source, {
      train: config.train,
      seed,
      epoch,
      plannedSteps: plannedSteps ?? Infinity,
      run: this.#clock,
      signal: this.#signal,
      team: this.#run.team,
      onDiverged: (error) => this.#diverged(error),
    });
    for await (const log of logs) await this.#afterStep(log);
    if (this.#clock.stopped) return;
    this.#stream = undefined;
    this.#place = { batches: 0, generators: {} };
    this.#state = { ...this.#state, epoch: epoch + 1, batches: 0, lanes: undefined };
  }

  /**
   * Skips the batches of the epoch that were trained on before, and checks that they are the same as
   * then.
   */
  async #goBackTo(stream: RunEpoch): Promise<void> {
    if (await stream.goTo(this.#place)) return;
    throw new FormatError(
      this.#run.folder.path,
      "expected the batches that the run began with, found others: another version of this library " +
        "makes them. Go on with the version that began the run, or begin a new one",
    );
  }

  async #afterStep(log: StepLog): Promise<void> {
    this.#journal.step(log);
    this.#state = { ...this.#state, step: log.step, tokens: log.tokens };
    this.#hooks.onStep?.(log);
    this.#saver.check();
    await this.#lookForStopFile();
    await this.#evaluateIfDue();
    if (await this.#isSaveDue(log.step)) return await this.#save();
    if (log.step % COMPARED_EVERY === 0) await this.#compare();
  }

  /** Whether a checkpoint is due. Rank 0 decides it for all ranks, by its clock. */
  async #isSaveDue(step: number): Promise<boolean> {
    const { team, folder } = this.#run;
    const due = this.#saver.isDue(step);
    if (team.size === 1) return due;
    return (await team.sumCounts([folder.writes && due ? 1 : 0]))[0] > 0;
  }

  async #lookForStopFile(): Promise<void> {
    if (!this.#run.folder.writes || !await this.#stopFile.look()) return;
    this.#journal.event("the file stop was found: a checkpoint is written, and the run stops");
  }

  async #compare(): Promise<void> {
    const { team, model } = this.#run;
    await checkSameWeights(team, model.weights, this.#state.step);
  }

  #diverged(error: DivergedError): void {
    if (this.#run.config.settings.onNan === "stop") throw error;
    this.#skips.count(error);
    const { epoch, tokens, skipped } = this.#state;
    this.#journal.skipped({ epoch, tokens, step: error.step }, error.problem);
    this.#state = { ...this.#state, skipped: skipped + 1 };
  }

  async #evaluateIfDue(): Promise<void> {
    const { step, evaluatedAt } = this.#state;
    const due = step > 0 && step % this.#run.config.evaluateEvery === 0 && evaluatedAt < step;
    if (due) await this.#evaluate();
  }

  async #evaluate(): Promise<void> {
    const { model, tokenizer, heldOut, team, folder } = this.#run;
    if (heldOut.length === 0) return await this.#hooks.report?.();
    const scores = await evaluate(model, heldOut, { signal: this.#signal, team });
    if (this.#signal?.aborted) return; // the evaluation is done again when the run is resumed
    const { step, epoch, tokens, best } = this.#state;
    const loss = scores.mlmLoss + scores.nspLoss;
    checkHeldOut(step, loss);
    const samples = folder.writes ? await fillSamples(model, tokenizer, this.#samples) : [];
    const log = { step, epoch, tokens, seconds: this.#seconds(), ...scores, samples };
    this.#journal.evaluation(log);
    const better = !best || loss < best.loss;
    this.#state = { ...this.#state, evaluatedAt: step, best: better ? { step, loss } : best };
    this.#hooks.onEvaluation?.(log, better);
    if (better) await this.#save({ best: true });
    await this.#hooks.report?.();
  }

  async #save({ best }: { readonly best?: boolean } = {}): Promise<void> {
    const { batches, generators, lanes } = this.#stream?.place ?? this.#place;
    const { backend } = this.#run;
    await this.#compare();
    const seconds = this.#seconds();
    this.#state = { ...this.#state, batches, lanes, seconds, backend, ...this.#journal.written };
    await this.#saver.save({ state: this.#state, generators, best }, () => this.#journal.sync());
  }

  async #saveNow(): Promise<void> {
    await this.#save();
    await this.#saver.settle();
    if (this.#state.step > 0) this.#journal.event(`checkpoint of step ${this.#state.step}`);
  }

  async #finish(): Promise<void> {
    if (!this.#state.finished) {
      if (this.#state.evaluatedAt < this.#state.step) await this.#evaluate();
      this.#state = { ...this.#state, finished: !this.#signal?.aborted };
      await this.#saveNow();
      if (this.#signal?.aborted) return; // the last evaluation was interrupted
    }
    await this.#saver.saveFinal();
    await this.#hooks.report?.();
  }

  #seconds(): number {
    return (performance.now() - this.#clock.startedAt) / 1000;
  }
}

/** Functions that are called while a run goes on. */
export interface RunHooks {
  /** Called after each step. */
  readonly onStep?: (log: StepLog) => void;
  /** Called after each evaluation. `best` says whether its loss is the lowest so far. */
  readonly onEvaluation?: (log: EvaluationLog, best: boolean) => void;
  /** Called with each event: a jump of the loss, a skipped step, a checkpoint. */
  readonly onEvent?: (text: string) => void;
  /** Called after each evaluation and at the end, to draw the run's report. The run waits for it. */
  readonly report?: () => Promise<void>;
}

/** How a run ended. */
export interface RunEnd {
  /** Whether the run came to its end, or the signal or the file `stop` ended it before. */
  readonly stopped: "finished" | "aborted";
  /** Updates of the weights since the run began. */
  readonly step: number;
  /** Steps that diverged and were skipped. */
  readonly skipped: number;
}
