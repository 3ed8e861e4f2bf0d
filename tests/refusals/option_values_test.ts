/**
 * Every option of the functions that train, predict, draw and save, with values of every kind. None may
 * end in an error of the JavaScript engine.
 */
import { rejects, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { collate } from "bert/data/batch.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { curves } from "bert/runs/compare.ts";
import { barChart } from "bert/show/bar_chart.ts";
import { errorBarChart } from "bert/show/error_bar_chart.ts";
import { heatmap } from "bert/show/heatmap.ts";
import { lineChart } from "bert/show/plot.ts";
import { table } from "bert/show/table.ts";
import { tokenTable } from "bert/show/token_table.ts";
import { openPrepared } from "bert/store/prepared.ts";
import { prepareSettings } from "bert/store/prepare_settings.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { evaluate } from "bert/training/evaluate.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { pretrain } from "bert/training/pretrain.ts";
import { BagOfWords } from "bert/use/bag_of_words.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { saveClassifier } from "bert/use/classifier_folder.ts";
import { classify, evaluateClassifier } from "bert/use/classify.ts";
import { classifyWords, evaluateTokenClassifier } from "bert/use/classify_words.ts";
import { readConll } from "bert/use/conll.ts";
import { attentionMaps, nearestWords } from "bert/use/explore.ts";
import { fineTune } from "bert/use/fine_tune.ts";
import { fineTuneWords } from "bert/use/fine_tune_words.ts";
import { labelledBatches } from "bert/use/labelled_texts.ts";
import { labelledWordBatches } from "bert/use/labelled_words.ts";
import { fillMask, isNext } from "bert/use/predict.ts";
import { sentenceEmbeddings, tokenEmbeddings } from "bert/use/sentence_embeddings.ts";
import { BertTokenClassifier } from "bert/use/token_classifier.ts";
import { saveTokenClassifier } from "bert/use/token_classifier_folder.ts";
import { saveOnnx } from "bert/web/onnx_folder.ts";
import { type Call, HOSTILE, testOptionValues } from "../support/hostile.ts";
import { untyped } from "../support/refuses.ts";

await useBackend("cpu");
const tok = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "d"]));
const config = bertConfig("smoke", { vocabSize: 9, maxPositionEmbeddings: 16 });
const model = new BertPretrainHead(config, { seed: 1 });
const classifier = new BertClassifier(config, { classes: 2, seed: 1 });
const documents = [{ name: "x", sentences: ["a", "b"] }, { name: "y", sentences: ["c", "d"] }];
const tagger = new BertTokenClassifier(config, { classes: 2, seed: 1 });
const sentences = [{ words: ["a", "b"], labels: [0, 1] }];
const texts = [{ text: "a", label: 0 }, { text: "b", label: 1 }];
const first = { document: "x", start: 0, end: 1 };
const segment = { tokenIds: [2, 5, 3], segmentIds: [1, 1, 1], first, truncated: false };
const example = { ...segment, labels: [-1, 7, -1], nspLabel: -1 as const };
const titles = { title: "Loss", xTitle: "step", yTitle: "nats" };
const run = { name: "a", steps: [{ step: 1, mlm_loss: 2 }], evaluations: [], settings: {} };
const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const conll = `${folder}/conll.txt`;
await Deno.writeTextFile(conll, "a O\n");

/**
 * Begins a pre-training that stops before its first step, so that only its options are checked. A
 * path that is a text becomes one in the temporary folder, because the file is written.
 */
function pretrainNothing(
  of: BertPretrainHead,
  options: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const { signal = AbortSignal.abort(), metricsFile } = options;
  const path = metricsFile === HOSTILE.text ? `${folder}/metrics.csv` : metricsFile;
  return pretrain(of, untyped({ ...options, signal, metricsFile: path }));
}

const TRAIN = { documents, tokenizer: tok, seed: 1, data: { maxLength: 16 }, train: { epochs: 1 } };
const CALLS: readonly Call[] = [
  ["pretrain", pretrainNothing, [model], [TRAIN]],
  ["evaluate", evaluate, [model], [[collate([example])]], [{}]],
  ["fillMask", fillMask, [model], [tok], ["a [MASK]"], [{ topK: 2 }]],
  ["sentenceEmbeddings", sentenceEmbeddings, [model.bert], [tok], [["a"]], [{}]],
  ["tokenEmbeddings", tokenEmbeddings, [model.bert], [tok], ["a"], [{}]],
  ["fineTune", fineTune, [new BertClassifier(config, { classes: 2, seed: 2 })], [texts], [tok], [
    { epochs: 1, batchSize: 2, seed: 1, signal: AbortSignal.abort() },
  ]],
  ["evaluateClassifier", evaluateClassifier, [classifier], [texts], [tok], [{}]],
  ["labelledBatches", labelledBatches, [texts], [tok], [{ batchSize: 2, maxLength: 8 }]],
  [
    "fineTuneWords",
    fineTuneWords,
    [new BertTokenClassifier(config, { classes: 2, seed: 2 })],
    [
      sentences,
    ],
    [tok],
    [{ epochs: 1, batchSize: 2, seed: 1, signal: AbortSignal.abort() }],
  ],
  ["evaluateTokenClassifier", evaluateTokenClassifier, [tagger], [sentences], [tok], [{}]],
  ["classifyWords", classifyWords, [tagger], [tok], [[["a", "b"]]], [{}]],
  ["labelledWordBatches", labelledWordBatches, [sentences], [tok], [
    { batchSize: 2, maxLength: 8 },
  ]],
  ["saveTokenClassifier", saveTokenClassifier, [`${folder}/t`], [tagger], [tok], [{}]],
  ["readConll", readConll, [conll], [{}]],
  ["BagOfWords.train", BagOfWords.train, [texts], [tok], [{ classes: 2, iterations: 1 }]],
  ["saveClassifier", saveClassifier, [`${folder}/c`], [classifier], [tok], [{}]],
  ["saveOnnx", saveOnnx, [model], [tok], [`${folder}/o`], [{ dtypes: ["q8"] }]],
  ["lineChart", lineChart, [[{ name: "a", x: [1, 2], y: [3, 4] }]], [titles]],
  ["barChart", barChart, [{ a: 1 }], [titles]],
  ["heatmap", heatmap, [[[1, 2], [3, 4]]], [{ ...titles, valueTitle: "share" }]],
  ["errorBarChart", errorBarChart, [["a"]], [[{ name: "s", points: [{ value: 2, error: 1 }] }]], [
    titles,
  ]],
  ["tokenTable", tokenTable, [example], [tok.vocab], [{}]],
  ["curves", curves, [[run]], [{ x: "step", y: "mlm_loss" }]],
  ["new AdamW", (...args) => Reflect.construct(AdamW, args), [model.weights], [{}]],
  ["new BertClassifier", (...args) => Reflect.construct(BertClassifier, args), [config], [
    { classes: 2, seed: 1 },
  ]],
  ["new BertTokenClassifier", (...args) => Reflect.construct(BertTokenClassifier, args), [config], [
    { classes: 2, seed: 1 },
  ]],
  ["new BertPretrainHead", (...args) => Reflect.construct(BertPretrainHead, args), [config], [
    { seed: 1 },
  ]],
  ["prepareSettings", prepareSettings, [{ corpus: ["sotu"], out: "x" }]],
];

testOptionValues(CALLS);

/** Values that JavaScript would silently treat as true, or as a number. */
const { text, texts: list, promise, withoutPrototype, symbol } = HOSTILE;
const NO_SETTING = [text, list, promise, withoutPrototype, symbol];

/** Options that change a computation, in calls that would use a wrong value without an error. */
const STEERING: readonly [string, (value: unknown) => unknown][] = [
  ["learningRate", (learningRate) => tune({ learningRate })],
  ["warmupShare", (warmupShare) => tune({ warmupShare })],
  ["weightDecay", (weightDecay) => tune({ weightDecay })],
  ["signal", (signal) => tune({ signal })],
  ["signal", (signal) => evaluate(model, [collate([example])], untyped({ signal }))],
  ["signal", (signal) => pretrain(model, untyped({ ...TRAIN, signal }))],
  ["reduction", (reduction) => pretrainNothing(model, { ...TRAIN, reduction })],
  ["normalize", (normalize) => embed({ normalize })],
  ["includePrompt", (includePrompt) => embed({ includePrompt })],
  ["specialTokens", (specialTokens) => embed({ specialTokens })],
  ["lowercase", (lowercase) => embed({ lowercase })],
  ["biasCorrection", (biasCorrection) => new AdamW(model.weights, untyped({ biasCorrection }))],
  ["decays", (decays) => new AdamW(model.weights, untyped({ decays }))],
  ["attentions", (attentions) => saveOnnx(model, tok, `${folder}/o`, untyped({ attentions }))],
  ["joined", (joined) => errorBarChart([], [], untyped({ ...titles, joined }))],
  [
    "saveSeconds",
    (saveSeconds) => prepareSettings(untyped({ corpus: ["a"], out: "b", saveSeconds })),
  ],
  ["onLeftOut", (onLeftOut) => prepareSettings(untyped({ corpus: ["a"], out: "b", onLeftOut }))],
];

function tune(options: Record<string, unknown>): Promise<unknown> {
  return fineTune(
    classifier,
    texts,
    tok,
    untyped({ epochs: 1, batchSize: 2, seed: 1, ...options }),
  );
}

function embed(options: Record<string, unknown>): Promise<unknown> {
  return sentenceEmbeddings(model.bert, tok, ["a"], options);
}

for (const [i, [option, call]] of STEERING.entries()) {
  Deno.test(`an option ${option} of another kind is refused by its name (${i + 1})`, async () => {
    for (const value of NO_SETTING) {
      const message = new RegExp(`\\b${option}\\b.* must be `);
      await rejects(async () => await call(value), { message }, String(typeof value));
    }
  });
}

Deno.test("fineTune() refuses a negative learning rate or weight decay, and a warmup share above 1", async () => {
  await rejects(tune({ learningRate: -1 }), { name: "ConfigError", field: "learningRate" });
  await rejects(tune({ warmupShare: 7.5 }), { name: "ConfigError", field: "warmupShare" });
  await rejects(tune({ weightDecay: -1 }), { name: "ConfigError", field: "weightDecay" });
  await rejects(tune({ clipNorm: -1 }), { name: "ConfigError", field: "clipNorm" });
});

Deno.test("lists with an entry of another kind are refused, also sparse arrays", () => {
  const sparse: unknown = Object.assign(new Array(2), { 1: "a" });
  const labels = { name: "ConfigError", message: /^Invalid labels = .* must be 2 different names/ };
  const save = (given: unknown) =>
    saveClassifier(`${folder}/c`, classifier, tok, untyped({ labels: given }));
  throws(() => tok.encodeBatch(untyped(sparse)), /^TypeError: Cannot/);
  throws(() => tok.vocab.addTokens(untyped(sparse)), /each of tokens must be a text/);
  throws(() => curves(untyped(sparse), untyped({ x: "step", y: "mlm_loss" })), /entry 0 of runs/);
  throws(
    () => barChart(untyped(Promise.resolve({ a: 1 })), titles),
    /found a promise: write await/,
  );
  throws(
    () => table(untyped([{ a: Symbol("a") }])),
    /"a" of entry 0 of rows must be a text, a number/,
  );
  return Promise.all([sparse, documents, null, "ab"].map((one) => rejects(save(one), labels)))
    .then(() => {});
});

Deno.test("openPrepared(), classify(), isNext(), nearestWords() and attentionMaps() refuse arguments of another kind", async () => {
  const what = /^Cannot call openPrepared\(path\): path must be a text, found /;
  for (const value of [undefined, null, 7, ["a"], HOSTILE.symbol]) {
    await rejects(openPrepared(untyped(value)), { name: "TypeError", message: what });
  }
  await rejects(async () => await classify(classifier, tok, untyped(["a"])), TypeError);
  await rejects(async () => await isNext(model, tok, "a", untyped(7)), TypeError);
  await rejects(async () => await nearestWords(model, tok, "a", untyped({})), /^ConfigError/);
  await rejects(async () => await attentionMaps(model, tok, untyped(null)), TypeError);
});
