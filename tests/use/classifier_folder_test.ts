/**
 * Classifiers that are saved, and opened again by this library and by transformers, which
 * fixtures/classify_folders.py runs.
 */
import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { BertModel } from "bert/model/bert.ts";
import { saveModel } from "bert/model/folder.ts";
import type { Shares } from "bert/model/classes_json.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { loadClassifier, saveClassifier } from "bert/use/classifier_folder.ts";
import { classify, evaluateClassifier } from "bert/use/classify.ts";
import { fineTune } from "bert/use/fine_tune.ts";
import { openFolder } from "bert/web/model_or_run_folder.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { findPython, runPython } from "../support/python.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { snapshot } from "../support/toy_model.ts";

await useBackend();
const CONFIG = bertConfig("smoke", { vocabSize: TOY_TOKENIZER.vocab.size, initializerRange: 0.4 });
const LABELS = ["sea", "land", "air"];
const TEXTS = ["the red ship sees the sea.", "once", "the birds like green trees"];
const ROOT = await Deno.makeTempDir({ prefix: "classifier-" });
globalThis.addEventListener("unload", () => Deno.removeSync(ROOT, { recursive: true }));

function classifier(pooling: "cls" | "mean" = "cls"): BertClassifier {
  return new BertClassifier(CONFIG, { classes: 3, seed: 1, pooling });
}

/** Saves a classifier with three classes, with further fields in its `config.json`. */
async function changed(name: string, fields: Record<string, unknown>): Promise<string> {
  const folder = `${ROOT}/${name}`;
  using model = classifier();
  await saveClassifier(folder, model, TOY_TOKENIZER, { labels: LABELS });
  const json = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
  await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify({ ...json, ...fields }));
  return folder;
}

for (const pooling of ["cls", "mean"] as const) {
  Deno.test(`a classifier with pooling "${pooling}" is loaded as it was saved`, async () => {
    const folder = `${ROOT}/${pooling}`;
    using model = classifier(pooling);
    await saveClassifier(folder, model, TOY_TOKENIZER, { labels: LABELS });
    const loaded = await loadClassifier(folder);
    using again = loaded.model;
    deepStrictEqual(loaded.labels, LABELS);
    deepStrictEqual([again.pooling, again.shares, again.classes], [pooling, "softmax", 3]);
    deepStrictEqual(snapshot(again), snapshot(model));
    for (const text of TEXTS) {
      const wanted = await classify(model, TOY_TOKENIZER, text);
      deepStrictEqual(await classify(again, loaded.tokenizer, text), wanted);
    }
  });
}

Deno.test("classes have the names LABEL_0 and so on unless other names are given", async () => {
  using model = classifier();
  const save = (labels?: string[]) =>
    saveClassifier(`${ROOT}/names`, model, TOY_TOKENIZER, { labels });
  for (const labels of [["a", "b"], ["a", "a", "b"]]) {
    await rejects(save(labels), /labels = .*: it must be 3 different names, one for each class/);
  }
  await save();
  const loaded = await loadClassifier(`${ROOT}/names`);
  deepStrictEqual(loaded.labels, ["LABEL_0", "LABEL_1", "LABEL_2"]);
  loaded.model.dispose();
});

Deno.test("a config.json that names more or fewer classes than there are, or one twice, is refused; without names it is not", async () => {
  const lists = [["a", "b"], ["a", "b", "c", "d"], [], ["a", null, "c"], "a b c"];
  for (const [i, names] of lists.entries()) {
    const folder = await changed(`names ${i}`, {
      "id2label": Array.isArray(names) ? { ...names } : names,
    });
    const wrong = {
      name: "FormatError",
      message:
        /config\.json: Invalid id2label = .*: it must name the classes 0 to 2, as classifier\.bias has 3 numbers: mend it, or take it out/,
    };
    await rejects(loadClassifier(folder), wrong);
    await rejects(openFolder(folder), wrong);
  }
  const twice = await changed("twice", { "id2label": { "0": "a", "1": "b", "2": "a" } });
  await rejects(loadClassifier(twice), {
    name: "FormatError",
    message:
      /Invalid id2label = .*: it must be different names, and "a" is there twice: change one/,
  });
  const folder = await changed("unnamed", { "id2label": undefined });
  const { model, labels } = await loadClassifier(folder);
  deepStrictEqual(labels, ["LABEL_0", "LABEL_1", "LABEL_2"]);
  model.dispose();
});

Deno.test("a multi-label model is loaded with independent probabilities, and fineTune() refuses it", async () => {
  const folder = await changed("several", { "problem_type": "multi_label_classification" });
  using model = (await loadClassifier(folder)).model;
  using plain = classifier();
  const odds = (await classify(plain, TOY_TOKENIZER, TEXTS[0])).map(Math.log);
  const logits = (await classify(model, TOY_TOKENIZER, TEXTS[0])).map((p) => Math.log(p / (1 - p)));
  const apart = (values: number[]) => values.map((value) => value - values[0]);
  assertClose(apart(logits), apart(odds), { atol: 1e-4 });
  const wrong = {
    name: "ConfigError",
    message: 'Invalid shares of the model = "sigmoid": it must be "softmax", as each text has ' +
      "exactly one label",
  };
  const texts = [{ text: "sea", label: 0 }];
  await rejects(evaluateClassifier(model, texts, TOY_TOKENIZER), wrong);
  await rejects(fineTune(model, texts, TOY_TOKENIZER, { epochs: 1, batchSize: 1, seed: 1 }), wrong);
});

Deno.test("loadClassifier() refuses an encoder and a model that chooses an answer", async () => {
  using encoder = new BertModel(CONFIG, { seed: 1 });
  await saveModel(`${ROOT}/encoder`, encoder, TOY_TOKENIZER);
  const chooser = await changed("chooser", { architectures: ["BertForMultipleChoice"] });
  for (const folder of [`${ROOT}/encoder`, chooser]) {
    await rejects(loadClassifier(folder), {
      name: "FormatError",
      message: `Cannot read ${folder}: expected a classifier of texts ` +
        "(BertForSequenceClassification), found another model: open it with loadModel()",
    });
    using opened = await openFolder(folder);
    strictEqual(opened.classifier, undefined);
  }
  const odd = await changed("odd", { "classifier_pooling": "max" });
  await rejects(loadClassifier(odd), /odd\/config\.json: .*classifier_pooling = "max": it must be/);
  using model = classifier();
  await rejects(saveModel(`${ROOT}/wrong`, model, TOY_TOKENIZER), {
    name: "TypeError",
    message: "Cannot save a classifier by saveModel(): save it by saveClassifier()",
  });
});

Deno.test("a folder that is opened and closed leaves no tensor behind", async () => {
  const folder = await changed("leak", {});
  await assertNoLeak(async () => {
    using _opened = await openFolder(folder);
  });
  await assertNoLeak(async () => (await loadClassifier(folder)).model.dispose());
});

const python = await findPython(["transformers", "torch"], "classifiers in transformers");

Deno.test({
  name:
    "transformers gives the probabilities of classify(), and loadClassifier() opens what it saves",
  ignore: !python,
  fn: async () => {
    const types: Record<Shares, string> = {
      softmax: "single_label_classification",
      sigmoid: "multi_label_classification",
      none: "regression",
    };
    const folders = await Promise.all(
      Object.entries(types).map(([name, type]) => changed(`py-${name}`, { "problem_type": type })),
    );
    using mean = classifier("mean");
    await saveClassifier(`${ROOT}/py-mean`, mean, TOY_TOKENIZER);
    const script = new URL("../fixtures/classify_folders.py", import.meta.url).pathname;
    const answers = await runPython(python!, [script, ...folders, `${ROOT}/py-mean`], TEXTS) as {
      missing: string[];
      unexpected: string[];
      shares: Record<string, number>[];
    }[];
    for (const [i, folder] of folders.entries()) {
      deepStrictEqual([answers[i].missing, answers[i].unexpected], [[], []]);
      for (const path of [folder, `${folder}-saved`]) {
        const { model, tokenizer, labels } = await loadClassifier(path);
        for (const [t, text] of TEXTS.entries()) {
          const found = await classify(model, tokenizer, text);
          assertClose(found, labels.map((label) => answers[i].shares[t][label]), { atol: 1e-5 });
        }
        model.dispose();
      }
    }
    deepStrictEqual(answers[3].missing, ["bert.pooler.dense.bias", "bert.pooler.dense.weight"]);
  },
});
