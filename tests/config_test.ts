import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { bertConfig, dataConfig, type ModelPreset, trainConfig } from "bert/config.ts";
import { setVariable } from "./support/environment.ts";

Deno.test("bertConfig() has the sizes of Turc et al. 2019", () => {
  const sizes = (["tiny", "mini", "small", "medium", "base"] as ModelPreset[]).map((name) => {
    const { numHiddenLayers, hiddenSize, numAttentionHeads, intermediateSize } = bertConfig(name);
    return [numHiddenLayers, hiddenSize, numAttentionHeads, intermediateSize];
  });
  deepStrictEqual(sizes, [
    [2, 128, 2, 512],
    [4, 256, 4, 1024],
    [4, 512, 8, 2048],
    [8, 512, 8, 2048],
    [12, 768, 12, 3072],
  ]);
});

Deno.test("the defaults are the documented ones: 15 % predictions, labelled pairs, one epoch", () => {
  strictEqual(dataConfig().maskProbability, 0.15);
  strictEqual(dataConfig().pairing, "nsp");
  strictEqual(dataConfig().masking, "dynamic");
  strictEqual(trainConfig().epochs, 1);
});

Deno.test("overrides replace defaults, and an empty object changes nothing", () => {
  strictEqual(bertConfig("tiny", { vocabSize: 99 }).vocabSize, 99);
  deepStrictEqual(trainConfig({}), trainConfig());
});

const BAD: [string, () => unknown, RegExp][] = [
  ["an unknown preset", () => bertConfig("huge" as ModelPreset), /preset = "huge": .*smoke, tiny/],
  [
    "an unknown field",
    () => bertConfig("tiny", { hidden: 3 } as object),
    /^Unknown option hidden of the settings: .*hiddenSize/,
  ],
  [
    "a number of heads that does not divide the width",
    () => bertConfig("tiny", { numAttentionHeads: 3 }),
    /divide hiddenSize \(128\)/,
  ],
  [
    "a fraction as the number of layers",
    () => bertConfig("tiny", { numHiddenLayers: 1.5 }),
    /whole number of at least 1/,
  ],
  [
    "a share above 1",
    () => dataConfig({ maskProbability: 1.5 }),
    /maskProbability = 1.5: .*0 to 1/,
  ],
  [
    "a length without room for a pair",
    () => dataConfig({ maxLength: 4 }),
    /maxLength = 4: .*at least 5/,
  ],
  [
    "an unknown kind of masking",
    () => dataConfig({ masking: "fixed" as "static" }),
    /masking = "fixed": .*"dynamic", "static"/,
  ],
  [
    "a learning rate of zero",
    () => trainConfig({ learningRate: 0 }),
    /learningRate = 0: .*above 0/,
  ],
  ["NaN as the weight decay", () => trainConfig({ weightDecay: NaN }), /weightDecay/],
  [
    "a padding id outside the vocabulary",
    () => bertConfig("tiny", { vocabSize: 10, padTokenId: 10 }),
    /padTokenId = 10: .*below 10/,
  ],
  [
    "an unknown activation",
    () => bertConfig("tiny", { hiddenAct: "prelu" as "gelu" }),
    /must be one of "gelu"/,
  ],
];

for (const [name, make, message] of BAD) {
  Deno.test(`a configuration is refused for ${name}`, () => {
    throws(make, { name: "ConfigError", message });
  });
}

Deno.test("BERT_PRECISION is the precision if the settings name none, and is checked", () => {
  strictEqual(trainConfig().precision, undefined);
  {
    using _ = setVariable("BERT_PRECISION", "bf16-emulated");
    strictEqual(trainConfig().precision, "bf16-emulated");
    strictEqual(trainConfig({ precision: "float32" }).precision, "float32");
  }
  using _ = setVariable("BERT_PRECISION", "half");
  throws(
    () => trainConfig(),
    /Invalid BERT_PRECISION = "half": it must be one of "float32", "bf16"/,
  );
});
