// deno-lint-ignore-file no-console -- the task prints its progress
/** The task `notebooks`: running the notebooks in order, or copying them without their solutions. */
import { checkChoice } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { several } from "../format.ts";
import { NOTEBOOK_PRESETS } from "../show/presets.ts";
import { readArguments, readPositive } from "./simple_options.ts";
import { killKernels } from "./jupyter_kernel.ts";
import { writeCopies } from "./notebook_copies.ts";
import { runNotebook } from "./run_notebook.ts";
import { EXIT_CODES } from "./signals.ts";
import { chooseNotebooks, FOLDER, OWN } from "./tutorial_folder.ts";

const NOTEBOOKS_HELP = `Runs the notebooks in order and saves their outputs, or copies them.

  deno task notebooks                     all of them, preset tutorial
  deno task notebooks 02 07               only those whose names begin with 02 or 07
  deno task notebooks --preset smoke      other sizes: smoke, tutorial, full; also BERT_PRESET=smoke
  deno task notebooks --check             run, but save nothing
  deno task notebooks --timeout 3600      the longest time for one cell, in seconds

  deno task notebooks --without-solutions ${OWN}
      runs nothing, but writes copies without the solutions of the exercises into that folder: of all
      notebooks, or, with 02 07 at the end, of those whose names begin with 02 or 07
  deno task notebooks --without-solutions ${OWN} --replace
      replaces copies that were changed as well: what was written into them is lost`;

/**
 * Runs the task: reads the command line, runs the notebooks, and prints how long they took. Or it writes
 * copies without solutions.
 */
export async function notebooks(args: string[]): Promise<void> {
  const { values, positionals } = notebookArguments(args);
  if (values.help) return console.log(NOTEBOOKS_HELP);
  if (values["without-solutions"] !== undefined) {
    return await copyNotebooks(values["without-solutions"], positionals, values);
  }
  if (values.replace) {
    const advice = `is for --without-solutions: leave it out, or add --without-solutions ${OWN}`;
    throw new ConfigError("--replace", true, advice);
  }
  const timeout = readPositive("--timeout", values.timeout ?? "1800");
  const preset = values.preset ?? Deno.env.get("BERT_PRESET") ?? "tutorial";
  checkChoice(values.preset ? "--preset" : "BERT_PRESET", preset, NOTEBOOK_PRESETS);
  const names = chooseNotebooks(positionals);
  endKernelsOnSignals();
  const began = performance.now();
  for (const name of names) {
    await runOne(`${FOLDER}/${name}`, { preset, save: !values.check, timeout });
  }
  console.log(`${several(names.length, "notebook")} in ${seconds(began)}, preset ${preset}`);
}

/** Writes copies without solutions into a folder. */
async function copyNotebooks(
  folder: string,
  beginnings: readonly string[],
  { replace, ...others }: Partial<ReturnType<typeof notebookArguments>["values"]>,
): Promise<void> {
  for (const option of ["preset", "check", "timeout"] as const) {
    if (!others[option]) continue;
    const advice = "must be left out with --without-solutions: nothing is run";
    throw new ConfigError(`--${option}`, others[option], advice);
  }
  const names = chooseNotebooks(beginnings);
  await writeCopies(names, folder, { replace: replace === true });
  console.log(`${several(names.length, "notebook")} without solutions in ${folder}`);
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
    timeout: { type: "string" },
    "without-solutions": { type: "string" },
    replace: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
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
