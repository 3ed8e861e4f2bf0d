import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { attentionMaps, cosine, nearestWords } from "bert/use/explore.ts";
import { fillMask, isNext } from "bert/use/predict.ts";
import { classifyWords } from "bert/use/classify_words.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { BertTokenClassifier } from "bert/use/token_classifier.ts";
import type { Heads, OpenedFolder } from "bert/web/model_or_run_folder.ts";
import { LibraryEngine } from "bert/web/library_engine.ts";
import { joined, withBlanks, wordAround } from "bert/web/page/engine.ts";
import { assertLabelled } from "../support/assert_labelled.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";

await useBackend();
const config = bertConfig("smoke", { vocabSize: TOY_TOKENIZER.vocab.size, initializerRange: 0.3 });
const model = new BertPretrainHead(config, { seed: 1 });
globalThis.addEventListener("unload", () => model.dispose());

function engine(
  heads: Partial<Heads> = {},
  folder = "some/toy",
  more: Partial<OpenedFolder> = {},
): LibraryEngine {
  const opened: OpenedFolder = {
    folder,
    model,
    tokenizer: TOY_TOKENIZER,
    heads: { words: true, pairs: true, ...heads },
    labels: [],
    others: [],
    dispose() {},
    [Symbol.dispose]() {},
    ...more,
  };
  return new LibraryEngine(opened, () => Promise.resolve(undefined));
}

Deno.test("the engine gives the library's results for blanks, pairs, attention and neighbours", async () => {
  const [guesses] = await fillMask(model, TOY_TOKENIZER, "the [MASK] sea", { topK: 8 });
  const [filled] = await engine().fill("the ___ sea");
  deepStrictEqual(
    filled,
    guesses.map(({ token, probability: share }) => ({ token, share })),
  );
  const follows = await isNext(model, TOY_TOKENIZER, "the sea", "once");
  strictEqual(await engine().follows("the sea", "once"), follows);
  const { tokens, layers } = await attentionMaps(model, TOY_TOKENIZER, "the sea", "once");
  const look = await engine().look({ text: "the sea", second: "once" }, 0);
  deepStrictEqual(look.tokens, tokens);
  ok(look.heads.flat(2).every((share, i) => Math.abs(share - layers[0].flat(2)[i]) <= 5e-5));
  const near = await engine().near({ text: "the ships" }, 3);
  strictEqual(near.word, "ships");
  const whole = await nearestWords(model, TOY_TOKENIZER, "ships", 8);
  deepStrictEqual(
    near.alone,
    whole.map(({ token, similarity: share }) => ({ token, share })),
  );
  ok(near.inSentence!.every(({ token }) => token !== "##s"));
  strictEqual(near.inSentence!.length, 8);
});

Deno.test("the engine gives each word the probabilities of classifyWords()", async () => {
  using classifier = new BertTokenClassifier(config, { classes: 3, seed: 1 });
  const labels = ["O", "SHIP", "COLOUR"];
  const ofWords = engine({}, "some/tagger", { classifier, labels });
  const cases: [text: string, words: string[]][] = [
    ["the red ship sees the sea .", ["the", "red", "ship", "sees", "the", "sea", "."]],
    ["The SHIPS, once.", ["the", "ships", "[UNK]", "once", "."]], // "ships" has two pieces
    ["seas ___ birds", ["seas", "[MASK]", "birds"]],
    ["[CLS] sea [SEP]", ["[CLS]", "sea", "[SEP]"]], // written by the user, unlike those around the text
    ["once", ["once"]],
    ["", []],
  ];
  for (const [text, words] of cases) {
    const [wanted] = await classifyWords(classifier, TOY_TOKENIZER, [words]);
    assertLabelled(await ofWords.label(text), wanted, labels);
  }
  await assertNoLeak(() => ofWords.label("the ships"));
});

Deno.test("a text of more tokens than the model has positions has no classes, and is refused", async () => {
  using classifier = new BertTokenClassifier(config, { classes: 2, seed: 1 });
  const ofWords = engine({}, "some/tagger", { classifier, labels: ["O", "PLACE"] });
  const most = config.maxPositionEmbeddings;
  strictEqual((await ofWords.label("sea ".repeat(most - 2))).length, most - 2);
  const advice = `at most ${most} tokens with [CLS] and [SEP], and is ${most + 1}: shorten it`;
  await rejects(
    ofWords.label("sea ".repeat(most - 1)),
    (error: Error) => error.name === "ConfigError" && error.message.endsWith(advice),
  );
});

Deno.test("only a classifier of words has classes of words", async () => {
  const labels = ["O", "PLACE"];
  using classifier = new BertClassifier(config, { classes: 2, seed: 1 });
  for (const other of [engine(), engine({}, "some/classifier", { classifier, labels })]) {
    deepStrictEqual((await other.facts()).wordClasses, []);
    await rejects(other.label("the sea"), {
      name: "TypeError",
      message: "The model is not a classifier of words: it has no classes for them",
    });
  }
});

Deno.test("the engine has no classes of texts for a classifier of words", async () => {
  using classifier = new BertTokenClassifier(config, { classes: 2, seed: 1 });
  const ofWords = engine({}, "some/tagger", { classifier, labels: ["O", "PLACE"] });
  const { classes, wordClasses } = await ofWords.facts();
  deepStrictEqual([classes, wordClasses], [[], ["O", "PLACE"]]);
  await rejects(ofWords.classify({ text: "the sea" }), {
    name: "TypeError",
    message: "The model is not a classifier of texts: it has no classes for them",
  });
});

Deno.test("the engine refuses questions for a missing head, and unknown layers and places", async () => {
  const bare = engine({ words: false, pairs: false });
  await rejects(bare.fill("___"), /^TypeError: The model has no masked-word head/);
  await rejects(bare.follows("a", "b"), /^TypeError: The model has no next-sentence head/);
  strictEqual((await bare.near({ text: "sea" }, 1)).inSentence, undefined);
  const start = await bare.near({ text: "sea" }, 0); // [CLS] is not a word
  deepStrictEqual([start.alone, start.inPlace], [[], undefined]);
  await rejects(bare.look({ text: "sea" }, 5), /Invalid layer = 5: it must be from 0 to/);
  await rejects(bare.near({ text: "sea" }, 3), /Invalid place = 3: it must be from 0 to 2/);
  const { name, fillsBlanks, run } = await bare.facts();
  deepStrictEqual({ name, fillsBlanks, run }, { name: "toy", fillsBlanks: false, run: undefined });
});

/** The mean of the last layer's vectors at some places of a text. */
function vectorAt(text: string, second: string, places: readonly number[]): Float32Array {
  const encoding = TOY_TOKENIZER.encode(text, second);
  const { tokenIds, segmentIds } = encoding;
  return tf.tidy(() => {
    const { hidden } = model.bert.forward({ tokenIds: [tokenIds], segmentIds: [segmentIds] });
    return tf.mean(tf.gather(tf.squeeze<tf.Tensor2D>(hidden, [0]), [...places]), 0);
  }).dataSync<"float32">();
}

Deno.test("without a masked-word head, near() compares the vectors of words that are put in the same place", async () => {
  const asked = (word: string) => ({ text: `the ${word} .`, second: "a sea" });
  const bare = engine({ words: false });
  const { tokens } = TOY_TOKENIZER.encode(asked("ships").text);
  deepStrictEqual(tokens.slice(2, 4), ["ship", "##s"]);
  const word = vectorAt(asked("ships").text, "a sea", [2, 3]);
  const words = (await nearestWords(model, TOY_TOKENIZER, "ships", 48))
    .map(({ token }) => token).filter((token) => !token.startsWith("##")).slice(0, 24);
  const wanted = words.map((token) => ({
    token,
    share: cosine(word, vectorAt(asked(token).text, "a sea", [2])),
  })).sort((a, b) => b.share - a.share).slice(0, 8);
  for (const place of [2, 3]) {
    const { inPlace } = await bare.near(asked("ships"), place);
    deepStrictEqual(inPlace!.map(({ token }) => token), wanted.map(({ token }) => token));
    ok(inPlace!.every(({ share }, i) => Math.abs(share - wanted[i].share) < 1e-5));
  }
  for (const text of ["red", "whale", "sea", "the", "likes", "bird"]) {
    const { inPlace } = await bare.near({ text }, 1);
    ok(inPlace!.every(({ token }) => token !== "##s"), text); // "##s" is not a whole word
  }
  const long = await bare.near({ text: "sea ".repeat(63) }, 1); // 65 tokens
  deepStrictEqual([long.inPlace, long.alone.length], [undefined, 8]);
  strictEqual((await bare.near({ text: "sea ".repeat(62) }, 1)).inPlace!.length, 8);
});

Deno.test("a model has the name of its folder, with the parent's name if that alone says nothing", async () => {
  const names = ["some/toy", "some/toy/", "runs/tutorial/model", "runs/first/best"].map((folder) =>
    engine({}, folder).facts()
  );
  const found = (await Promise.all(names)).map(({ name }) => name);
  deepStrictEqual(found, ["toy", "toy", "tutorial/model", "first/best"]);
});

Deno.test("the engine leaves no tensor behind", async () => {
  await assertNoLeak(async () => {
    await engine().fill("___ sea");
    await engine().near({ text: "the sea" }, 1);
    await engine({ words: false }).near({ text: "the sea" }, 1);
    await engine().look({ text: "the sea" }, 0);
  });
});

Deno.test("a blank may be typed as a line, and a long text is refused", () => {
  strictEqual(withBlanks("a ___, b __."), "a [MASK], b [MASK].");
  strictEqual(withBlanks("a_b [mask]"), "a_b [MASK]");
  throws(() => withBlanks("x".repeat(20_001)), {
    name: "RangeError",
    message: "The text has 20,001 characters: shorten it to 20,000",
  });
});

Deno.test("wordAround() gives all pieces of a word, whichever of them is chosen", () => {
  const tokens = ["[CLS]", "un", "##able", "##s", "sea", "[SEP]"];
  for (const place of [1, 2, 3]) deepStrictEqual(wordAround(tokens, place), [1, 2, 3]);
  deepStrictEqual(wordAround(tokens, 4), [4]);
  strictEqual(joined(tokens, [1, 2, 3]), "unables");
});
