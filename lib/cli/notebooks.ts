// deno-lint-ignore-file no-console -- the task prints its progress
/** The task `notebooks`: running the notebooks in order. */
import { checkChoice } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { several } from "../format.ts";
import { NOTEBOOK_PRESETS } from "../show/presets.ts";
import { readArguments, readPositive } from "./simple_options.ts";
import { killKernels } from "./jupyter_kernel.ts";
import { TUTORIAL_NOTEBOOK } from "./notebook_file.ts";
import { runNotebook } from "./run_notebook.ts";
import { EXIT_CODES } from "./signals.ts";
import { copyWithoutSolutions } from "./without_solutions.ts";

/** The folder of the notebooks. */
export const FOLDER = "notebooks";

/** The folder of the user's own notebooks, in which no task changes a file. */
export const OWN = `${FOLDER}/mine`;

const NOTEBOOKS_HELP = `Runs the notebooks in order and saves their outputs.

  deno task notebooks                      all of them, preset tutorial
  deno task notebooks 02 07                only those whose names begin with 02 or 07
  deno task notebooks --preset smoke       other sizes: smoke, tutorial, full; also BERT_PRESET=smoke
  deno task notebooks --check              run, but save nothing
  deno task notebooks --without-solutions  run none, and write copies for a class into ${OWN}/
  deno task notebooks --timeout 3600       the longest time for one cell, in seconds`;

/** Runs the task: reads the command line, runs the notebooks, and prints how long they took. */
export async function notebooks(args: string[]): Promise<void> {
  const { values, positionals } = notebookArguments(args);
  if (values.help) return console.log(NOTEBOOKS_HELP);
  const timeout = readPositive("--timeout", values.timeout);
  const preset = values.preset ?? Deno.env.get("BERT_PRESET") ?? "tutorial";
  checkChoice(values.preset ? "--preset" : "BERT_PRESET", preset, NOTEBOOK_PRESETS);
  const names = chooseNotebooks(positionals);
  if (values["without-solutions"]) {
    await copyWithoutSolutions(FOLDER, OWN, names);
    return console.log(
      `Written to ${OWN}, without solutions: ${several(names.length, "notebook")}`,
    );
  }
  endKernelsOnSignals();
  const began = performance.now();
  for (const name of names) {
    await runOne(`${FOLDER}/${name}`, { preset, save: !values.check, timeout });
  }
  const what = names.length === 1 ? "1 notebook" : `${names.length} notebooks`;
  console.log(`${what} in ${seconds(began)}, preset ${preset}`);
}

/**
 * Ends all kernels and the task at Ctrl-C, when the terminal is closed, or at `kill`. On Windows it
 * listens to Ctrl-C only.
 */
function endKernelsOnSignals(): void {
  for (const [signal, code] of Object.entries(EXIT_CODES)) {
    if (Deno.build.os === "windows" && signal !== "SIGINT") continue;
    Deno.addSignalListener(signal as Deno.Signal, () => {
      killKernels();
      Deno.exit(code);
    });
  }
}

function notebookArguments(args: string[]) {
  return readArguments(args, {
    preset: { type: "string" },
    check: { type: "boolean", default: false },
    "without-solutions": { type: "boolean", default: false },
    timeout: { type: "string", default: "1800" },
    help: { type: "boolean", short: "h", default: false },
  });
}

/**
 * Lists the tutorial's notebooks whose names begin with one of the given texts, or all of them if no
 * text is given.
 */
export function chooseNotebooks(beginnings: readonly string[]): string[] {
  const all = [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
    .filter((name) => TUTORIAL_NOTEBOOK.test(name)).sort();
  if (beginnings.length === 0) return all;
  for (const beginning of beginnings) {
    if (all.some((name) => name.startsWith(beginning))) continue;
    throw new ConfigError("notebook", beginning, `must begin one of ${all.join(", ")}`);
  }
  return all.filter((name) => beginnings.some((beginning) => name.startsWith(beginning)));
}

async function runOne(
  path: string,
  options: { preset: string; save: boolean; timeout: number },
): Promise<void> {
  const began = performance.now();
  const terminal = Deno.stdout.isTerminal();
  let progress = "";
  const draw = () => {
    if (terminal) write(`\r\x1b[K${path}  ${progress}  ${seconds(began)}`);
  };
  const timer = setInterval(draw, 500);
  if (!terminal) console.log(`${path} …`);
  try {
    const onCell = (cell: number, cells: number) => {
      progress = `cell ${cell} of ${cells}`;
      draw();
    };
    await runNotebook(path, { ...options, onCell });
  } finally {
    clearInterval(timer);
    if (terminal) write("\r\x1b[K");
  }
  console.log(`${path}  done in ${seconds(began)}`);
}

function write(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

function seconds(began: number): string {
  const passed = (performance.now() - began) / 1000;
  return passed < 60
    ? `${passed.toFixed(1)} s`
    : `${Math.floor(passed / 60)} min ${(passed % 60).toFixed(0)} s`;
}
