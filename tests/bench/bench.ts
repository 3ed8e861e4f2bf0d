/**
 * `deno task bench`: how fast this is, beside what else there is on the same machine, in one run.
 *
 * Everything is measured by turns and shown as the median of the rounds; `reach` says how far the
 * slowest and the fastest round lie from it.
 */
import { parseArgs } from "node:util";
import { checkBelow1 } from "bert/checks.ts";
import { runAsProgram } from "bert/cli/main.ts";
import type { ModelPreset } from "bert/config.ts";
import { ConfigError } from "bert/errors.ts";
import { numberIn } from "bert/runs/option_parser.ts";
import { describeMachine, findPython, type Python } from "./hardware.ts";
import { kernelSection } from "./kernel_section.ts";
import { Report } from "./report.ts";
import { batchSection, lengthSection, threadSection } from "./scaling_section.ts";
import { gpuSection, stepSection } from "./step_section.ts";
import { textSection } from "./text_section.ts";
import type { Pace } from "./variants.ts";

/** What every section is given. */
export interface Bench {
  readonly report: Report;
  readonly python: Python | undefined;
  readonly pace: Pace;
  readonly threads: number;
  readonly presets: readonly ModelPreset[];
  /** The dropout of the models that are trained. */
  readonly dropout: number;
  /** Whether stock tfjs takes part, half a minute a step. */
  readonly stock: boolean;
  readonly quick: boolean;
}

const SECTIONS = {
  step: stepSection,
  threads: threadSection,
  batch: batchSection,
  length: lengthSection,
  text: textSection,
  kernels: kernelSection,
  gpu: gpuSection,
};

type SectionName = keyof typeof SECTIONS;

/** Sections that only run when they are named: most machines have no GPU. */
const ON_REQUEST: readonly SectionName[] = ["gpu"];

const PRESETS = ["tiny", "mini", "small", "medium", "base"] as const;

const HELP = `Measures training, text and kernels beside PyTorch, tokenizers and stock tfjs.

  deno task bench                          everything: about 15 minutes
  deno task bench step text                only these: step, threads, batch, length, text, kernels
  deno task bench gpu                      steps on the backend webgpu beside simd, under four minutes
  deno task bench --quick                  fewer rounds and sizes, without stock tfjs: a look, no proof
  deno task bench step --preset mini,small training steps of these sizes
  deno task bench step --dropout 0         without dropout; 0.1 by default. Only then does PyTorch fuse attention
  deno task bench --no-stock               without stock tfjs, which takes half a minute a step
  deno task bench --rounds 9               turns of each contender; 5 by default
  deno task bench --csv FILE               where the figures go; bench.csv by default

PyTorch and tokenizers are those of the Python that BERT_PYTHON names, or of python3.`;

async function main(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args);
  const report = new Report();
  if (values.help) return report.line(HELP);
  const names = positionals.length
    ? positionals.map(checkSection)
    : sectionNames().filter((name) => !ON_REQUEST.includes(name));
  const python = await findPython();
  const { quick } = values;
  const rounds = Number(values.rounds ?? (quick ? 2 : 5));
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    throw new ConfigError("--rounds", values.rounds, "must be a whole number of at least 1");
  }
  const presets = (values.preset ?? (quick ? "tiny,mini" : "tiny,mini,small,medium")).split(",");
  const bench: Bench = {
    report,
    python,
    pace: { rounds, seconds: quick ? 0.5 : 1.5 },
    threads: Math.min(navigator.hardwareConcurrency, 8),
    presets: presets.map(checkPreset),
    dropout: readDropout(values.dropout),
    stock: !quick && !values["no-stock"],
    quick,
  };
  await checkWritable(values.csv);
  for (const line of [...describeMachine(python), ...missing(python)]) report.line(line);
  for (const name of names) {
    await SECTIONS[name](bench);
    await report.save(values.csv); // a run that is stopped keeps what it has
  }
  report.line(`\nAll figures are in ${values.csv}`);
}

/** Throws before a quarter of an hour has gone into figures that cannot be kept. */
async function checkWritable(path: string): Promise<void> {
  try {
    (await Deno.open(path, { write: true, create: true })).close();
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new ConfigError(
      "--csv",
      path,
      `cannot be written: choose a file in this folder (${reason})`,
    );
  }
}

/** Lines that say what cannot be compared here. */
function missing(python: Python | undefined): string[] {
  const needed = { PyTorch: ["torch", "transformers"], tokenizers: ["tokenizers"] };
  return Object.entries(needed).flatMap(([name, packages]) => {
    const absent = packages.filter((part) => !python?.versions[part]);
    if (absent.length === 0) return [];
    return [`${name} skipped: ${python?.command ?? "python3"} has no ${absent.join(" and no ")}`];
  });
}

function readArguments(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h", default: false },
      quick: { type: "boolean", default: false },
      "no-stock": { type: "boolean", default: false },
      preset: { type: "string" },
      dropout: { type: "string", default: "0.1" },
      rounds: { type: "string" },
      csv: { type: "string", default: "bench.csv" },
    },
  });
}

/** Reads the rate of dropout: 0 to below 1. */
function readDropout(typed: string): number {
  const value = numberIn(typed);
  checkBelow1("--dropout", value);
  return Number(value);
}

function sectionNames(): SectionName[] {
  return Object.keys(SECTIONS) as SectionName[];
}

function checkSection(name: string): SectionName {
  if (Object.hasOwn(SECTIONS, name)) return name as SectionName;
  throw new ConfigError("section", name, `must be one of ${sectionNames().join(", ")}`);
}

function checkPreset(name: string): ModelPreset {
  const found = PRESETS.find((preset) => preset === name);
  if (found) return found;
  throw new ConfigError("--preset", name, `must be one of ${PRESETS.join(", ")}`);
}

if (import.meta.main) await runAsProgram(main);
