import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { runToEnd } from "bert/runs/loop.ts";
import { beginRun, reopenRun } from "bert/runs/open.ts";
import type { Given } from "bert/runs/option_parser.ts";
import type { RunSettings } from "bert/runs/run_settings.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { type TokenizerOptions, tokenizerOptions } from "bert/tokenizer/options.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";

const SENTENCES = [
  "IŞIK schön.",
  "Ein ışık ist schon da.",
  "Schon schön und İyi.",
  "Und schon ist iyi da.",
];

const RUN = { preset: "smoke", vocabSize: 90, length: 16, steps: 2, batchSize: 2, heldOut: 0.1 };

/** Calls a function with a folder that holds a corpus of forty documents, and removes the folder. */
async function withTexts(use: (folder: string, corpus: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "inputs-test-" });
  try {
    const documents = Array.from(
      { length: 40 },
      (_, i) => [...SENTENCES, `Nummer ${i}.`].join(" "),
    );
    await Deno.writeTextFile(`${folder}/texts.txt`, documents.join("\n\n"));
    await use(folder, `${folder}/texts.txt`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Saves a model with random weights and this vocabulary. */
async function saveNewModel(folder: string, vocab: Vocab): Promise<void> {
  const config = bertConfig("smoke", { vocabSize: vocab.size });
  const model = new BertPretrainHead(config, { seed: 1 });
  await saveModel(folder, model, new BertTokenizer(vocab));
  model.dispose();
}

/**
 * Begins a run, stops it at once, and resumes it to its end. Returns the tokenizer's options of the
 * begun run, the resumed run and the final model.
 */
async function optionsThroughRun(path: string, settings: Given<keyof RunSettings>) {
  const software = { backend: await useBackend() };
  const begun = await beginRun(path, { ...RUN, ...settings }, software, () => {});
  await runToEnd(begun, {}, AbortSignal.abort());
  begun.close();
  const resumed = await reopenRun(path, {}, software, () => {});
  await runToEnd(resumed);
  resumed.close();
  const { model, tokenizer } = await loadModel(`${path}/final`);
  model.dispose();
  return [begun.tokenizer, resumed.tokenizer, tokenizer].map(({ options }) => options);
}

const CASES: readonly [Given<keyof RunSettings>, TokenizerOptions][] = [
  [{}, {}],
  [{ cased: true }, { lowercase: false }],
  [{ keepAccents: true }, { stripAccents: false }],
  [{ keepAccents: true, locale: "tr" }, { stripAccents: false, locale: "tr" }],
  [{ cased: true, keepAccents: false, locale: "de" }, {
    lowercase: false,
    stripAccents: true,
    locale: "de",
  }],
];

for (const [settings, options] of CASES) {
  const name = JSON.stringify(settings);
  Deno.test(`a run, its resumption and its model treat text as its settings say: ${name}`, () =>
    withTexts(async (folder, corpus) => {
      const found = await optionsThroughRun(`${folder}/run`, { corpus, ...settings });
      for (const each of found) deepStrictEqual(each, tokenizerOptions(options));
    }));
}

Deno.test("a run from a saved model keeps every option of its tokenizer, also when it is resumed", () =>
  withTexts(async (folder, corpus) => {
    const options = { lowercase: false, locale: "tr", maxWordLength: 4 };
    const vocab = await trainVocab(SENTENCES, { size: 60, ...options });
    await saveNewModel(`${folder}/saved`, vocab);
    const { preset: _preset, vocabSize: _size, ...run } = RUN;
    const settings = { ...run, init: `${folder}/saved`, corpus };
    const software = { backend: await useBackend() };
    const begun = await beginRun(`${folder}/run`, settings, software, () => {});
    await runToEnd(begun, {}, AbortSignal.abort());
    begun.close();
    const resumed = await reopenRun(`${folder}/run`, {}, software, () => {});
    resumed.close();
    for (const { tokenizer } of [begun, resumed]) {
      deepStrictEqual(tokenizer.options, tokenizerOptions(options));
      strictEqual(tokenizer.tokenize("Nummer")[0], "[UNK]");
    }
  }));

Deno.test("a run warns of accents that it strips, and reports a vocabulary that is smaller than asked", () =>
  withTexts(async (folder, corpus) => {
    const said: string[] = [];
    const settings = { ...RUN, vocabSize: 5000, corpus };
    const software = { backend: await useBackend() };
    const run = await beginRun(`${folder}/run`, settings, software, (what) => said.push(what));
    run.close();
    match(
      said.join("\n"),
      /The vocabulary has \d+ pieces and not 5000: no other two stand .*more text/,
    );
    const warnings = run.warnings.join("\n");
    match(warnings, /^Stripping accents changes .*"schon" and "schön" become one.*--keep-accents/m);
    match(warnings, /^\d+.\d % of the words have "ı" or "İ".*--locale tr$/m);
    const kept = { ...settings, keepAccents: true, locale: "tr" };
    const quiet = await beginRun(`${folder}/kept`, kept, software, () => {});
    quiet.close();
    deepStrictEqual(quiet.warnings.filter((warning) => /accents|"ı"/.test(warning)), []);
  }));

Deno.test("a run warns if more than 5 % of its tokens are [UNK] to the model it begins with", () =>
  withTexts(async (folder, corpus) => {
    const vocab = new Vocab([...SPECIAL_TOKENS, "schon", "."]);
    await saveNewModel(`${folder}/saved`, vocab);
    const settings = { init: `${folder}/saved`, corpus, length: 16, steps: 2 };
    const software = { backend: await useBackend() };
    const run = await beginRun(`${folder}/run`, settings, software, () => {});
    run.close();
    ok(run.config.text!.unknownShare > 0.05);
    match(
      run.warnings.join("\n"),
      /% of the tokens are \[UNK\], as in ".*".*without --init, or raise/,
    );
  }));

Deno.test("a run splits sentences by the language of the saved model it begins with, unless another is given", () =>
  withTexts(async (folder) => {
    const corpus = `${folder}/german.txt`;
    const text = "Das sind 5 Mio. Euro. Er ging.\n\n".repeat(20).split("\n\n")
      .map((document, i) => document && `${document} Nummer ${i}.`).join("\n\n");
    await Deno.writeTextFile(corpus, text);
    const vocab = await trainVocab([text], { size: 60, stripAccents: false, locale: "de" });
    await saveNewModel(`${folder}/saved`, vocab);
    const settings = { init: `${folder}/saved`, corpus, length: 16, steps: 2 };
    const software = { backend: await useBackend() };
    const run = await beginRun(`${folder}/run`, settings, software, () => {});
    run.close();
    strictEqual(run.corpus.heldOutDocuments[0].sentences[0], "Das sind 5 Mio. Euro.");
    const resumed = await reopenRun(`${folder}/run`, {}, software, () => {});
    resumed.close();
    deepStrictEqual(resumed.corpus.heldOutDocuments, run.corpus.heldOutDocuments);
    const given = { ...settings, locale: "en" };
    const english = await beginRun(`${folder}/english`, given, software, () => {});
    english.close();
    strictEqual(english.corpus.heldOutDocuments[0].sentences[0], "Das sind 5 Mio.");
  }));

Deno.test("a run refuses a locale that lower-cases differently from the saved model it begins with", () =>
  withTexts(async (folder, corpus) => {
    const vocab = await trainVocab(SENTENCES, { size: 60 });
    await saveNewModel(`${folder}/saved`, vocab);
    const settings = { init: `${folder}/saved`, corpus, length: 16, steps: 2, locale: "tr" };
    const begun = beginRun(`${folder}/run`, settings, { backend: await useBackend() }, () => {});
    await rejects(begun, {
      name: "ConfigError",
      message: /^Invalid --locale = "tr": .*leave it out$/,
    });
  }));
