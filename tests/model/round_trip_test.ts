/**
 * A model is saved here, opened and saved by transformers, and opened here again; fixtures/round_trip.py
 * is the part of transformers.
 */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { bertConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import type { TokenizerOptions } from "bert/tokenizer/options.ts";
import { assertClose } from "../support/assert_close.ts";
import { findPython, runPython } from "../support/python.ts";
import { snapshot } from "../support/toy_model.ts";

const SCRIPT = new URL("../fixtures/round_trip.py", import.meta.url).pathname;
const python = await findPython(["transformers", "torch"], "the round trip through transformers");
await useBackend();

/** What the script writes. */
interface Answer {
  mlmLogits: number[];
  nspLogits: number[];
  loading: Record<string, string[]>;
  messages: string[];
  dtypes: string[];
  modelMaxLength: number;
  ids: number[][];
  pair: Record<string, number[]>;
}

const WORDS = [
  "sea",
  "Sea",
  "see",
  "é",
  "e",
  "##s",
  "##é",
  "the",
  "The",
  ",",
  "中",
  "1",
  "##1",
  "__proto__",
];
const TEXTS = [
  "The sea, sees",
  "Thé SEAS 中sea 11 [MASK] zzz",
  "é É e\u0301 1 1\u00ad1",
  `sea${"s".repeat(20)}`,
];

const CASES: readonly [string, Parameters<typeof bertConfig>[1], TokenizerOptions][] = [
  ["uncased, gelu", {}, {}],
  [
    "cased, another activation, epsilon and position table",
    { hiddenAct: "gelu_new", layerNormEps: 1e-5, maxPositionEmbeddings: 40, numHiddenLayers: 2 },
    { lowercase: false, stripAccents: true, maxWordLength: 12 },
  ],
  ["four segments", { typeVocabSize: 5, hiddenAct: "silu" }, { stripAccents: false }],
];

/** A batch with padding; segments are 0 and 1, as in transformers. */
const BATCH = {
  tokenIds: [[2, 9, 7, 3, 12, 3], [2, 5, 3, 6, 3, 0], [2, 4, 3, 0, 0, 0]],
  segmentIds: [[0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 0, 0]],
  attentionMask: [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0], [1, 1, 1, 0, 0, 0]],
};

function ours(model: BertPretrainHead) {
  const { tokenIds, segmentIds, attentionMask } = BATCH;
  const shifted = segmentIds.map((row, b) => row.map((id, t) => (id + 1) * attentionMask[b][t]));
  return model.forward({ tokenIds, segmentIds: shifted, attentionMask });
}

/** The logits at tokens, without those at padding. */
function atTokens(logits: ArrayLike<number>): number[] {
  const mask = BATCH.attentionMask.flat();
  const width = logits.length / mask.length;
  return Array.from(logits).filter((_, i) => mask[Math.floor(i / width)] === 1);
}

/** Makes a model and a tokenizer and saves them. */
async function saveCase(index: number, folder: string) {
  const [, overrides, options] = CASES[index];
  const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, ...WORDS]), options);
  const sizes = { vocabSize: tokenizer.vocab.size, initializerRange: 0.3, ...overrides };
  const model = new BertPretrainHead(bertConfig("smoke", sizes), { seed: 3 });
  await saveModel(folder, model, tokenizer);
  return { model, tokenizer, folder };
}

type Case = Awaited<ReturnType<typeof saveCase>>;

function assertOpened({ model, tokenizer }: Case, answer: Answer): void {
  const { mlmLogits, nspLogits } = ours(model);
  assertClose(atTokens(answer.mlmLogits), atTokens(mlmLogits.dataSync()), { atol: 1e-5 });
  assertClose(answer.nspLogits, nspLogits.dataSync(), { atol: 1e-5 });
  tf.dispose([mlmLogits, nspLogits]);
  deepStrictEqual(answer.messages, []);
  for (const [kind, keys] of Object.entries(answer.loading)) deepStrictEqual(keys, [], kind);
  deepStrictEqual(answer.dtypes, ["torch.float32"]);
  deepStrictEqual(answer.ids, TEXTS.map((text) => tokenizer.encode(text).tokenIds));
  const pair = tokenizer.encode(TEXTS[0], TEXTS[1], { maxLength: 9 });
  deepStrictEqual(answer.pair["token_type_ids"], pair.segmentIds.map((id) => id - 1));
  strictEqual(answer.modelMaxLength, model.config.maxPositionEmbeddings);
}

async function assertBack({ model, tokenizer }: Case, folder: string): Promise<void> {
  const back = await loadModel(folder);
  deepStrictEqual(back.notes, []);
  deepStrictEqual(back.model.config, model.config);
  deepStrictEqual(snapshot(back.model), snapshot(model));
  deepStrictEqual(back.tokenizer.vocab.tokens, tokenizer.vocab.tokens);
  deepStrictEqual(back.tokenizer.options, tokenizer.options);
  back.model.dispose();
}

Deno.test({
  name: "models go to transformers and back, bit for bit",
  ignore: !python,
  fn: async (t) => {
    const root = await Deno.makeTempDir();
    const cases: Case[] = [];
    for (const i of CASES.keys()) cases.push(await saveCase(i, `${root}/${i}`));
    const folders = cases.map(({ folder }) => folder);
    const input = { ...BATCH, texts: TEXTS };
    const answers = await runPython(python!, [SCRIPT, ...folders], input) as Answer[];
    for (const [i, [what]] of CASES.entries()) {
      const { folder } = cases[i];
      await t.step(`${what}: there`, () => assertOpened(cases[i], answers[i]));
      await t.step(`${what}: back in one file`, () => assertBack(cases[i], `${folder}-saved`));
      await t.step(`${what}: back in several`, () => assertBack(cases[i], `${folder}-sharded`));
      cases[i].model.dispose();
    }
    await Deno.remove(root, { recursive: true });
  },
});
