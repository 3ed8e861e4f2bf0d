import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert";
import { ConfigError, NoExamplesError, OutOfMemoryError } from "bert/errors.ts";
import { newestCheckpoint } from "bert/runs/checkpoint_files.ts";
import { explainMemory } from "bert/cli/out_of_memory.ts";
import { pretrainCommand } from "bert/cli/pretrain.ts";
import {
  ended,
  QUICK,
  replaced,
  startPretrain,
  timelessMetrics,
  withCorpus,
} from "../support/runs.ts";
import { prepareToy } from "../support/stores.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";

/** Starts a run, sends a signal when it trains, and waits until it ends. */
async function interrupted(folder: string, args: string[], signal: Deno.Signal) {
  const process = startPretrain(folder, args);
  const [listening, kept] = process.stdout.tee();
  const said = new Response(kept).text();
  for await (const text of listening.pipeThrough(new TextDecoderStream())) {
    if (/step \d+\//.test(text)) process.kill(signal);
  }
  await process.stderr.cancel();
  return { code: (await process.status).code, out: await said };
}

Deno.test({
  name:
    "at SIGINT and SIGTERM a run saves a checkpoint and exits with 130 and 143, and --resume goes on",
  ignore: Deno.build.os === "windows",
  async fn() {
    await withCorpus(async (folder) => {
      const out = ["--out", `${folder}/run`];
      const endless = [
        "--corpus",
        `${folder}/corpus.csv`,
        ...replaced(QUICK, "--epochs", "100000"),
      ];
      const first = await interrupted(folder, [...out, ...endless], "SIGINT");
      strictEqual(first.code, 130);
      match(first.out, /Stopped at step \d+\. Go on with: deno task pretrain --out .* --resume/);
      const second = await interrupted(folder, [...out, "--resume"], "SIGTERM");
      strictEqual(second.code, 143);
      match(second.out, /Going on from step [1-9]/);
      const { run } = JSON.parse(await Deno.readTextFile(`${folder}/run/config.json`));
      const { checkpoint } = await newestCheckpoint(`${folder}/run/checkpoints`, run);
      const last = (await timelessMetrics(`${folder}/run`)).at(-1)!;
      strictEqual(checkpoint?.state.step, Number(last[2]));
    });
  },
});

Deno.test("the task refuses bad input with one sentence and code 1, and writes nothing", async () => {
  await withCorpus(async (folder) => {
    const corpus = ["--corpus", `${folder}/corpus.csv`];
    const out = ["--out", `${folder}/run`];
    await Deno.writeTextFile(`${folder}/broken.json`, '{"lr": ');
    await Deno.writeTextFile(`${folder}/wrong.json`, '{"learningRate": 0.1}');
    await Deno.writeTextFile(`${folder}/list.json`, "[]");
    await Deno.writeTextFile(`${folder}/twice.json`, '{"steps":5,"steps":6}');
    await Deno.writeTextFile(`${folder}/notes.txt`, "");
    const before = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    const bad: [string[], RegExp][] = [
      [[], /--out = undefined: it must name the run's folder, as in --out runs\/first/],
      [[...out, "--step", "5"], /option = "--step": .*did you mean --steps\?/],
      [[...out, ...corpus, "--resume"], /holds no run to go on with: leave --resume out/],
      [["--out", `${folder}/notes.txt`, ...corpus], /notes.txt.*is a file: choose a new folder/],
      [["--out", folder, ...corpus], /: it holds "broken.json": choose a new folder/],
      [[...out, "--config", `${folder}/none.json`], /--config = .*must be a JSON file that exists/],
      [[...out, "--config", `${folder}/broken.json`], /broken.json: expected JSON, found/],
      [[...out, "--config", `${folder}/wrong.json`], /there is no setting "learningRate"/],
      [[...out, "--config", `${folder}/list.json`], /expected a JSON object/],
      [[...out, "--config", `${folder}/twice.json`], /twice.json: its JSON names "steps" twice/],
      [[...out, "--corpus", "sotuu"], /--corpus = "sotuu": it must .*did you mean "sotu"\?/],
      [
        [...out, ...corpus, "--sentence-per-line"],
        /^Invalid --sentence-per-line = true: it is for/,
      ],
      [[...out, "--corpus", `${folder}/notes.txt`], /notes.txt: expected at least one document/],
      [
        [...out, ...corpus, "--text-column", "txt"],
        /expected a column "txt", found document, text/,
      ],
      [[...out, "--config", folder], /expected a JSON file, found .*: name the config.json in it$/],
      [[...out, ...corpus, "--held-out", "1"], /--held-out = 1: it must be below 1/],
      [
        [...out, ...corpus, "--vocab-size", "9"],
        /^Invalid --vocab-size = 9: it must be at least \d+, as [\w ]+: raise it$/,
      ],
      [
        [...out, ...corpus, "--init", `${folder}/none`],
        /none\/config.json: there is no folder .*none/,
      ],
      [
        [...out, ...corpus, "--init", folder, "--head-start"],
        /--head-start = true: it cannot be set beside --init/,
      ],
      [
        [...out, ...corpus, "--backend", "gpu"],
        /^Invalid --backend = "gpu": it must be one of simd, wasm/,
      ],
    ];
    for (const [args, message] of bad) {
      const failed = await pretrainCommand(args).then(() => "nothing", (error) => error.message);
      match(failed, message, `${args}`);
    }
    deepStrictEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), before);
    const { code, err } = await ended(startPretrain(folder, [...out, "--step", "5"]));
    strictEqual(code, 1);
    match(err, /^Invalid option = "--step": [^\n]*\n$/);
  });
});

Deno.test("a held-out loss that is NaN ends the task, and the message advises against resuming", async () => {
  await withCorpus(async (folder) => {
    const args = ["--out", `${folder}/run`, "--corpus", `${folder}/corpus.csv`, ...QUICK];
    const { code, err } = await ended(
      startPretrain(folder, replaced(args, "--lr", "1e30", "--evaluate-every", "1")),
    );
    strictEqual(code, 1);
    match(
      err,
      /^Stopped after step 1: the held-out loss is NaN.* would fail at this step again\s*$/,
    );
  });
});

Deno.test("a folder that Deno may not write to is refused by name, with advice", async () => {
  await withCorpus(async (folder) => {
    const elsewhere = await Deno.makeTempDir();
    const args = ["--out", `${elsewhere}/run`, "--corpus", `${folder}/corpus.csv`, ...QUICK];
    const { code, err, out } = await ended(startPretrain(folder, args));
    strictEqual(code, 1);
    strictEqual(out, ""); // before the corpus is read
    match(err, /Cannot write .*: the task may write below runs\/ only. Choose a folder there/);
    await Deno.remove(elsewhere, { recursive: true });
  });
});

Deno.test("--config reads settings from a file or a run's config.json, and the command line takes precedence", async () => {
  await withCorpus(async (folder) => {
    const settings = { corpus: `${folder}/corpus.csv`, preset: "smoke", vocabSize: 60, steps: 2 };
    const more = { length: 32, batchSize: 4, lr: 0.01 };
    await Deno.writeTextFile(`${folder}/mine.json`, JSON.stringify({ ...settings, ...more }));
    const run = async (name: string, config: string, ...args: string[]) => {
      const { code, err } = await ended(
        startPretrain(folder, ["--out", `${folder}/${name}`, "--config", config, ...args]),
      );
      strictEqual(code, 0, err);
      return JSON.parse(await Deno.readTextFile(`${folder}/${name}/config.json`));
    };
    const first = await run("a", `${folder}/mine.json`, "--lr", "0.02");
    deepStrictEqual([first.settings.lr, first.train.learningRate, first.train.maxSteps], [
      0.02,
      0.02,
      2,
    ]);
    const second = await run("b", `${folder}/a/config.json`);
    strictEqual(second.run, first.run);
    deepStrictEqual(await timelessMetrics(`${folder}/b`), await timelessMetrics(`${folder}/a`));
    ok(!(await Deno.readTextFile(`${folder}/a/run.html`)).includes("undefined"));
    const third = await run("c", `${folder}/a/config.json`, "--init", `${folder}/a/final`);
    const fourth = await run("d", `${folder}/c/config.json`);
    deepStrictEqual([third.settings.lr, fourth.run], [0.02, third.run]);
  });
});

Deno.test("with --config of a run on text, --corpus may name a prepared corpus, which has its own vocabulary", async () => {
  await withCorpus(async (folder) => {
    await Deno.mkdir(`${folder}/store`);
    await prepareToy(`${folder}/store`, toyDocuments(30), toyDocuments(6, 8, 2));
    const text = ["--corpus", `${folder}/corpus.csv`, ...QUICK];
    const first = await ended(startPretrain(folder, ["--out", `${folder}/text`, ...text]));
    strictEqual(first.code, 0, first.err);
    const config = ["--config", `${folder}/text/config.json`, "--corpus", `${folder}/store/`];
    const second = await ended(startPretrain(folder, ["--out", `${folder}/stored`, ...config]));
    strictEqual(second.code, 0, second.err);
    const { settings } = JSON.parse(await Deno.readTextFile(`${folder}/stored/config.json`));
    strictEqual(settings.vocabSize, TOY_TOKENIZER.vocab.size);
    strictEqual(settings.corpus, `${folder}/store`);
  });
});

Deno.test("explainMemory() says which settings to lower if memory ran out, or may have run out", () => {
  const need = { batchSize: 32, length: 128, preset: "base" };
  const full = new OutOfMemoryError(
    "Concat",
    "a tensor needs 9 MiB",
    "8 of 9 MiB are in use. Lower",
  );
  deepStrictEqual(
    explainMemory(full, need),
    new RangeError(
      "Out of memory with --preset base, --batch-size 32 and --length 128 (a tensor needs 9 MiB). Lower " +
        "them; --batch-size 16 --accumulation 2 learns the same in half the memory",
      { cause: full },
    ),
  );
  let refused: unknown; // the error of the JavaScript engine
  throws(() => new Float64Array(2 ** 50), (error) => (refused = error) instanceof RangeError);
  match(
    (explainMemory(refused, need) as Error).message,
    /If memory ran out, lower them; --batch-size 16/,
  );
});

Deno.test("explainMemory() returns errors with another cause unchanged", () => {
  const need = { batchSize: 32, length: 128, preset: "base" };
  const others = [new Error("Out of memory"), new ConfigError("steps", -1, "must be above 0")];
  for (const other of [...others, new NoExamplesError("none")]) {
    strictEqual(explainMemory(other, need), other);
  }
});
