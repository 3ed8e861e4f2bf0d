/** Real runs of `deno task pretrain` in folders of their own, for tests. */
import { parse } from "bert/files/csv.ts";
import { toyDocuments } from "./toy.ts";

const CLI = new URL(import.meta.resolve("bert/cli/main.ts")).pathname;

/** Settings of a run of some fifty steps that takes a second. */
export const QUICK = [
  ...["--preset", "smoke", "--vocab-size", "60", "--length", "32", "--batch-size", "4"],
  ...["--epochs", "2", "--held-out", "0.1", "--lr", "0.003", "--evaluate-every", "20"],
  ...["--checkpoint-every", "7", "--backend", "simd"],
];

/** A folder with `corpus.csv` in it, removed when done. */
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

/** How a process ended, and what it said. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Starts the task with just the permissions that `deno.json` gives it, but for the place of runs. */
export function startPretrain(folder: string, args: readonly string[]): Deno.ChildProcess {
  const permissions = [
    "--allow-read",
    `--allow-write=${folder}`,
    "--allow-env=BERT_BACKEND,BERT_BLAS",
  ];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", ...permissions, CLI, "pretrain", ...args],
    env: { NO_COLOR: "1", BERT_BACKEND: "", BERT_BLAS: "off" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits for a process. */
export async function ended(process: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await process.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

/** Runs the task to its end. */
export async function pretrainTask(folder: string, args: readonly string[]): Promise<Ended> {
  return await ended(startPretrain(folder, args));
}

/** `metrics.csv` without its two columns that the clock decides. */
export async function timelessMetrics(run: string): Promise<string[][]> {
  return parse(await Deno.readTextFile(`${run}/metrics.csv`)).map((row) => row.slice(0, -2));
}
