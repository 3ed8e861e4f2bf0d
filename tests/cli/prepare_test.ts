import { match, ok, rejects, strictEqual } from "node:assert";
import { Output } from "bert/cli/terminal_output.ts";
import { prepareCommand } from "bert/cli/prepare.ts";
import { PrepareLine } from "bert/cli/prepare_status.ts";
import { openPrepared } from "bert/store/prepared.ts";

const CLI = new URL(import.meta.resolve("bert/cli/main.ts")).pathname;

/** Runs the task with the permissions of `deno.json`, except that it may write to another folder. */
async function prepareTask(folder: string, ...args: string[]) {
  const permissions = ["--no-prompt", "--allow-read", `--allow-write=${folder}`];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, CLI, "prepare", ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

Deno.test("deno task prepare writes a corpus, prints its figures, and finds it prepared when called again", async () => {
  const folder = await Deno.makeTempDir();
  const words = ["--corpus", "data/sample.csv", "tests/fixtures/wiki", "--vocab-size", "120"];
  const more = ["--cased", "--held-out", "0.2", "--workers", "1", "--out", `${folder}/mine/`];
  const { code, out, err } = await prepareTask(folder, ...words, ...more);
  strictEqual(err, "");
  strictEqual(code, 0);
  match(out, /^learning the vocabulary {2}\[=* *\] \d+ % of \d+\.\d kB/);
  match(
    out,
    /to train on {3}\d+ documents, \d+ sentences, [\d,]+ tokens, 0\.\d\d % of them \[UNK\]/,
  );
  // tests/fixtures/wiki has the same two documents in both formats of wikiextractor
  match(out, /left out {6}2 with the same text as an earlier one, 0 without text/);
  match(
    out,
    /Prepared\. To train on it: deno task pretrain --corpus \S+\/mine --out runs\/NAME\n$/,
  );
  using corpus = await openPrepared(`${folder}/mine`);
  strictEqual(corpus.tokenizer.options.lowercase, false);
  strictEqual(corpus.train.documents + corpus.heldOut!.documents, 12);
  match(
    (await prepareTask(folder, ...words, ...more)).out,
    /\nIt was prepared before\. To train on it: deno task/,
  );
  const other = await prepareTask(folder, ...words, "--out", `${folder}/mine`);
  strictEqual(other.code, 1);
  match(
    other.err,
    /^Invalid --out = ".*mine": it holds a corpus that was prepared from other texts/,
  );
});

Deno.test("deno task prepare refuses a folder to which Deno may not write, and says what to do", async () => {
  const { code, err } = await prepareTask("/nowhere", "--corpus", "data/sample.csv", "--out", "/x");
  strictEqual(code, 1);
  match(err, /^Invalid --out = "\/x": it must lie in data\/, where this task may write; for any/);
});

Deno.test("deno task prepare names options as they were typed", async () => {
  const refused = (line: string, why: RegExp) => rejects(prepareCommand(line.split(" ")), why);
  await refused("--out data/x", /Invalid --corpus = undefined: it must name texts, as in --corpus/);
  await refused("--corpus a.txt", /Invalid --out = undefined: it must name a folder/);
  await refused("--corpus a.txt --out data/x --vocabsize 9", /did you mean --vocab-size\?/);
  await refused("--corpus data --out data/x --held-out 1", /Invalid --held-out = 1: it must be at/);
  await refused(
    "--corpus data --out data/x --vocab tests/fixtures/pretrained/uncased/vocab.txt --vocab-size 9",
    /Invalid --vocab-size = 9: it is for a vocabulary that is learnt/,
  );
});

Deno.test("the progress of preparing is shown as a bar with its speed and the time left", () => {
  let printed = "";
  const write = (bytes: Uint8Array) => {
    printed += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  let now = 0;
  const line = new PrepareLine(new Output({ terminal: true, write }), () => now);
  const at = (bytes: number) => ({
    stage: "encoding" as const,
    bytes,
    totalBytes: 20e9,
    documents: 12_345,
    tokens: 3_000_000,
  });
  line.show(at(1e9)); // another process did the first gigabyte
  now = 100_000;
  line.show(at(5e9));
  ok(
    printed.endsWith(
      "encoding  [=====               ] 25 % of 20.0 GB  40.0 MB/s  12,345 documents  " +
        "3,000,000 tokens  ETA 6 min",
    ),
    printed,
  );
});
