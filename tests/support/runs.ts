/** Real runs of `deno task pretrain` in temporary folders, for tests. */
import { parse } from "bert/files/csv.ts";
import { inTerminal, type TerminalEnd } from "./terminal.ts";
import { toyDocuments } from "./toy.ts";

const CLI = new URL(import.meta.resolve("bert/cli/main.ts")).pathname;

/** Settings of a run of some fifty steps that takes a second. */
export const QUICK = ("--preset smoke --vocab-size 60 --length 32 --batch-size 4 --epochs 2 " +
  "--held-out 0.1 --lr 0.003 --evaluate-every 20 --checkpoint-every 7 --backend simd").split(" ");

/** Options with their values, of which those in `more` replace those with the same name. */
export function replaced(options: readonly string[], ...more: readonly string[]): string[] {
  const kept = [...options];
  for (const name of more.filter((word) => word.startsWith("--"))) {
    const at = kept.indexOf(name);
    if (at >= 0) kept.splice(at, 2);
  }
  return [...kept, ...more];
}

/** Calls a function with a folder that holds `corpus.csv`, and removes the folder. */
export async function withCorpus(
  use: (folder: string) => Promise<void>,
  documents = 24,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "run-test-" });
  try {
    const rows = toyDocuments(documents).flatMap(({ name, sentences }) =>
      sentences.map((sentence) => `${name},${sentence}`)
    );
    await Deno.writeTextFile(`${folder}/corpus.csv`, `document,text\n${rows.join("\n")}\n`);
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The exit code and the outputs of a process. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const ENVIRONMENT = { NO_COLOR: "1", BERT_BACKEND: "", BERT_BLAS: "off" };

/** The command of the task with no more permissions than in `deno.json`, except for the folder of runs. */
export function pretrainWords(folder: string, args: readonly string[]): string[] {
  const permissions = [
    "--allow-read",
    `--allow-write=${folder}`,
    "--allow-env=BERT_BACKEND,BERT_BLAS",
    "--allow-ffi",
  ];
  return [Deno.execPath(), "run", "--no-prompt", ...permissions, CLI, "pretrain", ...args];
}

/** Starts the task. */
export function startPretrain(folder: string, args: readonly string[]): Deno.ChildProcess {
  const [program, ...words] = pretrainWords(folder, args);
  return new Deno.Command(program, {
    args: words,
    env: ENVIRONMENT,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/**
 * Runs the task in a pseudo-terminal.
 *
 * @param options `closeAt`: a pattern; the terminal is closed once what was printed matches it.
 * `shell`: a line for `sh`, in which `"$@"` stands for the task.
 */
export async function pretrainInTerminal(
  folder: string,
  args: readonly string[],
  { closeAt, shell }: { readonly closeAt?: string; readonly shell?: string },
): Promise<TerminalEnd> {
  const words = pretrainWords(folder, args);
  const command = shell === undefined ? words : ["sh", "-c", shell, "sh", ...words];
  return await inTerminal(command, ENVIRONMENT, closeAt);
}

/** Waits until a process has ended. */
export async function ended(process: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await process.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

/** Runs the task to its end. */
export async function pretrainTask(folder: string, args: readonly string[]): Promise<Ended> {
  return await ended(startPretrain(folder, args));
}

/** The rows of `metrics.csv` without the two columns that depend on the clock. */
export async function timelessMetrics(run: string): Promise<string[][]> {
  return parse(await Deno.readTextFile(`${run}/metrics.csv`)).map((row) => row.slice(0, -2));
}
