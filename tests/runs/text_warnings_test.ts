import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { dataConfig, trainConfig } from "bert/config.ts";
import type { Document } from "bert/data/document.ts";
import { EncodedDocuments } from "bert/data/encoded_documents.ts";
import { runToEnd } from "bert/runs/loop.ts";
import { beginRun, reopenRun } from "bert/runs/open.ts";
import type { TextFacts } from "bert/runs/text_facts.ts";
import { plateauWarning, rateWarning, textWarnings } from "bert/runs/text_warnings.ts";
import { surveyText } from "bert/runs/text_survey.ts";
import { RunReport } from "bert/show/run_report.ts";
import { ended, QUICK, startPretrain, withCorpus } from "../support/runs.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";

await useBackend();

type Pairing = "nsp" | "sop" | "none";

async function factsOf(documents: readonly Document[], pairing: Pairing): Promise<TextFacts> {
  const use = { data: dataConfig({ maxLength: 32, pairing }), train: trainConfig(), seed: 1 };
  const encoded = EncodedDocuments.of(documents, TOY_TOKENIZER);
  const { text } = await surveyText(documents, encoded, TOY_TOKENIZER, use, { countSteps: false });
  return text;
}

async function warningsOf(documents: readonly Document[], pairing: Pairing): Promise<string[]> {
  return textWarnings(await factsOf(documents, pairing), pairing);
}

Deno.test("a run gives no warning for an ordinary text", async () => {
  const documents = toyDocuments(60);
  for (const pairing of ["nsp", "sop", "none"] as const) {
    deepStrictEqual(await warningsOf(documents, pairing), [], pairing);
  }
  const { documents: found, reachedShare, equalDocuments } = await factsOf(documents, "none");
  deepStrictEqual([found, reachedShare, equalDocuments], [60, 1, 0]);
});

Deno.test("a run with sop warns of documents of one sentence, which it never uses", async () => {
  const lone = toyDocuments(60).map(({ name, sentences }, i) => ({
    name,
    sentences: i < 40 ? sentences.slice(0, 1) : sentences,
  }));
  const warnings = await warningsOf(lone, "sop");
  match(
    warnings[0],
    /^40 of 60 documents are never shown to the model, as .* two sentences.*--pairing none$/,
  );
  deepStrictEqual(await warningsOf(lone, "none"), []);
});

Deno.test("a run with pairs warns of tokens that are cut off", async () => {
  const words = toyDocuments(60).map(({ name, sentences }) => ({
    name,
    sentences: [sentences.join(" ").repeat(4), sentences.join(" ").repeat(4)],
  }));
  match(
    (await warningsOf(words, "nsp")).join("\n"),
    /does not show \d+\.\d % of the tokens: .*--pairing none/,
  );
  deepStrictEqual(await warningsOf(words, "none"), []);
});

Deno.test("a run counts equal documents and warns of many", async () => {
  const documents = toyDocuments(30);
  const twice = [
    ...documents,
    ...documents.map(({ name, sentences }) => ({ name: `${name}b`, sentences })),
  ];
  strictEqual((await factsOf(twice, "nsp")).equalDocuments, 30);
  match(
    (await warningsOf(twice, "nsp")).join("\n"),
    /^30 of 60 documents have the same text as an earlier one/m,
  );
});

Deno.test("a model as wide as BERT-base warns if its learning rate is one for small models", async () => {
  match(rateWarning(768, 1e-3)!, /rate 0\.001 .* 768 wide.*--lr 5e-5/);
  strictEqual(rateWarning(768, 1e-4), undefined);
  strictEqual(rateWarning(512, 1e-3), undefined);
  await withCorpus(async (folder) => {
    const settings = {
      corpus: `${folder}/corpus.csv`,
      vocabSize: 60,
      length: 32,
      steps: 2,
      layers: 1,
      hiddenSize: 768,
    };
    using run = await beginRun(`${folder}/run`, settings, {}, () => {});
    ok(run.warnings.some((warning) => warning.includes("one for small models")));
  });
});

Deno.test("a run from random weights warns if it is too short to learn more than word frequencies", async () => {
  const facts = { ...await factsOf(toyDocuments(30), "nsp"), exampleTokens: 100 };
  match(
    plateauWarning(1000, 32, facts)!,
    /shows 3\.2 million tokens .*--recipe short or --head-start/,
  );
  strictEqual(plateauWarning(4000, 32, facts), undefined);
  strictEqual(plateauWarning(null, 32, facts), undefined); // the clock ends it
  await withCorpus(async (folder) => {
    const settings = {
      corpus: `${folder}/corpus.csv`,
      preset: "smoke",
      vocabSize: 60,
      length: 32,
      steps: 2,
    };
    using plain = await beginRun(`${folder}/plain`, settings, {}, () => {});
    ok(plain.warnings.some((warning) => /begins with random weights/.test(warning)));
    using short = await beginRun(`${folder}/short`, { ...settings, recipe: "short" }, {}, () => {});
    ok(!short.warnings.some((warning) => /begins with random weights/.test(warning)));
  });
});

Deno.test("the figures of the text are printed before the first step and are in run.html, also of a resumed run", async () => {
  await withCorpus(async (folder) => {
    const out = ["--out", `${folder}/run`];
    const first = await ended(
      startPretrain(folder, [...out, "--corpus", `${folder}/corpus.csv`, ...QUICK, "--steps", "2"]),
    );
    const block =
      /training text +\d+ documents, [\d,]+ sentences, [\d,]+ tokens\n\[UNK\] +0\.00 % of the tokens\none epoch shows +[\d.]+ % of the tokens\nequal documents +\d+\nsentence pairs +\d+, of which [\d.]+ % do not follow each other\n/;
    match(first.out, block);
    ok(first.out.search(block) < first.out.indexOf("step 1/"));
    using again = await reopenRun(`${folder}/run`, {}, {}, () => {});
    const report = new RunReport(`${folder}/run`, again.config);
    await runToEnd(again, { report: () => report.write() });
    match(await Deno.readTextFile(`${folder}/run/run.html`), /Training text.*one epoch shows/s);
  });
});
