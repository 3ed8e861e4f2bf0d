import { ok, strictEqual, throws } from "node:assert";
import { BagOfWords } from "bert/use/bag_of_words.ts";
import { assertClose } from "../support/assert_close.ts";
import { TOY_TOKENIZER, toyDocuments } from "../support/toy.ts";

const COLOURS = ["red", "green", "blue", "black"];
const TEXTS = toyDocuments(24, 2).flatMap(({ sentences }) =>
  sentences.map((text) => ({ text, label: COLOURS.indexOf(text.split(" ")[1]) }))
);
const OPTIONS = { classes: 4 };

Deno.test("BagOfWords learns which word stands for which class", () => {
  const model = BagOfWords.train(TEXTS.slice(0, 32), TOY_TOKENIZER, OPTIONS);
  strictEqual(model.accuracy(TEXTS.slice(32)), 1);
  const probabilities = model.classify("the blue whale");
  assertClose(probabilities.reduce((a, b) => a + b), 1, { atol: 1e-12 });
  strictEqual(probabilities.indexOf(Math.max(...probabilities)), 2);
});

Deno.test("BagOfWords finds the minimum that can be worked out by hand", () => {
  // Each text has one word, and there are two classes. By symmetry the weights are ±w and ∓w with
  // w = ln 2 (1 - p), where
  // p = 1 / (1 + exp(-2 w ln 2)): w = 0.2873, p = 0.5983 for a feature of ln 2.
  const texts = [{ text: "red", label: 0 }, { text: "green", label: 1 }];
  const model = BagOfWords.train(texts, TOY_TOKENIZER, { classes: 2, iterations: 2000 });
  let w = 0;
  for (let i = 0; i < 100; i++) w = Math.LN2 * (1 - 1 / (1 + Math.exp(-2 * w * Math.LN2)));
  const expected = 1 / (1 + Math.exp(-2 * w * Math.LN2));
  assertClose(model.classify("red")[0], expected, { atol: 1e-4 });
  assertClose(model.classify("green")[1], expected, { atol: 1e-4 });
  assertClose(model.classify("red red")[0], 1 / (1 + Math.exp(-2 * w * Math.log(3))), {
    atol: 1e-4,
  });
});

Deno.test("BagOfWords is near its minimum after the default number of passes", () => {
  const near = BagOfWords.train(TEXTS, TOY_TOKENIZER, OPTIONS);
  const there = BagOfWords.train(TEXTS, TOY_TOKENIZER, { ...OPTIONS, iterations: 5000 });
  for (const { text } of TEXTS) {
    assertClose(near.classify(text), there.classify(text), { atol: 0.01 });
  }
});

Deno.test("BagOfWords depends neither on the order of words nor on that of the texts", () => {
  const model = BagOfWords.train(TEXTS, TOY_TOKENIZER, OPTIONS);
  assertClose(model.classify("the red ship"), model.classify("ship red the"), { atol: 1e-12 });
  const turned = BagOfWords.train(TEXTS.toReversed(), TOY_TOKENIZER, OPTIONS);
  assertClose(turned.classify("the red ship"), model.classify("the red ship"), { atol: 1e-9 });
});

Deno.test("a penalty makes the probabilities of BagOfWords less certain", () => {
  const sure = BagOfWords.train(TEXTS, TOY_TOKENIZER, { ...OPTIONS, penalty: 0.1 });
  const careful = BagOfWords.train(TEXTS, TOY_TOKENIZER, { ...OPTIONS, penalty: 10 });
  ok(Math.max(...sure.classify("the red ship")) > Math.max(...careful.classify("the red ship")));
});

Deno.test("BagOfWords refuses an empty list of texts, one class, a negative penalty and a wrong label", () => {
  throws(() => BagOfWords.train([], TOY_TOKENIZER, OPTIONS), { name: "ConfigError" });
  throws(() => BagOfWords.train(TEXTS, TOY_TOKENIZER, { classes: 1 }), { name: "ConfigError" });
  throws(() => BagOfWords.train(TEXTS, TOY_TOKENIZER, { classes: 4, penalty: -1 }), {
    name: "ConfigError",
  });
  throws(() => BagOfWords.train([{ text: "red", label: 4 }], TOY_TOKENIZER, OPTIONS), {
    name: "RangeError",
    message: /label 4 of text 0: expected the number of a class, 0 to 3/,
  });
});
