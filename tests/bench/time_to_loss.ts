/**
 * How long training takes to a given held-out loss: the recipe `short` of the library beside the best
 * recipe from random weights found so far, in PyTorch, on the same batches and questions.
 *
 *     deno run -A --lock=tests/deno.lock tests/bench/time_to_loss.ts --help
 */
import { parseArgs } from "node:util";
import { runAsProgram } from "bert/cli/main.ts";
import { ConfigError } from "bert/errors.ts";
import { completeSettings, libraryConfigs, modelConfig } from "bert/runs/complete_settings.ts";
import { Child, type ChildOptions, denoChild, type Message, pythonChild } from "./child.ts";
import { describeMachine, findPython, type Python } from "./hardware.ts";
import { type LossPoint, MARKS, secondsTo } from "./loss_curve.ts";
import { percent, Report } from "./report.ts";
import { recipeExamples, saveExamples } from "./recipe_examples.ts";
import { type Contender, takeTurns } from "./rounds.ts";

const HELP =
  `Measures the training time until the held-out loss (words + pairs, in nats, on notebook 10's
questions) is below some marks. The contenders take turns, and each evaluates after its turn; the time
of evaluating is not counted. Each trains by the same plan for the same number of steps.

  deno run -A --lock=tests/deno.lock tests/bench/time_to_loss.ts

  --steps 200           steps of each run; by default those of the recipe short. The rate falls to 0
                        at their end, so that a short run is a run of its own, not a part of a long one
  --every 250           steps of a turn: the marks are looked for after each
  --threads 2           number of threads of each contender; by default that of the processors, at most 8
  --contenders A,B      which take part: short, short-bf16 and pytorch-bf16 by default. Further ones:
                        noise-bf16 (the library by PyTorch's recipe), pytorch (in float32, Muon's
                        iteration too)
  --pytorch JSON        what else PyTorch's recipe has, for instance '{"matrixRate": 0.009}', or
                        '{"optimizer": "adamw", "learningRate": 0.001}'
  --csv FILE            where the curves go; nowhere by default

Short has weights that are set by hand or counted before training; the counting is part of its time,
as is the making of batches. PyTorch finds its batches ready-made in memory.

PyTorch is that of the Python that BERT_PYTHON names, or of python3.`;

const SHORT = { recipe: "short" };

/** From random weights: of the recipes tried, the one that got furthest (lib/EXPERIMENTS.md). */
const NOISE = { ...SHORT, headStart: false, countedStart: false, optimizer: "muon" };

/** The rate of the matrices beside that of the other weights: the default of the library's Muon. */
const RATE_FACTOR = 2;

/** What all contenders of a run share. */
interface Plan {
  readonly steps: number;
  readonly threads: number;
  readonly folder: string;
  readonly python: Python | undefined;
  /** Fields of PyTorch's specification that replace the recipe's. */
  readonly pytorch: Message;
}

/** How a contender is started; undefined where it cannot be. */
type Start = (plan: Plan) => ChildOptions | undefined;

const CONTENDERS: Readonly<Record<string, { readonly title: string; readonly start: Start }>> = {
  "short": { title: "short, float32", start: (plan) => library(SHORT, plan) },
  "short-bf16": {
    title: "short, bf16",
    start: (plan) => library({ ...SHORT, precision: "bf16" }, plan),
  },
  "noise-bf16": {
    title: "from noise, Muon, bf16",
    start: (plan) => library({ ...NOISE, precision: "bf16" }, plan),
  },
  "pytorch": { title: "PyTorch, float32", start: (plan) => pytorch(false, plan) },
  "pytorch-bf16": { title: "PyTorch, bf16 autocast", start: (plan) => pytorch(true, plan) },
};

const USUAL = "short,short-bf16,pytorch-bf16";

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const report = new Report();
  if (values.help) return report.line(HELP);
  const usualSteps = `${completeSettings(SHORT).steps}`;
  const steps = checkCount("--steps", values.steps ?? usualSteps);
  const every = checkCount("--every", values.every);
  const usualThreads = `${Math.min(navigator.hardwareConcurrency, 8)}`;
  const threads = checkCount("--threads", values.threads ?? usualThreads);
  const names = values.contenders.split(",").map(checkContender);
  const pytorch = parseObject(values.pytorch);
  if (values.csv) await report.save(values.csv); // fails now if it cannot be written
  const python = await findPython();
  for (const line of describeMachine(python)) report.line(line);
  const folder = await Deno.makeTempDir({ prefix: "bert_examples_" });
  try {
    const settings = completeSettings({ ...SHORT, steps });
    await saveExamples(folder, await recipeExamples(settings), { length: settings.length, steps });
    const curves = await race(names, { steps, threads, folder, python, pytorch }, every, report);
    show(report, curves, { steps, threads, every });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  if (values.csv) await report.save(values.csv);
}

const OPTIONS = {
  help: { type: "boolean", short: "h", default: false },
  steps: { type: "string" },
  every: { type: "string", default: "250" },
  threads: { type: "string" },
  contenders: { type: "string", default: USUAL },
  pytorch: { type: "string", default: "{}" },
  csv: { type: "string" },
} as const;

function library(given: Message, { steps, threads }: Plan): ChildOptions {
  return denoChild("recipe_child.ts", { settings: { ...given, steps }, threads }, { ffi: true });
}

function pytorch(autocast: boolean, plan: Plan): ChildOptions | undefined {
  const { python, steps, threads, folder } = plan;
  if (!python?.versions.torch || !python.versions.transformers) return undefined;
  const settings = completeSettings({ ...NOISE, steps });
  const { train } = libraryConfigs(settings);
  const { seed, length, vocabSize } = settings;
  return pythonChild(python.command, "pytorch_recipe.py", {
    ...modelConfig(settings, vocabSize),
    ...train,
    matrixRate: RATE_FACTOR * train.learningRate,
    ...{ autocast, folder, length, seed, steps, threads },
    ...plan.pytorch,
  });
}

/** Starts the contenders, lets them train by turns, and ends them. */
async function race(
  names: readonly string[],
  plan: Plan,
  every: number,
  report: Report,
): Promise<Map<string, readonly LossPoint[]>> {
  const curves = new Map<string, LossPoint[]>();
  const contenders: Contender[] = [];
  try {
    for (const { title, start } of names.map((name) => CONTENDERS[name])) {
      const child = await enter(title, start(plan), report);
      if (!child) continue;
      contenders.push({ name: title, child, request: { steps: every } });
      curves.set(title, []);
    }
    await takeTurns(contenders, Math.ceil(plan.steps / every), ({ name, child }, answer) => {
      const curve = curves.get(name)!;
      const before = curve.at(-1)?.seconds ?? Number(child.hello.startSeconds);
      curve.push(toPoint(answer, before));
      tell(report, name, curve.at(-1)!);
    });
    return curves;
  } finally {
    for (const { child } of contenders) await child.close();
  }
}

async function enter(
  title: string,
  options: ChildOptions | undefined,
  report: Report,
): Promise<Child | undefined> {
  if (!options) return skip("no Python with torch and transformers: set BERT_PYTHON");
  let child: Child;
  try {
    child = await Child.start(options);
  } catch (error) {
    return skip(error instanceof Error ? error.message : `${error}`);
  }
  if (!child.hello.missing) return child;
  await child.close();
  return skip(`${child.hello.missing}`);

  function skip(reason: string): undefined {
    report.line(`${title} skipped: ${reason}`);
  }
}

function toPoint(answer: Message, before: number): LossPoint {
  const [words, pairs] = [Number(answer.mlmLoss), Number(answer.nspLoss)];
  return {
    step: Number(answer.steps),
    seconds: before + Number(answer.seconds),
    words,
    pairs,
    wordsRight: Number(answer.mlmAccuracy),
    pairsRight: Number(answer.nspAccuracy),
  };
}

/** Prints a point, and keeps it for the CSV file. */
function tell(report: Report, variant: string, point: LossPoint): void {
  const { step, seconds, words, pairs } = point;
  const scores = `words ${words.toFixed(3)}, pairs ${pairs.toFixed(3)} nats`;
  report.line(`${variant}, step ${step}: ${seconds.toFixed(1)} s, ${scores}`);
  const figure = { section: "time to loss", setting: `step ${step}`, variant };
  report.add({ ...figure, metric: "training time", unit: "s" }, seconds);
  report.add({ ...figure, metric: "held-out loss of words", unit: "nats" }, words);
  report.add({ ...figure, metric: "held-out loss of pairs", unit: "nats" }, pairs);
}

function show(
  report: Report,
  curves: ReadonlyMap<string, readonly LossPoint[]>,
  { steps, threads, every }: { steps: number; threads: number; every: number },
): void {
  const header = ["", ...MARKS.map((mark) => `s to ${mark.toFixed(1)}`), "all steps, s"]
    .concat(["loss", "words right", "pairs right"]);
  const rows = [...curves].filter(([, curve]) => curve.length > 0).map(([name, curve]) => {
    const last = curve.at(-1)!;
    const times = MARKS.map((mark) => secondsTo(mark, curve)?.toFixed(1) ?? "not reached");
    const end = [last.seconds.toFixed(1), (last.words + last.pairs).toFixed(3)];
    return [name, ...times, ...end, percent(last.wordsRight), percent(last.pairsRight)];
  });
  const plan = `${steps} steps, evaluated every ${every}, ${threads} threads`;
  report.table(`Training seconds to a held-out loss in nats, words + pairs; ${plan}`, header, rows);
  if (rows.flat().includes("not reached")) report.line(`\nnot reached: not in ${steps} steps`);
}

function checkCount(name: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new ConfigError(name, text, "must be a whole number of at least 1");
}

function checkContender(name: string): string {
  if (Object.hasOwn(CONTENDERS, name)) return name;
  const names = Object.keys(CONTENDERS).join(", ");
  throw new ConfigError("--contenders", name, `must be some of ${names}, with commas between them`);
}

function parseObject(text: string): Message {
  const advice = `must be a JSON object, as {"matrixRate": 0.009}`;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ConfigError("--pytorch", text, advice);
}

if (import.meta.main) await runAsProgram(main);
