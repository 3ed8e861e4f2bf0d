// deno-lint-ignore-file no-console -- these are the programs that talk to a terminal
/**
 * The tasks of `deno.json` that are programs: `deno run lib/cli/main.ts TASK`, TASK being one of `TASKS`.
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { ConfigError } from "../errors.ts";
import { killKernels } from "./jupyter_kernel.ts";
import { nearest } from "../nearest.ts";
import { runNotebook } from "./run_notebook.ts";

const OLDEST_DENO = [2, 9, 4]; // earlier kernels lose errors and break input
const FOLDER = "notebooks";
const PRESETS = ["smoke", "tutorial", "full"];

const TASKS = { pretrain, notebooks, lab, kernel, convert, version };

async function main([task, ...args]: string[]): Promise<void> {
  if (Object.hasOwn(TASKS, task)) return await TASKS[task as keyof typeof TASKS](args);
  const near = nearest(task ?? "", Object.keys(TASKS));
  const hint = near ? `: did you mean "${near}"?` : "";
  throw new ConfigError("task", task, `must be one of ${Object.keys(TASKS).join(", ")}${hint}`);
}

/** Throws when this Deno is too old. */
export function checkVersion(version: string): void {
  const found = version.split(/[.-]/).slice(0, 3).map(Number);
  const difference = found.map((part, i) => part - OLDEST_DENO[i]).find((part) => part !== 0) ?? 0;
  if (difference >= 0) return;
  const oldest = OLDEST_DENO.join(".");
  throw new ConfigError("Deno version", version, `must be at least ${oldest}: npm install -g deno`);
}

/** Loads what trains only when it is asked for: the other tasks start without it. */
async function pretrain(args: string[]): Promise<void> {
  const { pretrainCommand } = await import("./pretrain.ts");
  Deno.exit(await pretrainCommand(args));
}

const NOTEBOOKS_HELP = `Runs the notebooks in order and saves what they show.

  deno task notebooks                     all of them, preset tutorial
  deno task notebooks 02 07               only those whose names begin so
  deno task notebooks --preset smoke      other sizes: smoke, tutorial, full; also BERT_PRESET=smoke
  deno task notebooks --check             run, but save nothing
  deno task notebooks --timeout 3600      most seconds for one cell`;

async function notebooks(args: string[]): Promise<void> {
  const { values, positionals } = notebookArguments(args);
  if (values.help) return console.log(NOTEBOOKS_HELP);
  const timeout = Number(values.timeout);
  if (!(timeout > 0)) throw new ConfigError("timeout", values.timeout, "must be seconds above 0");
  if (!PRESETS.includes(values.preset)) {
    throw new ConfigError("preset", values.preset, `must be one of ${PRESETS.join(", ")}`);
  }
  endKernelsOnSignals();
  const began = performance.now();
  const names = chooseNotebooks(positionals);
  for (const name of names) {
    await runOne(`${FOLDER}/${name}`, { preset: values.preset, save: !values.check, timeout });
  }
  const what = names.length === 1 ? "1 notebook" : `${names.length} notebooks`;
  console.log(`${what} in ${seconds(began)}, preset ${values.preset}`);
}

/** Ctrl-C, a closed terminal, or a `kill` leave no kernel behind. Windows only has the first. */
function endKernelsOnSignals(): void {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  for (const [signal, code] of Object.entries(codes)) {
    if (Deno.build.os === "windows" && signal !== "SIGINT") continue;
    Deno.addSignalListener(signal as Deno.Signal, () => {
      killKernels();
      Deno.exit(code);
    });
  }
}

function notebookArguments(args: string[]) {
  return readArguments(args, {
    preset: { type: "string", default: Deno.env.get("BERT_PRESET") ?? "tutorial" },
    check: { type: "boolean", default: false },
    timeout: { type: "string", default: "1800" },
    help: { type: "boolean", short: "h", default: false },
  });
}

function readArguments<T extends NonNullable<ParseArgsConfig["options"]>>(
  args: string[],
  options: T,
) {
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    const problem = error instanceof Error ? error.message.split(". ")[0] : String(error);
    const known = Object.keys(options).map((option) => `--${option}`);
    const near = nearest(problem.match(/'(--?[\w-]+)/)?.[1] ?? "", known);
    const hint = near ? `: did you mean ${near}?` : "";
    throw new ConfigError("arguments", args.join(" "), `must be as in --help: ${problem}${hint}`);
  }
}

/** The notebooks whose names begin with one of the given beginnings; all if none is given. */
function chooseNotebooks(beginnings: readonly string[]): string[] {
  const all = [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
    .filter((name) => name.endsWith(".ipynb")).sort();
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

/** Opens the notebooks in JupyterLab, with this Deno as their kernel. */
async function lab(args: string[]): Promise<void> {
  if (!await hasLab()) {
    throw new Error(
      "Cannot find JupyterLab: install it with\n\n    pip install jupyterlab plotly\n\n" +
        "or run the notebooks without it: deno task notebooks",
    );
  }
  await kernel([]);
  const options = { args: ["lab", `--notebook-dir=${FOLDER}`, ...args] };
  Deno.exit((await new Deno.Command("jupyter", options).spawn().status).code);
}

async function hasLab(): Promise<boolean> {
  const command = new Deno.Command("jupyter", {
    args: ["lab", "--version"],
    stdout: "null",
    stderr: "null",
  });
  try {
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Makes this Deno known to Jupyter. */
async function kernel(args: string[]): Promise<void> {
  if (args.length > 0) {
    throw new ConfigError(
      "arguments",
      args.join(" "),
      "must be left out: the task kernel has none",
    );
  }
  const command = new Deno.Command(Deno.execPath(), { args: ["jupyter", "--install", "--force"] });
  const { code } = await command.spawn().status;
  if (code !== 0) {
    throw new Error(`Cannot install the kernel: deno jupyter ended with code ${code}`);
  }
  if (/[\\/](_npx|\.npm)[\\/]/.test(Deno.execPath())) {
    console.log(
      "This Deno lives in npm's cache. To keep the kernel: npm install -g deno, then run this again.",
    );
  }
}

const CONVERT_HELP = `Reads a model's folder and writes it as transformers has it today.

  deno task convert IN OUT                sharded, float16, bfloat16, older names: all become one float32 file
  deno task convert IN OUT --seed 1       heads that IN does not have are started from random numbers`;

/** Any readable model folder into the one format. */
async function convert(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, {
    seed: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return console.log(CONVERT_HELP);
  const [from, to, ...rest] = positionals;
  if (to === undefined || rest.length > 0) {
    throw new ConfigError(
      "arguments",
      args.join(" "),
      "must be two folders, IN and OUT: see --help",
    );
  }
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  if (seed !== undefined && !(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new ConfigError("seed", values.seed, "must be a whole number of at least 0");
  }
  const { useBackend } = await import("../backend/choose.ts");
  await useBackend("cpu"); // nothing is computed
  const { convertFolder } = await import("./convert.ts");
  for (const line of await convertFolder(from, to, { seed })) console.log(line);
}

/** Does nothing but what every program here does first, for tasks that are Deno's own. */
function version(): void {}

/**
 * Runs the main function of a program, if this Deno is new enough: an error becomes its message
 * alone, and exit code 1.
 */
export async function runAsProgram(main: (args: string[]) => Promise<void>): Promise<void> {
  try {
    checkVersion(Deno.version.deno);
    await main(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}

if (import.meta.main) await runAsProgram(main);
