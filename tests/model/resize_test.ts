import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { addTokens, addWords, changeVocabulary, resizePositions } from "bert/model/resize.ts";
import { trainStep } from "bert/training/train_step.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { assertClose } from "../support/assert_close.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { snapshot, toyBatches, toyModel } from "../support/toy_model.ts";

await useBackend();

const H = 32;
const WORDS = "bert.embeddings.word_embeddings.weight";
const POSITIONS = "bert.embeddings.position_embeddings.weight";
const BIAS = "cls.predictions.bias";

/** A model whose decoder bias is not zero everywhere. */
function biasedModel() {
  const model = toyModel();
  const values = Float32Array.from({ length: TOY_TOKENIZER.vocab.size }, (_, i) => i / 10);
  const bias = tf.tensor1d(values);
  model.weights.get(BIAS)!.assign(bias);
  bias.dispose();
  return model;
}

function row(table: Float32Array, i: number): Float32Array {
  return table.slice(i * H, (i + 1) * H);
}

Deno.test("resizePositions() repeats the table or cuts it, and changes nothing else", async () => {
  const model = toyModel();
  const before = snapshot(model);
  const old = model.config.maxPositionEmbeddings;
  const [longer, shorter] = [
    await resizePositions(model, 2 * old + 3),
    await resizePositions(model, 5),
  ];
  const long = snapshot(longer);
  for (const [at, from] of [[0, 0], [old - 1, old - 1], [old, 0], [2 * old + 2, 2]]) {
    deepStrictEqual(row(long[POSITIONS], at), row(before[POSITIONS], from));
  }
  deepStrictEqual(snapshot(shorter)[POSITIONS], before[POSITIONS].slice(0, 5 * H));
  deepStrictEqual({ ...long, [POSITIONS]: 0 }, { ...before, [POSITIONS]: 0 });
  const tokenIds = [Array.from({ length: old + 2 }, () => 9)];
  strictEqual(longer.forward({ tokenIds }).mlmLogits.shape[1], old + 2);
  deepStrictEqual(snapshot(model), before);
  await rejects(resizePositions(model, 0), { name: "ConfigError", field: "length" });
});

Deno.test("addWords() makes a word the mean of its parts, in the embeddings and in the decoder's bias", async () => {
  const model = biasedModel();
  const before = snapshot(model);
  const { model: grown, tokenizer, added } = await addWords(model, TOY_TOKENIZER, [
    "Ships",
    "the",
    "houses",
    "ships",
    "xylem",
  ]);
  deepStrictEqual(added, [
    { token: "ships", parts: ["ship", "##s"] },
    { token: "houses", parts: ["house", "##s"] },
    { token: "xylem", parts: [] },
  ]);
  const { vocab } = TOY_TOKENIZER;
  deepStrictEqual(tokenizer.vocab.tokens, [...vocab.tokens, "ships", "houses", "xylem"]);
  deepStrictEqual(tokenizer.tokenize("the Ships"), ["the", "ships"]);
  strictEqual(grown.config.vocabSize, vocab.size + 3);
  const after = snapshot(grown);
  deepStrictEqual(after[WORDS].slice(0, vocab.size * H), before[WORDS]);
  const [ship, s] = ["ship", "##s"].map((token) => vocab.idOf(token));
  const mean = row(before[WORDS], ship).map((x, i) => (x + row(before[WORDS], s)[i]) / 2);
  assertClose(row(after[WORDS], vocab.size), mean, { atol: 1e-7 });
  assertClose(after[BIAS][vocab.size], (ship + s) / 20, { atol: 1e-6 });
  assertClose(after[BIAS][vocab.size + 2], (vocab.size - 1) / 20, { atol: 1e-6 }); // the mean of all biases
  deepStrictEqual(snapshot(model), before);
});

Deno.test("changeVocabulary() keeps the vectors of common pieces, and makes new ones from the pieces that spell them", async () => {
  const model = biasedModel();
  const before = snapshot(model);
  const to = new BertTokenizer(
    new Vocab(["sea", ...[...SPECIAL_TOKENS].reverse(), "##ss", "birds", "ship"]),
  );
  const { model: changed, added } = await changeVocabulary(model, TOY_TOKENIZER, to);
  deepStrictEqual(added, [
    { token: "##ss", parts: ["##s", "##s"] },
    { token: "birds", parts: ["bird", "##s"] },
  ]);
  const after = snapshot(changed);
  for (const token of ["sea", "ship", ...SPECIAL_TOKENS]) {
    const [there, here] = [TOY_TOKENIZER.vocab.idOf(token), to.vocab.idOf(token)];
    deepStrictEqual(row(after[WORDS], here), row(before[WORDS], there));
    strictEqual(after[BIAS][here], before[BIAS][there]);
  }
  strictEqual(changed.config.padTokenId, 5);
  strictEqual(changed.config.vocabSize, to.vocab.size);
  const wrong = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "x"]));
  await rejects(changeVocabulary(model, wrong, to), { name: "ConfigError", field: "vocab.size" });
});

Deno.test("the new model is a copy: training it does not change the old one, and leaves no tensor behind", async () => {
  const [batch] = toyBatches(1);
  const tensors = tf.memory().numTensors;
  const model = toyModel();
  const before = snapshot(model);
  const longer = await resizePositions(model, 40);
  const { model: grown } = await addWords(model, TOY_TOKENIZER, []);
  deepStrictEqual(snapshot(grown), before);
  const optimizer = new AdamW(grown.weights);
  await trainStep(grown, optimizer, batch, { learningRate: 0.01, seed: 1 });
  optimizer.dispose();
  ok(snapshot(grown)[WORDS].some((x, i) => x !== before[WORDS][i]));
  deepStrictEqual(snapshot(model), before);
  [model, longer, grown].forEach((one) => one.dispose());
  strictEqual(tf.memory().numTensors, tensors);
});

Deno.test("addWords() refuses what is not one word", async () => {
  const model = toyModel();
  for (const word of ["e-mail", "two words", "", "a".repeat(101)]) {
    await rejects(addWords(model, TOY_TOKENIZER, [word]), { name: "ConfigError", field: "word" });
  }
});

Deno.test("addTokens() adds tokens that the saved and loaded folder keeps", async () => {
  const model = biasedModel();
  const tokens = ["[E1]", { content: "whaleship", singleWord: true }, "sea"];
  const grown = await addTokens(model, TOY_TOKENIZER, tokens);
  const { vocab } = grown.tokenizer;
  const old = TOY_TOKENIZER.vocab;
  deepStrictEqual(vocab.tokens, [...old.tokens, "[E1]", "whaleship"]);
  deepStrictEqual(grown.added.map(({ token }) => token), ["[E1]", "whaleship"]);
  deepStrictEqual(grown.tokenizer.tokenize("The [E1] sea whaleship."), [
    "the",
    "[E1]",
    "sea",
    "whaleship",
    ".",
  ]);
  const [before, after] = [snapshot(model), snapshot(grown.model)];
  const sea = old.idOf("sea");
  deepStrictEqual(row(after[WORDS], sea), row(before[WORDS], sea));
  const folder = await Deno.makeTempDir();
  await saveModel(folder, grown.model, grown.tokenizer);
  const loaded = await loadModel(folder);
  deepStrictEqual(loaded.notes, []);
  deepStrictEqual(loaded.tokenizer.vocab.tokens, vocab.tokens);
  deepStrictEqual(loaded.tokenizer.ids("[E1] sea"), grown.tokenizer.ids("[E1] sea"));
  deepStrictEqual(snapshot(loaded.model), after);
  for (const { model } of [grown, loaded]) model.dispose();
  model.dispose();
  await Deno.remove(folder, { recursive: true });
});
