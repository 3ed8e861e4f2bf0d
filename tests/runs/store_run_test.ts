/** Runs on a prepared corpus. */
import { deepStrictEqual, match, notDeepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { createHash } from "node:crypto";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { saveModel } from "bert/model/folder.ts";
import { runToEnd } from "bert/runs/loop.ts";
import { beginRun, type OpenRun, reopenRun } from "bert/runs/open.ts";
import { textRows } from "bert/runs/text_facts.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { RunReport } from "bert/show/run_report.ts";
import { baselines, tokenCounts } from "bert/training/baselines.ts";
import { ended, startPretrain, timelessMetrics } from "../support/runs.ts";
import { prepareToy } from "../support/stores.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";

const SOFTWARE = { backend: await useBackend() };
const TRAIN = toyDocuments(60);
const HELD_OUT = toyDocuments(12, 8, 2);
const SETTINGS = { preset: "smoke", length: 32, batchSize: 4, accumulation: 2, lr: 0.003 };
const QUICK = { ...SETTINGS, epochs: 2, evaluateEvery: 9 };

/** Calls a function with a folder and the prepared corpus in it, and removes the folder. */
async function withStore(use: (folder: string, corpus: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "store-run-test-" });
  try {
    await Deno.mkdir(`${folder}/corpus`);
    await prepareToy(`${folder}/corpus`, TRAIN, HELD_OUT);
    await use(folder, `${folder}/corpus`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function begin(
  path: string,
  corpus: string,
  more: Record<string, string | number | boolean> = {},
): Promise<OpenRun> {
  return await beginRun(path, { ...QUICK, corpus, ...more }, SOFTWARE, () => {});
}

/** Takes a run to a step, or to its end, and closes it. */
async function drive(run: OpenRun, last = Infinity): Promise<void> {
  const stop = new AbortController();
  const onStep = ({ step }: { step: number }) => void (step === last && stop.abort());
  const report = new RunReport(run.folder.path, run.config);
  await runToEnd(run, { onStep, report: () => report.write() }, stop.signal);
  run.close();
}

/** The results of a run, without times. */
async function outcome(path: string) {
  const hash = createHash("sha256");
  hash.update(await Deno.readFile(`${path}/final/model.safetensors`));
  const evaluations = await Deno.readTextFile(`${path}/evaluations.jsonl`);
  return {
    model: hash.digest("hex"),
    metrics: await timelessMetrics(path),
    evaluations: evaluations.replaceAll(/"seconds":[\d.e-]+,/g, ""),
  };
}

Deno.test("a run on a prepared corpus that is stopped and resumed ends as one that was not", () =>
  withStore(async (folder, corpus) => {
    const whole = await begin(`${folder}/whole`, corpus);
    const planned = whole.config.plannedSteps!;
    await drive(whole);
    const expected = await outcome(`${folder}/whole`);
    ok(planned > 20 && expected.metrics.length > planned);
    let run = await begin(`${folder}/parts`, corpus);
    for (const last of [1, 10, planned / 2 + 3, planned - 1]) {
      await drive(run, Math.floor(last));
      run = await reopenRun(`${folder}/parts`, {}, SOFTWARE, () => {});
    }
    await drive(run);
    deepStrictEqual(await outcome(`${folder}/parts`), expected);
    match(
      await Deno.readTextFile(`${folder}/parts/run.html`),
      /60 documents to train on, 12 held out/,
    );
    const other = await begin(`${folder}/other`, corpus, { seed: 2 });
    await drive(other);
    notDeepStrictEqual((await outcome(`${folder}/other`)).metrics, expected.metrics);
  }));

Deno.test("a run on a prepared corpus that was killed goes on from its checkpoint to the same end", () =>
  withStore(async (folder, corpus) => {
    const words = [
      "--corpus",
      corpus,
      ...("--preset smoke --length 32 --batch-size 4 --accumulation 2 --epochs 8 " +
        "--evaluate-every 20 --checkpoint-every 3 --backend simd").split(" "),
    ];
    const whole = await ended(startPretrain(folder, ["--out", `${folder}/whole`, ...words]));
    strictEqual(whole.code, 0, whole.err);
    const process = startPretrain(folder, ["--out", `${folder}/killed`, ...words]);
    let isRunning = true;
    const end = ended(process).finally(() => isRunning = false);
    const rows = () => Deno.readTextFile(`${folder}/killed/metrics.csv`).catch(() => "");
    while (isRunning && (await rows()).split("\n").length < 12) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (isRunning) process.kill("SIGKILL");
    const { code, err } = await end;
    strictEqual(code, 137, err);
    const again = await ended(startPretrain(folder, ["--out", `${folder}/killed`, "--resume"]));
    strictEqual(again.code, 0, again.err);
    deepStrictEqual(await outcome(`${folder}/killed`), await outcome(`${folder}/whole`));
  }));

Deno.test("a run on a prepared corpus takes the figures of its text from prepared.json", () =>
  withStore(async (folder, corpus) => {
    using run = await begin(`${folder}/run`, corpus);
    const { text, settings, corpus: facts } = run.config;
    const counts = tokenCounts(TRAIN, TOY_TOKENIZER);
    const tokens = counts.reduce((a, b) => a + b, 0);
    deepStrictEqual([text!.documents, text!.sentences, text!.tokens], [60, 480, tokens]);
    deepStrictEqual(run.config.baselines, baselines(counts, run.heldOut));
    deepStrictEqual([facts.training, facts.heldOut], [60, 12]);
    const { vocabSize, cased, heldOut } = settings;
    deepStrictEqual([vocabSize, cased, heldOut], [TOY_TOKENIZER.vocab.size, false, 12 / 72]);
    ok(!("countedShare" in text!) && Math.abs(text!.notNextShare! - 0.5) < 0.1);
    const [, , shown, equal] = textRows({ ...text!, countedShare: 0.001 });
    deepStrictEqual(equal, ["equal documents", "not counted"]); // as prepare() did not write this store
    match(shown[1], /% of the tokens; counted in 0.10 % of them$/);
    const sentence = run.corpus.heldOutDocuments[0].sentences[0];
    deepStrictEqual(TOY_TOKENIZER.ids(sentence), TOY_TOKENIZER.ids(HELD_OUT[0].sentences[0]));
  }));

Deno.test("--held-out-tokens bounds what a run is scored on, of a prepared corpus and of text", () =>
  withStore(async (folder, corpus) => {
    const tokens = (run: OpenRun) => run.corpus.heldOut.flatMap(({ examples }) => examples).length;
    using all = await begin(`${folder}/all`, corpus);
    using few = await begin(`${folder}/few`, corpus, { heldOutTokens: 200 });
    ok(tokens(few) > 0 && tokens(few) < tokens(all) / 2);
    strictEqual(few.corpus.heldOutDocuments.length, Math.floor(200 / 64));
    const rows = toyDocuments(60).map(({ sentences }) => sentences.join("\n")).join("\n\n");
    await Deno.writeTextFile(`${folder}/text.txt`, rows);
    const text = { vocabSize: 60, heldOut: 0.3, sentencePerLine: true };
    using whole = await begin(`${folder}/text`, `${folder}/text.txt`, text);
    using part = await begin(`${folder}/part`, `${folder}/text.txt`, {
      ...text,
      heldOutTokens: 200,
    });
    ok(tokens(part) > 0 && tokens(part) < tokens(whole) / 2);
  }));

Deno.test("a run refuses settings that were decided when its corpus was prepared", () =>
  withStore(async (folder, corpus) => {
    const refused: [Record<string, string | number | boolean>, RegExp][] = [
      [
        { vocabSize: 60 },
        /Invalid --vocab-size = 60: it cannot be set beside --corpus .*corpus: that was decided/,
      ],
      [{ cased: true }, /Invalid --cased/],
      [{ locale: "tr" }, /Invalid --locale = "tr"/],
      [{ heldOut: 0.1 }, /Invalid --held-out = 0.1/],
      [{ textColumn: "text" }, /Invalid --text-column = "text"/],
      [{ sentencePerLine: true }, /Invalid --sentence-per-line/],
    ];
    for (const [given, message] of refused) {
      await rejects(begin(`${folder}/run`, corpus, given), { name: "ConfigError", message });
    }
    const vocab = new Vocab([...SPECIAL_TOKENS, "sea", "ship"]);
    const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: vocab.size }), { seed: 1 });
    await saveModel(`${folder}/saved`, model, new BertTokenizer(vocab));
    model.dispose();
    await rejects(
      beginRun(
        `${folder}/run`,
        { corpus, init: `${folder}/saved`, length: 32 },
        SOFTWARE,
        () => {},
      ),
      /Invalid --init = ".*saved": it does not cut text into the tokens that .*corpus was prepared with/,
    );
    using same = await begin(`${folder}/same`, corpus, { vocabSize: TOY_TOKENIZER.vocab.size });
    strictEqual(same.config.settings.vocabSize, TOY_TOKENIZER.vocab.size);
  }));

Deno.test("a run refuses to go on with another prepared corpus in the place of its own", () =>
  withStore(async (folder, corpus) => {
    await drive(await begin(`${folder}/run`, corpus), 3);
    await Deno.remove(corpus, { recursive: true });
    await Deno.mkdir(corpus);
    await prepareToy(corpus, toyDocuments(61), HELD_OUT);
    await rejects(
      reopenRun(`${folder}/run`, {}, SOFTWARE, () => {}),
      /expected the corpus that the run began with \(72 documents, SHA-256 .*found another \(73/,
    );
  }));
