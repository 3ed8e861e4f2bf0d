/**
 * Classifiers of words that are saved, and opened again by this library and by transformers, which
 * fixtures/tag_folders.py runs.
 */
import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { BertModel, BertPretrainHead } from "bert/model/bert.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { loadClassifier, saveClassifier } from "bert/use/classifier_folder.ts";
import { classifyWords, evaluateTokenClassifier } from "bert/use/classify_words.ts";
import { fineTuneStep } from "bert/use/fine_tune.ts";
import { labelledWordBatches } from "bert/use/labelled_words.ts";
import { BertTokenClassifier } from "bert/use/token_classifier.ts";
import { loadTokenClassifier, saveTokenClassifier } from "bert/use/token_classifier_folder.ts";
import { openFolder } from "bert/web/model_or_run_folder.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { findPython, runPython } from "../support/python.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { snapshot } from "../support/toy_model.ts";

await useBackend();
const CONFIG = bertConfig("smoke", {
  vocabSize: TOY_TOKENIZER.vocab.size,
  initializerRange: 0.4,
  hiddenDropoutProb: 0,
  attentionProbsDropoutProb: 0,
});
const LABELS = ["O", "B-SHIP", "B-SEA"];
const SENTENCES = [
  { words: ["The", "red-ships", "sees", "the", "sea", "."], labels: [0, 1, 0, 0, 2, 0] },
  { words: ["once"], labels: [0] },
  { words: ["Whales", "unknown", "seas", "[SEP]"], labels: [1, 0, 2, 0] },
];
const ROOT = await Deno.makeTempDir({ prefix: "tagger-" });
globalThis.addEventListener("unload", () => Deno.removeSync(ROOT, { recursive: true }));

function tagger(): BertTokenClassifier {
  return new BertTokenClassifier(CONFIG, { classes: 3, seed: 1 });
}

/** Saves a classifier of words, with further fields in its `config.json`. */
async function saved(name: string, fields: Record<string, unknown> = {}): Promise<string> {
  const folder = `${ROOT}/${name}`;
  using model = tagger();
  await saveTokenClassifier(folder, model, TOY_TOKENIZER, { labels: LABELS });
  const json = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
  await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify({ ...json, ...fields }));
  return folder;
}

const WORDS = SENTENCES.map(({ words }) => words);

Deno.test("a classifier of words is loaded as it was saved", async () => {
  using model = tagger();
  const loaded = await loadTokenClassifier(await saved("same"));
  using again = loaded.model;
  deepStrictEqual(loaded.labels, LABELS);
  strictEqual(again.classes, 3);
  deepStrictEqual(snapshot(again), snapshot(model));
  const answers = await classifyWords(again, loaded.tokenizer, WORDS);
  deepStrictEqual(answers, await classifyWords(model, TOY_TOKENIZER, WORDS));
});

Deno.test("classes of words have the names LABEL_0 and so on unless other names are given", async () => {
  using model = tagger();
  const save = (labels?: string[]) =>
    saveTokenClassifier(`${ROOT}/names`, model, TOY_TOKENIZER, { labels });
  for (const labels of [["a", "b"], ["a", "a", "b"]]) {
    await rejects(save(labels), /labels = .*: it must be 3 different names, one for each class/);
  }
  await save();
  const loaded = await loadTokenClassifier(`${ROOT}/names`);
  deepStrictEqual(loaded.labels, ["LABEL_0", "LABEL_1", "LABEL_2"]);
  loaded.model.dispose();
  const folder = await saved("few names", { "id2label": { "0": "a" } });
  await rejects(loadTokenClassifier(folder), {
    name: "FormatError",
    message: /config\.json: Invalid id2label = .*: it must name the classes 0 to 2/,
  });
});

Deno.test("a folder of another kind is refused with the function that opens it", async () => {
  const words = await saved("words");
  const texts = `${ROOT}/texts`;
  using classifier = new BertClassifier(CONFIG, { classes: 2, seed: 1 });
  await saveClassifier(texts, classifier, TOY_TOKENIZER);
  using encoder = new BertModel(CONFIG, { seed: 1 });
  await saveModel(`${ROOT}/encoder`, encoder, TOY_TOKENIZER);
  using pretrained = new BertPretrainHead(CONFIG, { seed: 1 });
  await saveModel(`${ROOT}/pretrained`, pretrained, TOY_TOKENIZER);
  const ofWords = "expected a classifier of words (BertForTokenClassification), found";
  const ofTexts = "expected a classifier of texts (BertForSequenceClassification), found";
  const cases = [
    [loadTokenClassifier, texts, `${ofWords} a classifier of texts: open it with loadClassifier()`],
    [loadTokenClassifier, `${ROOT}/encoder`, `${ofWords} another model: open it with loadModel()`],
    [
      loadTokenClassifier,
      `${ROOT}/pretrained`,
      `${ofWords} another model: open it with loadModel()`,
    ],
    [
      loadClassifier,
      words,
      `${ofTexts} a classifier of words: open it with loadTokenClassifier()`,
    ],
  ] as const;
  for (const [load, folder, problem] of cases) {
    await rejects(load(folder), {
      name: "FormatError",
      message: `Cannot read ${folder}: ${problem}`,
    });
  }
  for (
    const [folder, kind, load] of [
      [words, "words", "loadTokenClassifier()"],
      [texts, "texts", "loadClassifier()"],
    ]
  ) {
    await rejects(loadModel(folder), {
      name: "FormatError",
      message: new RegExp(
        `has no weights of .*: it is a classifier of ${kind}: open it with ${
          load.slice(0, -2)
        }\\(\\), or pass`,
      ),
    });
  }
  const { model, notes } = await loadModel(words, { seed: 1 });
  deepStrictEqual(notes.at(-1), "In the folder, and not used: classifier.bias, classifier.weight");
  model.dispose();
});

Deno.test("a folder that does not name its class is one of words if it has no pooler and no pooling", async () => {
  const words = await saved("no class", { architectures: undefined });
  const { model, labels } = await loadTokenClassifier(words);
  deepStrictEqual(labels, LABELS);
  model.dispose();
  using opened = await openFolder(words);
  strictEqual(opened.classifier?.pooling, "none");
  await rejects(loadClassifier(words), /found a classifier of words: open it with loadToken/);
  for (const pooling of ["cls", "mean"] as const) {
    const texts = `${ROOT}/no class, ${pooling}`;
    using classifier = new BertClassifier(CONFIG, { classes: 2, seed: 1, pooling });
    await saveClassifier(texts, classifier, TOY_TOKENIZER);
    const json = JSON.parse(await Deno.readTextFile(`${texts}/config.json`));
    delete json.architectures;
    await Deno.writeTextFile(`${texts}/config.json`, JSON.stringify(json));
    using again = (await loadClassifier(texts)).model;
    strictEqual(again.pooling, pooling);
    await rejects(loadTokenClassifier(texts), /found a classifier of texts: open it with loadC/);
  }
});

Deno.test("a classifier that is no BERT is refused as such, without advice to open it otherwise", async () => {
  const folder = await saved("distil", {
    "model_type": "distilbert",
    architectures: ["DistilBertForTokenClassification"],
  });
  for (const load of [loadClassifier, loadTokenClassifier]) {
    await rejects(load(folder), {
      name: "FormatError",
      message: `Cannot read ${folder}/config.json: Invalid model_type = "distilbert": it must be ` +
        "bert: other architectures are not supported",
    });
  }
});

Deno.test("saveModel() names the function that saves a classifier of words, and each refuses the other's", async () => {
  using model = tagger();
  await rejects(saveModel(`${ROOT}/wrong`, model, TOY_TOKENIZER), {
    name: "TypeError",
    message: "Cannot save a classifier by saveModel(): save it by saveTokenClassifier()",
  });
  await rejects(
    saveClassifier(`${ROOT}/wrong`, model as unknown as BertClassifier, TOY_TOKENIZER),
    {
      name: "TypeError",
      message: "Cannot call saveClassifier(folder, model, tokenizer): model must be a " +
        "BertClassifier, found a BertTokenClassifier",
    },
  );
  using texts = new BertClassifier(CONFIG, { classes: 2, seed: 1 });
  const wrong = texts as unknown as BertTokenClassifier;
  await rejects(saveTokenClassifier(`${ROOT}/wrong`, wrong, TOY_TOKENIZER), {
    name: "TypeError",
    message: "Cannot call saveTokenClassifier(folder, model, tokenizer): model must be a " +
      "BertTokenClassifier, found a BertClassifier",
  });
});

Deno.test("a folder whose new weights cannot be saved keeps the older ones", async () => {
  const folder = await saved("kept");
  using model = tagger();
  const bias = model.weights.get("classifier.bias")!;
  const broken = bias.add(NaN);
  bias.assign(broken as typeof bias);
  broken.dispose();
  const labels = ["x", "y", "z"];
  await rejects(saveTokenClassifier(folder, model, TOY_TOKENIZER, { labels }), {
    name: "ConfigError",
  });
  const again = await loadTokenClassifier(folder);
  deepStrictEqual(again.labels, LABELS);
  again.model.dispose();
});

Deno.test("a folder of a classifier of words that is opened and closed leaves no tensor behind", async () => {
  const folder = await saved("leak");
  await assertNoLeak(async () => (await loadTokenClassifier(folder)).model.dispose());
  await assertNoLeak(async () => {
    using opened = await openFolder(folder);
    strictEqual(opened.classifier?.pooling, "none");
  });
  await new BertTokenizer(TOY_TOKENIZER.vocab.addTokens(["[E1]"])).save(folder);
  await assertNoLeak(() =>
    rejects(loadTokenClassifier(folder), {
      name: "FormatError",
      message: /size of the tokenizer's vocabulary = 23: it must be the model's vocabSize, 22/,
    })
  );
});

const python = await findPython(["transformers", "torch"], "classifiers of words in transformers");

interface Answer {
  readonly missing: string[];
  readonly unexpected: string[];
  readonly labels: string[];
  readonly numbers: Record<string, number>;
  readonly ids: number[][];
  readonly loss: number;
  readonly gradientNorm: number;
  readonly shares: number[][][];
}

Deno.test({
  name:
    "transformers gives the ids, probabilities, loss and length of the gradient that the library gives, and loadTokenClassifier() opens what it saves",
  ignore: !python,
  fn: async () => {
    const folder = await saved("py");
    const script = new URL("../fixtures/tag_folders.py", import.meta.url).pathname;
    const [answer] = await runPython(python!, [script, folder], SENTENCES) as Answer[];
    deepStrictEqual([answer.missing, answer.unexpected], [[], []]);
    deepStrictEqual(answer.labels, LABELS);
    deepStrictEqual(answer.numbers, { O: 0, "B-SHIP": 1, "B-SEA": 2 });
    for (const path of [folder, `${folder}-saved`]) {
      const { model, tokenizer, labels } = await loadTokenClassifier(path);
      deepStrictEqual(labels, LABELS);
      const words = await classifyWords(model, tokenizer, WORDS);
      const shares = words.flat().flatMap(({ probabilities }) => probabilities);
      assertClose(shares, answer.shares.flat(2), { atol: 1e-5 });
      const { loss } = await evaluateTokenClassifier(model, SENTENCES, tokenizer);
      assertClose(loss, answer.loss, { atol: 1e-5 });
      const [labelled] = labelledWordBatches(SENTENCES, tokenizer, { batchSize: 3, maxLength: 16 });
      const { batch: { tokenIds, length } } = labelled;
      for (const [row, ids] of answer.ids.entries()) {
        deepStrictEqual([...tokenIds.subarray(row * length, row * length + ids.length)], ids);
      }
      using optimizer = new AdamW(model.weights);
      const step = await fineTuneStep(model, optimizer, labelled, { learningRate: 0, seed: 1 });
      assertClose(step.loss, answer.loss, { atol: 1e-5 });
      assertClose(step.gradientNorm, answer.gradientNorm, { rtol: 1e-4 });
      model.dispose();
    }
  },
});
