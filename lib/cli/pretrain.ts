/** `deno task pretrain`: a whole run from the command line. */
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../backend/choose.ts";
import { checkPrecision } from "../backend/precision.ts";
import { defaultThreads } from "../backend/simd/thread_count.ts";
import type { Precision } from "../config.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { checkNames, isRecord, parseJsonObject } from "../files/json.ts";
import { count, percent, several } from "../format.ts";
import { shellWord } from "../shell_quote.ts";
import { absolutePath, withoutEndSlash } from "../files/path.ts";
import { reading } from "../files/read.ts";
import { checkpointSteps } from "../runs/checkpoint_files.ts";
import type { EvaluationLog } from "../runs/journal.ts";
import { type RunEnd, type RunHooks, runToEnd } from "../runs/loop.ts";
import { SpoiltWeightsError } from "../runs/divergence_guards.ts";
import { beginRun, type OpenRun, reopenRun } from "../runs/open.ts";
import {
  formatOptions,
  type Given,
  type Options,
  optionsFromJson,
  parseOptions,
} from "../runs/option_parser.ts";
import type { RunSettings } from "../runs/run_settings.ts";
import { DECIDED_BY_MODEL, DECIDED_BY_STORE } from "../runs/complete_settings.ts";
import { withRecipe } from "../runs/recipes.ts";
import { inWordsOfTask } from "../runs/error_wording.ts";
import { textRows } from "../runs/text_facts.ts";
import { RUN_OPTIONS } from "../runs/settings_table.ts";
import { isPrepared } from "../store/prepared.ts";
import { RunReport } from "../show/run_report.ts";
import { checkAgreement } from "../team/agreement.ts";
import { findLauncher } from "../team/launcher.ts";
import { openTeam } from "../team/open_team.ts";
import type { Team } from "../team/team.ts";
import { DivergedError } from "../training/train_step.ts";
import { libraryDigest } from "./library_digest.ts";
import { decidingBits, machineInWords } from "./backend_in_words.ts";
import { messageOf } from "./error_message.ts";
import { explainMemory } from "./out_of_memory.ts";
import { Output } from "./terminal_output.ts";
import { startupLine } from "./startup_status.ts";
import { PretrainLine } from "./pretrain_status.ts";
import { Interruption } from "./signals.ts";

type Name = keyof RunSettings | "out" | "resume" | "config" | "patience";

const OPTIONS: Options<Name> = {
  out: { kind: "text", value: "FOLDER", help: "the run's folder, new: runs/NAME" },
  resume: { kind: "switch", help: "go on with the run in --out, from its newest valid checkpoint" },
  config: {
    kind: "text",
    value: "FILE",
    help: 'JSON with these settings, as { "corpus": "sotu", "batchSize": 16 }, or the\n' +
      "config.json of a run; the command line takes precedence",
  },
  patience: {
    kind: "positive",
    value: "SECONDS",
    help: "under mpiexec: how long to wait for the other processes, 600 by\n" +
      "default, before all of them are ended",
  },
  ...RUN_OPTIONS,
};

const HELP = `Pre-trains a BERT, from raw text to a saved model, in a folder of its own.

  deno task pretrain --out runs/first --steps 1000
  deno task pretrain --out runs/whales --corpus moby-dick --preset mini --max-minutes 60
  deno task pretrain --out runs/mine --corpus texts.csv --text-column body --epochs 3 --batch-size 16
  deno task pretrain --out runs/first --resume                  after Ctrl-C, a crash, a closed lid
  deno task pretrain --out runs/second --config runs/first/config.json --seed 2
  deno task pretrain --out runs/longer --init runs/first/final --steps 5000
  mpiexec -n 4 deno task pretrain --out runs/four --accumulation 4 --batch-size 8

The folder then holds config.json, metrics.csv, evaluations.jsonl, log.txt, checkpoints/, best/,
final/ and run.html. Ctrl-C writes a checkpoint first; a second one does not. A file "stop" in the
folder does the same.

${formatOptions(OPTIONS)}
  --help${" ".repeat(20)}this text`;

const STOPPING = "a checkpoint is written after this step; a second signal stops at once";

/**
 * Runs the task.
 *
 * @returns The code to exit with: 0, or that of the signal that stopped the run.
 * @throws {Error} If the task fails. The message says what to do.
 */
export async function pretrainCommand(args: readonly string[]): Promise<number> {
  if (args.some((arg) => arg === "--help" || arg === "-h")) {
    if (!findLauncher()?.rank) new Output().say(HELP);
    return 0;
  }
  const read = await readArguments(args);
  const team = await openTeam({ patience: read.patience });
  if (team.size === 1) return await pretrainOn(team, args, read);
  try {
    const code = await pretrainOn(team, args, read);
    await team.close();
    return code;
  } catch (error) {
    // deno-lint-ignore no-console
    return team.abort((name) => console.error(`${name}: ${messageOf(error)}`));
  }
}

/** Runs the task in one process of a team, which usually is the only one. */
async function pretrainOn(
  team: Team,
  args: readonly string[],
  { out, resume, given }: Arguments,
): Promise<number> {
  const output = new Output(team.rank === 0 ? {} : SILENT);
  if (team.rank === 0) await mayWrite(out);
  const backend = await startBackend(given, team.cores);
  checkPrecision((given.precision ?? "float32") as Precision, "--precision");
  const software = {
    deno: Deno.version.deno,
    tfjs: tf.version_core,
    backend: decidingBits(backend),
  };
  const machine = machineInWords(backend);
  if (team.size > 1) await joinIn(team, args, machine, output);
  using stop = new Interruption((signal) => output.say(`${signal}: ${STOPPING}`));
  const preparing = startupLine(output);
  const open = resume ? reopenRun : beginRun;
  using run = await open(out, given, software, preparing, team);
  // a second check, as a resumed run has a precision of its own
  checkPrecision(run.config.train.precision ?? "float32", "--precision");
  if (output.terminal) output.draw("");
  introduce(run, machine, output);
  const end = await trainWith(run, output, stop.listen());
  conclude(run, end, output);
  return end.stopped === "finished" ? 0 : stop.code;
}

/** The output of all processes except the first one, which print nothing. */
const SILENT = { terminal: false, write: (bytes: Uint8Array) => bytes.length };

/** Checks that all processes run the same program with the same settings. */
async function joinIn(
  team: Team,
  args: readonly string[],
  machine: string,
  output: Output,
): Promise<void> {
  output.say(`${team.description}; ${machine} each`);
  if (team.warning !== undefined) output.say(`Warning: ${team.warning}`);
  await checkAgreement(team, {
    "version of this library": `code ${await libraryDigest()}`,
    "version of Deno": Deno.version.deno,
    "command line": args.join(" "),
  });
}

async function trainWith(run: OpenRun, output: Output, signal: AbortSignal): Promise<RunEnd> {
  const { plannedSteps, train: { maxSeconds }, settings } = run.config;
  const pairs = settings.pairing !== "none";
  using line = new PretrainLine(output, { plannedSteps, maxSeconds, pairs });
  const report = run.folder.writes ? new RunReport(run.folder.path, run.config) : undefined;
  const hooks: RunHooks = {
    onStep: (log) => line.show(log),
    onEvaluation: (log, best) => output.say(describeEvaluation(log, best)),
    onEvent: (text) => output.say(text),
    report: async () => await report?.write(),
  };
  return await guarded(run, hooks, signal);
}

/** What the command line says. */
interface Arguments {
  readonly out: string;
  readonly resume: boolean;
  /** Seconds to wait for other processes. */
  readonly patience: number | undefined;
  readonly given: Given<keyof RunSettings>;
}

async function readArguments(args: readonly string[]): Promise<Arguments> {
  const { out, resume = false, config, patience, ...typed } = parseOptions(args, OPTIONS);
  const read = config === undefined ? {} : await readConfig(`${config}`, typed);
  const given = { ...read, ...(resume ? typed : withRecipe(typed)) };
  if (out === undefined) {
    throw new ConfigError("--out", undefined, "must name the run's folder, as in --out runs/first");
  }
  return {
    out: withoutEndSlash(`${out}`),
    resume: resume as boolean,
    patience: patience as number | undefined,
    given: given as Given<keyof RunSettings>,
  };
}

/**
 * Checks at once whether the task may write to the folder, and not after minutes of preparing. At a
 * terminal, Deno asks for the permission.
 */
async function mayWrite(path: string): Promise<void> {
  const { state } = await Deno.permissions.request({ name: "write", path });
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Cannot write ${
      absolutePath(path)
    }: the task may write below runs/ only. Choose a folder there, or ` +
      'run "deno run -A lib/cli/main.ts pretrain …"',
  );
}

/**
 * Reads the settings in a file, which are its top-level fields, or the field `settings` if it is the
 * `config.json` of a run. Such a file has all settings. Those that a saved model or a prepared corpus
 * decides are left out if the new run begins with one.
 *
 * @param typed The settings of the command line, which take precedence over those of the file.
 */
async function readConfig(
  path: string,
  typed: Given<keyof RunSettings>,
): Promise<Given<keyof RunSettings>> {
  const text = await reading(path, Deno.readTextFile(path)).catch((error) => {
    if (error.cause instanceof Deno.errors.NotFound) {
      throw new ConfigError("--config", path, "must be a JSON file that exists: check the path");
    }
    if (!(error.cause instanceof Deno.errors.IsADirectory)) throw error;
    throw new FormatError(path, "expected a JSON file, found a folder: name the config.json in it");
  });
  const json = parseJsonObject(text, path);
  checkNames(text, path, Infinity); // JSON.parse() ignores the first of two settings with one name
  if (json.format !== 1 || !isRecord(json.settings)) {
    return optionsFromJson(json, RUN_OPTIONS, path);
  }
  const settings: Record<string, unknown> = { ...json.settings };
  const { init, corpus } = { ...settings, ...typed };
  const decided = [
    ...(init === undefined ? [] : DECIDED_BY_MODEL),
    ...(isPrepared(`${corpus}`) ? DECIDED_BY_STORE : []),
  ];
  for (const name of decided) {
    delete settings[name];
  }
  return optionsFromJson(settings, RUN_OPTIONS, path);
}

async function startBackend(
  given: Given<keyof RunSettings>,
  cores: number | undefined,
): Promise<string> {
  const options = cores === undefined ? {} : { threads: defaultThreads(cores) };
  try {
    return await useBackend(given.backend as string | undefined, options);
  } catch (error) {
    throw inWordsOfTask(error, given as Partial<RunSettings>);
  }
}

function introduce(run: OpenRun, machine: string, output: Output): void {
  const { config, warnings, checkpoint, folder, model } = run;
  const { settings, corpus: { training, heldOut }, plannedSteps } = config;
  const weights = [...model.weights.values()].reduce((sum, { size }) => sum + size, 0);
  const planned = plannedSteps === null
    ? "as many steps as the clock allows"
    : `${plannedSteps} steps`;
  if (config.text) {
    for (const [what, found] of textRows(config.text)) output.say(`${what.padEnd(17)}${found}`);
  }
  for (const warning of warnings) {
    output.say(`Warning: ${warning}`);
    folder.log(`warning: ${warning}`);
  }
  output.say(
    `${settings.corpus}: ${several(training, "document")} to train on, ${heldOut} held out; ` +
      `${count(weights)} weights; ${machine}; ${planned}`,
  );
  if (!checkpoint) return folder.log("begun");
  const { step, finished } = checkpoint.state;
  folder.log(`resumed at step ${step}`);
  output.say(finished ? `The run is finished, at step ${step}` : `Going on from step ${step}`);
}

function describeEvaluation(log: EvaluationLog, best: boolean): string {
  const { mlmAccuracy: [low, high] } = log.intervals;
  const samples = log.samples.slice(0, 2).map(({ text, answer, guesses }) =>
    `  ${text} → ${guesses.map(({ token }) => token).join(", ")} (${answer})`
  );
  const scores = [
    `held out at step ${log.step}: MLM ${log.mlmLoss.toFixed(3)}, ` +
    `${percent(log.mlmAccuracy)} (${percent(low)} to ${percent(high)})`,
    ...(log.pairs > 0 ? [`NSP ${log.nspLoss.toFixed(3)}, ${percent(log.nspAccuracy)}`] : []),
    ...(best ? ["the best so far"] : []),
  ];
  return [scores.join("; "), ...samples].join("\n");
}

/** Runs to the end. If that fails, advice is added to the message of the error. */
async function guarded(run: OpenRun, hooks: RunHooks, signal: AbortSignal): Promise<RunEnd> {
  const { settings } = run.config;
  try {
    return await runToEnd(run, hooks, signal);
  } catch (error) {
    const explained = explainMemory(error, settings);
    const message = messageOf(explained);
    run.folder.log(`stopped: ${message}`);
    const advice = explained === error
      ? await adviceAfter(error, run)
      : adviceAfterMemory(run.folder.path);
    throw new Error(`${message.replace(/\.$/, "")}. ${advice}`, { cause: error });
  }
}

/** Advice for a run that ran out of memory. */
function adviceAfterMemory(path: string): string {
  return "The settings of a run cannot be changed: begin another run in a new folder, with the best " +
    `weights of this one if it was evaluated before (--init ${shellWord(`${path}/best`)})`;
}

/** Advice for a run that ended by any other error. */
async function adviceAfter(error: unknown, { folder }: OpenRun): Promise<string> {
  if (error instanceof SpoiltWeightsError) return "A resumed run would fail at this step again";
  const steps = await checkpointSteps(folder.checkpoints).catch(() => []);
  if (steps.length === 0) {
    return `No checkpoint is left in ${folder.checkpoints}: begin a new run`;
  }
  const skip = error instanceof DivergedError
    ? ", and --on-nan skip to leave out such batches"
    : "";
  return `The run keeps its checkpoint of step ${steps[0]}: go on with ` +
    `--out ${shellWord(folder.path)} --resume${skip}`;
}

function conclude({ folder, config }: OpenRun, end: RunEnd, output: Output): void {
  const { stopped, step, skipped } = end;
  const passed = skipped > 0 ? `, ${several(skipped, "diverged step")} skipped` : "";
  const { path } = folder;
  folder.log(`${stopped} at step ${step}${passed}`);
  if (stopped === "aborted") {
    return output.say(
      `Stopped at step ${step}${passed}. Go on with: ` +
        `deno task pretrain --out ${shellWord(path)} --resume`,
    );
  }
  const best = config.corpus.heldOut > 0 ? `, the best one in ${path}/best` : "";
  output.say(
    `Finished at step ${step}${passed}. The model is in ${path}/final${best}; see ${path}/run.html`,
  );
}
