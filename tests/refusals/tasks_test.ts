import { ok, strictEqual } from "node:assert";
import { notebook } from "../support/notebooks.ts";
import type { TaskEnd } from "../support/task_child.ts";

const CLI = new URL(import.meta.resolve("bert/cli/main.ts")).pathname;
const CHILD = new URL("../support/task_child.ts", import.meta.url).pathname;
const GOOD = JSON.stringify(notebook(["console.log(1)"]));

/** A task that must be refused. */
interface Bad {
  readonly args: readonly string[];
  /** The content of `notebooks/00_it.ipynb`. Default: a valid notebook. */
  readonly content?: string;
  readonly preset?: string;
  readonly says: string;
}

/** `says` is the whole message, in which `~` is the folder. */
const BAD: readonly Bad[] = [
  {
    args: ["notebook"],
    says: 'Invalid task = "notebook": it must be one of TASKS: did you mean "notebooks"?',
  },
  {
    args: ["notebooks", "--preste", "smoke"],
    says: 'Invalid option = "--preste": it is not one of this task: did you mean --preset?',
  },
  {
    args: ["notebooks"],
    preset: "huge",
    says: 'Invalid BERT_PRESET = "huge": it must be one of "smoke", "tutorial", "full"',
  },
  {
    args: ["notebooks", "--preset", "huge"],
    says: 'Invalid --preset = "huge": it must be one of "smoke", "tutorial", "full"',
  },
  {
    args: ["notebooks", "--timeout", "soon"],
    says: 'Invalid --timeout = "soon": it must be a number above 0',
  },
  {
    args: ["notebooks", "--check=yes"],
    says: 'Invalid --check = "yes": it is a switch without a value',
  },
  {
    args: ["notebooks"],
    content: '{"cells": [',
    says:
      "Cannot read ~/notebooks/00_it.ipynb: expected JSON, found a fault (Unexpected end of JSON " +
      "input): correct or restore the file",
  },
  {
    args: ["notebooks"],
    content: '{"nbformat": 3, "worksheets": []}',
    says:
      "Cannot read ~/notebooks/00_it.ipynb: expected a notebook of format 4, found something else: " +
      "convert it",
  },
  {
    args: ["convert", "notebooks", "out", "--to", "onxx"],
    says: 'Invalid --to = "onxx": it must be one of "transformers", "onnx"',
  },
  {
    args: ["convert", "notebooks", "out", "--to", "onnx", "--seed", "1"],
    says:
      'Invalid --seed = "1": it must be left out with --to onnx: heads that IN does not have are ' +
      "not written",
  },
  {
    args: ["convert", "notebooks", "out", "--seed", "-3"],
    says: "Invalid --seed = -3: it must be a whole number of at least 0",
  },
  {
    args: ["convert", "notebooks", "out", "--seed", "--replace"],
    says: 'Invalid --seed = "--replace": it must be followed by a value: see --help',
  },
  {
    args: ["convert", "notebooks", "out", "--seed"],
    says: "Invalid --seed = undefined: it must be followed by a value: see --help",
  },
  {
    args: ["convert", "notebooks", "out", "--dtype", "q8"],
    says: 'Invalid --dtype = "q8": it must be one of "float32", "float16", "bfloat16"',
  },
  {
    args: ["convert", "notebooks", "out", "--to", "onnx", "--dtype", "int8"],
    says: 'Invalid --dtype = "int8": it must be one of "fp32", "fp16", "q8"',
  },
  {
    args: ["convert", "notebooks", "out", "--to", "onnx"],
    says:
      "Cannot read ~/notebooks/config.json: there is no such file: is this the folder of a saved " +
      "model?",
  },
  {
    args: ["play"],
    says: 'Invalid arguments = "": it must be one folder: see --help',
  },
  {
    args: ["play", "notebooks", "--ports", "1"],
    says: 'Invalid option = "--ports": it is not one of this task: did you mean --port?',
  },
  {
    args: ["play", "notebooks", "--prot", "1"],
    says: 'Invalid option = "--prot": it is not one of this task: did you mean --port?',
  },
  {
    args: ["play", "notebooks", "--port", "99999"],
    says: "Invalid --port = 99999: it must be a whole number from 0 to 65535",
  },
  {
    args: ["play", "notebooks", "--port", "0", "--export", "page"],
    says: 'Invalid --port = "0": it must be left out with --export: nothing is served',
  },
  {
    args: ["play", "notebooks"],
    says:
      "Cannot read ~/notebooks/config.json: there is no such file: is this the folder of a saved " +
      "model?",
  },
  {
    args: ["play", "notebooks", "--export", "page"],
    says:
      "Cannot read ~/notebooks/config.json: there is no such file: is this the folder of a saved " +
      "model?",
  },
  {
    args: ["pretrain", "--corpus", "corpus.csv", "--out", "runs/new"],
    says:
      'Cannot read ~/corpus.csv, line 1: expected a column "text" or "sentence", found title, body: ' +
      "name it with textColumn (in a task: --text-column)",
  },
  {
    args: ["pretrain", "--corpus", "texts.txt", "--out", "runs/new"],
    says:
      "Cannot read ~/texts.txt: expected a file or folder, found nothing: check the path, or use " +
      '"sotu", "moby-dick"',
  },
  {
    args: ["pretrain", "--corpus", "a.txt", "--corpus=b.txt", "--out", "runs/new"],
    says:
      'Invalid option = "--corpus": it is given twice: put the texts into one folder and name it, or ' +
      "prepare them: deno task prepare --corpus A B --out data/NAME",
  },
  {
    args: ["pretrain", "--batchsize", "3"],
    says: 'Invalid option = "--batchsize": it is not one of this task: did you mean --batch-size?',
  },
  {
    args: ["pretrain", "--out", "runs/none", "--resume"],
    says: 'Invalid --out = "runs/none": it holds no run to go on with: leave --resume out',
  },
  {
    args: ["convert", "nowhere", "out"],
    says:
      "Cannot read ~/nowhere/config.json: there is no folder ~/nowhere. Nothing is fetched from the " +
      'network here: if "nowhere" is a model of the Hugging Face hub, fetch it first, as with ' +
      '"hf download nowhere --local-dir FOLDER", and name that folder',
  },
  {
    args: ["play", "notebooks", "--export", "notebooks"],
    says: 'Invalid --export = "notebooks": it holds 00_it.ipynb: choose a new folder, or add ' +
      "--replace to replace what is in it",
  },
  {
    args: ["play", "notebooks", "--export", "corpus.csv"],
    says: 'Invalid --export = "corpus.csv": it is a file, or below one: choose a new folder',
  },
  {
    args: ["play", "notebooks", "--dtype", "q8"],
    says: 'Invalid --dtype = "q8": it is for --export: leave it out, or add --export DIR',
  },
  {
    args: ["play", "notebooks", "--export", "page", "--dtype", "fp32,q4"],
    says: 'Invalid --dtype = "q4": it must be one of "fp32", "q8"',
  },
  {
    args: ["play", "notebooks", "--replace"],
    says: "Invalid --replace = true: it is for --export: leave it out, or add --export DIR",
  },
  {
    args: ["convert", "notebooks", "corpus.csv"],
    says: 'Invalid OUT = "corpus.csv": it is a file, or below one: choose a new folder',
  },
  {
    args: ["convert", "notebooks", "corpus.csv/out", "--to", "onnx"],
    says: 'Invalid OUT = "corpus.csv/out": it is a file, or below one: choose a new folder',
  },
  {
    args: ["play", "nowhere"],
    says:
      "Cannot read ~/nowhere/config.json: there is no folder ~/nowhere. Nothing is fetched from the " +
      'network here: if "nowhere" is a model of the Hugging Face hub, fetch it first, as with ' +
      '"hf download nowhere --local-dir FOLDER", and name that folder',
  },
  {
    args: ["jupyter", "--user"],
    says: 'Invalid arguments = "--user": it must be left out: the task jupyter takes no arguments',
  },
];

/** Makes a folder with one notebook and a small corpus, in which a task must be refused. */
async function folderFor({ content = GOOD }: Bad): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "bad-task-" });
  await Deno.mkdir(`${folder}/notebooks`);
  await Deno.writeTextFile(`${folder}/notebooks/00_it.ipynb`, content);
  await Deno.writeTextFile(`${folder}/corpus.csv`, "title,body\nx,y\n");
  return folder;
}

async function deno(args: readonly string[], options: Deno.CommandOptions = {}) {
  const command = new Deno.Command(Deno.execPath(), {
    ...options,
    args: ["run", "--no-check", "-A", ...args],
    env: { NO_COLOR: "1", BERT_PRESET: "smoke" },
  });
  const { code, stdout, stderr } = await command.output();
  const [out, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  return { code, out, said };
}

/** Checks the message and the exit code of a task, and that its folder was not changed. */
async function check({ says, content = GOOD }: Bad, { code, said }: TaskEnd, folder: string) {
  const message = said.replaceAll(`${folder}/`, "~/");
  strictEqual(message.replace(/(?<=task = .* one of )[^:]*/, "TASKS"), says);
  strictEqual(code, 1, said);
  const files = ["", "notebooks"].flatMap((part) =>
    [...Deno.readDirSync(`${folder}/${part}`)].map(({ name }) => name)
  );
  strictEqual(files.sort().join(), "00_it.ipynb,corpus.csv,notebooks", said);
  strictEqual(await Deno.readTextFile(`${folder}/notebooks/00_it.ipynb`), content);
}

Deno.test("a task that cannot work is refused with one message and exit code 1, and writes nothing", async () => {
  const folders = await Promise.all(BAD.map(folderFor));
  try {
    const tasks = BAD.map(({ args, preset = "smoke" }, i) => ({
      args,
      preset,
      folder: folders[i],
    }));
    const { out, said } = await deno([CHILD, JSON.stringify(tasks)]);
    ok(out, said);
    const ends = JSON.parse(out.split("\n").at(-1)!) as TaskEnd[]; // other lines show progress
    for (const [i, bad] of BAD.entries()) await check(bad, ends[i], folders[i]);
  } finally {
    for (const folder of folders) await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a refused task ends its process with exit code 1, and prints its message to the error output", async () => {
  for (const name of ["notebook", "pretrain"]) {
    const bad = BAD.find(({ args }) => args[0] === name)!;
    const folder = await folderFor(bad);
    await check(bad, await deno([CLI, ...bad.args], { cwd: folder }), folder);
    await Deno.remove(folder, { recursive: true });
  }
});
