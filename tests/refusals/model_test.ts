import * as tf from "@tensorflow/tfjs";
import { useBackend } from "bert/backend/choose.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { bertConfig } from "bert/config.ts";
import { accuracy, crossEntropyLoss } from "bert/training/loss.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { fillMask } from "bert/use/predict.ts";
import { nearestWords } from "bert/use/explore.ts";
import { sentenceEmbeddings } from "bert/use/sentence_embeddings.ts";
import { readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { folder, testRefusals, untyped } from "../support/refuses.ts";

await useBackend("cpu");
const tok = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "##d"]));
const config = bertConfig("smoke", { vocabSize: 9, maxPositionEmbeddings: 16 });
const model = new BertPretrainHead(config, { seed: 1 });
const ids = [[2, 5, 6, 3]];
const dir = `${folder}/model`;
await saveModel(dir, model, tok);

/** Loads the saved model after something was done to a copy of its folder. */
async function broken(change: (copy: string) => Promise<void>) {
  const copy = `${folder}/copy`;
  await Deno.mkdir(copy);
  try {
    for await (const { name } of Deno.readDir(dir)) {
      await Deno.copyFile(`${dir}/${name}`, `${copy}/${name}`);
    }
    await change(copy);
    await loadModel(copy);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

async function json(path: string, change: (content: Record<string, unknown>) => void) {
  const content = JSON.parse(await Deno.readTextFile(path));
  change(content);
  await Deno.writeTextFile(path, JSON.stringify(content));
}

testRefusals([
  [
    "useBackend",
    () => useBackend(untyped("cuda")),
    'ConfigError: Invalid backend = "cuda": it must be one of simd, wasm, cpu, webgpu',
  ],
  [
    "forward ids range",
    () => model.forward({ tokenIds: [[2, 9, 3]] }),
    "RangeError: Cannot use tokenIds: [0, 1] is 9, and must be 0 to 8 (vocabSize 9)",
  ],
  [
    "forward ids negative",
    () => model.forward({ tokenIds: [[2, -1, 3]] }),
    "RangeError: Cannot use tokenIds: [0, 1] is -1, and must be 0 to 8 (vocabSize 9)",
  ],
  [
    "forward ids NaN",
    () => model.forward({ tokenIds: [[2, NaN, 3]] }),
    "TypeError: Cannot use tokenIds: expected rows of whole numbers, as in [[2, 7, 3]], found NaN at [0, 1]",
  ],
  [
    "forward too long",
    () => model.forward({ tokenIds: [Array(17).fill(5)] }),
    "RangeError: Cannot read sequences of 17 tokens: there are position embeddings for 16. Cut them to that length, or make the model with a larger maxPositionEmbeddings",
  ],
  [
    "forward ragged",
    () => model.forward({ tokenIds: [[2, 3], [2, 5, 3]] }),
    "RangeError: Cannot use tokenIds: expected rows of whole numbers, as in [[2, 7, 3]] of length 2, found 3 in row 1: pad the rows to one length, as encodeBatch() does",
  ],
  [
    "forward vector",
    () => model.forward({ tokenIds: untyped([2, 3]) }),
    "TypeError: Cannot use tokenIds: expected rows of whole numbers, as in [[2, 7, 3]], found [2,3]",
  ],
  [
    "forward empty",
    () => model.forward({ tokenIds: [] }),
    "ShapeError: Cannot compute forward() from tokenIds: expected shape [B,T], got [0,0]",
  ],
  [
    "forward empty row",
    () => model.forward({ tokenIds: [[]] }),
    "ShapeError: Cannot compute forward() from tokenIds: expected shape [B,T], got [1,0]",
  ],
  [
    "forward undefined",
    () => model.forward(untyped({})),
    "TypeError: Cannot use tokenIds: expected rows of whole numbers, as in [[2, 7, 3]], found undefined",
  ],
  [
    "forward strings",
    () => model.forward(untyped({ tokenIds: [["a"]] })),
    "TypeError: Cannot use tokenIds: expected rows of whole numbers, as in [[2, 7, 3]], found a at [0, 0]",
  ],
  [
    "forward segment shape",
    () => model.forward({ tokenIds: ids, segmentIds: [[1, 1]] }),
    "ShapeError: Cannot compute forward() from segmentIds: expected shape [1,4], got [1,2]",
  ],
  [
    "forward segment range",
    () => model.forward({ tokenIds: ids, segmentIds: [[1, 1, 2, 3]] }),
    "RangeError: Cannot use segmentIds: [0, 3] is 3, and must be 0 to 2 (typeVocabSize 3)",
  ],
  [
    "forward mask range",
    () => model.forward({ tokenIds: ids, attentionMask: [[1, 1, 2, 1]] }),
    "RangeError: Cannot use attentionMask: [0, 2] is 2, and must be either 0 or 1",
  ],
  [
    "forward positions range",
    () => model.forward({ tokenIds: ids, positionIds: [[0, 1, 2, 16]] }),
    "RangeError: Cannot use positionIds: [0, 3] is 16, and must be 0 to 15 (maxPositionEmbeddings 16)",
  ],
  [
    "forward after dispose",
    () => {
      const gone = new BertPretrainHead(config, { seed: 1 });
      gone.dispose();
      return gone.forward({ tokenIds: ids });
    },
    "TypeError: Cannot use a model after its dispose(): make it or load it again",
  ],
  [
    "forward training no seed",
    () => model.forward({ tokenIds: ids }, { training: true }),
    "ConfigError: Invalid seed = undefined: it must be an integer when training with dropout, one a step",
  ],
  [
    "model unknown field",
    () => new BertPretrainHead(untyped({ ...config, hidden: 2 }), { seed: 1 }),
    "ConfigError: Unknown option hidden of BertConfig: did you mean hiddenAct? The options are vocabSize, hiddenSize, numHiddenLayers, numAttentionHeads, intermediateSize, hiddenAct, hiddenDropoutProb, attentionProbsDropoutProb, maxPositionEmbeddings, typeVocabSize, initializerRange, layerNormEps, padTokenId",
  ],
  [
    "model seed",
    () => new BertPretrainHead(config, { seed: untyped(undefined) }),
    "ConfigError: Invalid seed = undefined: it must be an integer from 0 to 2^53 - 1",
  ],
  ["model missing field", () => {
    const { hiddenSize: _, ...c } = config;
    return new BertPretrainHead(untyped(c), { seed: 1 });
  }, "ConfigError: Invalid hiddenSize = undefined: it must be a whole number of at least 1"],
  [
    "CE shape",
    () => crossEntropyLoss(tf.zeros([2, 3]), tf.zeros([3], "int32")),
    "ShapeError: Cannot compute crossEntropyLoss() from labels: expected shape [2], got [3]",
  ],
  [
    "CE label range",
    () => crossEntropyLoss(tf.zeros([2, 3]), tf.tensor1d([0, 3], "int32")),
    "RangeError: Cannot compute crossEntropyLoss(): label 3 at position 1 is no class: expected 0 to 2, or -1 to ignore the position",
  ],
  [
    "CE label -100",
    () => crossEntropyLoss(tf.zeros([2, 3]), tf.tensor1d([0, -100], "int32")),
    "RangeError: Cannot compute crossEntropyLoss(): label -100 at position 1 is no class: expected 0 to 2, or -1 to ignore the position",
  ],
  [
    "CE reduction",
    () =>
      crossEntropyLoss(tf.zeros([2, 3]), tf.tensor1d([0, 1], "int32"), {
        reduction: untyped("avg"),
      }),
    'ConfigError: Invalid reduction = "avg": it must be one of "sum", "mean", "none"',
  ],
  [
    "CE option typo",
    () =>
      crossEntropyLoss(tf.zeros([2, 3]), tf.tensor1d([0, 1], "int32"), untyped({ reduce: "sum" })),
    "ConfigError: Unknown option reduce of crossEntropyLoss(): the options are reduction, ignoreIndex",
  ],
  [
    "CE scalar logits",
    () => crossEntropyLoss(tf.scalar(1), tf.scalar(0, "int32")),
    "ShapeError: Cannot compute crossEntropyLoss() from logits: expected shape [...,C], got []",
  ],
  [
    "CE logits not tensor",
    () => crossEntropyLoss(untyped([[1, 2]]), untyped([0])),
    "ShapeError: Cannot compute crossEntropyLoss() from logits: expected shape [...,C], got [no tensor]",
  ],
  [
    "accuracy shape",
    () => accuracy(tf.zeros([2, 3]), tf.zeros([3], "int32")),
    "ShapeError: Cannot compute accuracy() from labels: expected shape [2], got [3]",
  ],
  [
    "AdamW beta",
    () => new AdamW(model.weights, { beta1: 1 }),
    "ConfigError: Invalid beta1 = 1: it must be at least 0 and below 1",
  ],
  [
    "AdamW epsilon",
    () => new AdamW(model.weights, { epsilon: 0 }),
    "ConfigError: Invalid epsilon = 0: it must be a number above 0",
  ],
  [
    "AdamW decay",
    () => new AdamW(model.weights, { weightDecay: -1 }),
    "ConfigError: Invalid weightDecay = -1: it must be a number of at least 0",
  ],
  [
    "AdamW decay NaN",
    () => new AdamW(model.weights, { weightDecay: NaN }),
    "ConfigError: Invalid weightDecay = NaN: it must be a number of at least 0",
  ],
  [
    "AdamW gradient name",
    () => new AdamW(model.weights).step({ nope: tf.scalar(1) }, 0.1),
    'ConfigError: Invalid gradient = "nope": it must be named as one of the weights given to AdamW',
  ],
  [
    "AdamW gradient shape",
    () =>
      new AdamW(new Map([["w", tf.variable(tf.tensor1d([1, 2]))]])).step(
        { w: tf.tensor1d([1]) },
        0.1,
      ),
    "ShapeError: Cannot compute AdamW.step() from the gradient of w: expected shape [2], got [1]",
  ],
  [
    "AdamW rate NaN",
    () =>
      new AdamW(new Map([["w", tf.variable(tf.tensor1d([1]))]])).step({ w: tf.tensor1d([1]) }, NaN),
    "ConfigError: Invalid learningRate = NaN: it must be a finite number",
  ],
  [
    "loadModel no folder",
    () => loadModel("/no/such"),
    "FormatError: Cannot read /no/such/vocab.txt: there is no folder /no/such: check the path",
  ],
  [
    "loadModel empty folder",
    async () => loadModel(await Deno.makeTempDir({ dir: folder })),
    "FormatError: Cannot read ~/vocab.txt: there is neither this file nor tokenizer.json: is this a saved tokenizer's folder?",
  ],
  [
    "config broken",
    () => broken((copy) => Deno.writeTextFile(`${copy}/config.json`, "{")),
    "FormatError: Cannot read ~/config.json: expected JSON, found a fault (Expected property name or '}' in JSON at position 1 (line 1 column 2)): correct or restore the file",
  ],
  [
    "config array",
    () => broken((copy) => Deno.writeTextFile(`${copy}/config.json`, "[]")),
    "FormatError: Cannot read ~/config.json: expected a JSON object, found a list: correct or restore the file",
  ],
  [
    "config type",
    () => broken((copy) => json(`${copy}/config.json`, (x) => x["hidden_size"] = "32")),
    'FormatError: Cannot read ~/config.json: Invalid hidden_size = "32": it must be a number',
  ],
  [
    "config heads",
    () => broken((copy) => json(`${copy}/config.json`, (x) => x["num_attention_heads"] = 5)),
    "FormatError: Cannot read ~/config.json: Invalid numAttentionHeads = 5: it must divide hiddenSize (32), as each head gets an equal part of it",
  ],
  [
    "config other size",
    () => broken((copy) => json(`${copy}/config.json`, (x) => x["intermediate_size"] = 64)),
    'FormatError: Cannot read ~/model.safetensors: expected weight "bert.encoder.layer.0.intermediate.dense.weight" of shape [64,32] as config.json says, found [128,32]: are both files from the same model?',
  ],
  [
    "config act",
    () => broken((copy) => json(`${copy}/config.json`, (x) => x["hidden_act"] = "mish")),
    'FormatError: Cannot read ~/config.json: Invalid hiddenAct = "mish": it must be one of "gelu", "gelu_python", "gelu_new", "gelu_fast", "gelu_accurate", "gelu_pytorch_tanh", "gelu_python_tanh", "quick_gelu", "silu", "swish", "relu", "tanh"',
  ],
  [
    "config model_type",
    () => broken((copy) => json(`${copy}/config.json`, (x) => x["model_type"] = "roberta")),
    'FormatError: Cannot read ~/config.json: Invalid model_type = "roberta": it must be bert: other architectures are not supported',
  ],
  [
    "config vocab",
    () => broken((copy) => json(`${copy}/config.json`, (x) => x["vocab_size"] = 8)),
    'FormatError: Cannot read ~/model.safetensors: expected weight "bert.embeddings.word_embeddings.weight" of shape [8,32] as config.json says, found [9,32]: are both files from the same model?',
  ],
  [
    "weights missing",
    () => broken((copy) => Deno.remove(`${copy}/model.safetensors`)),
    "FormatError: Cannot read ~/model.safetensors: there is no such file: is this the folder of a saved model?",
  ],
  [
    "weights truncated",
    () =>
      broken(async (copy) => {
        const b = await Deno.readFile(`${copy}/model.safetensors`);
        await Deno.writeFile(`${copy}/model.safetensors`, b.subarray(0, b.length - 7));
      }),
    "FormatError: Cannot read ~/model.safetensors: its tensors end at byte 63532, but 63525 bytes follow: it is cut off: copy or save it again",
  ],
  [
    "weights padded",
    () =>
      broken(async (copy) => {
        const b = await Deno.readFile(`${copy}/model.safetensors`);
        await Deno.writeFile(`${copy}/model.safetensors`, new Uint8Array([...b, 0]));
      }),
    "FormatError: Cannot read ~/model.safetensors: its tensors end at byte 63532, but 63533 bytes follow: something was appended: copy or save it again",
  ],
  [
    "weights empty",
    () => broken((copy) => Deno.writeFile(`${copy}/model.safetensors`, new Uint8Array())),
    "FormatError: Cannot read ~/model.safetensors: expected at least 8 bytes, found 0: it is cut off, so copy or save it again",
  ],
  [
    "weights text",
    () => broken((copy) => Deno.writeTextFile(`${copy}/model.safetensors`, "hello, this is text")),
    "FormatError: Cannot read ~/model.safetensors: its first 8 bytes announce a header of 8367736964726416744 bytes, but at most 11 can follow: it is cut off, so copy or save it again, or it is not a safetensors file",
  ],
  [
    "vocab+json missing",
    () =>
      broken(async (copy) => {
        await Deno.remove(`${copy}/vocab.txt`);
        await Deno.remove(`${copy}/tokenizer.json`);
      }),
    "FormatError: Cannot read ~/vocab.txt: there is neither this file nor tokenizer.json: is this a saved tokenizer's folder?",
  ],
  [
    "vocab longer",
    () =>
      broken((copy) =>
        Deno.writeTextFile(`${copy}/vocab.txt`, [...tok.vocab.tokens, "zz"].join("\n"))
      ),
    'FormatError: Cannot read ~/vocab.txt, line 10: found "zz", and tokenizer.json has "nothing": delete the file that is wrong',
  ],
  [
    "tokenizer_config",
    () =>
      broken((copy) => json(`${copy}/tokenizer_config.json`, (x) => x["do_lower_case"] = "yes")),
    'FormatError: Cannot read ~/tokenizer_config.json: expected do_lower_case to be true or false, found "yes"',
  ],
  [
    "safetensors short",
    () => readSafetensors(new Uint8Array(3)),
    "FormatError: Cannot read safetensors: expected at least 8 bytes, found 3: it is cut off, so copy or save it again",
  ],
  [
    "safetensors name",
    () => {
      const b = writeSafetensors(new Map([["a", { shape: [1], data: Float32Array.of(1) }]]));
      new DataView(b.buffer).setBigUint64(0, 2n ** 60n, true);
      return readSafetensors(b, "x.safetensors");
    },
    "FormatError: Cannot read x.safetensors: its first 8 bytes announce a header of 1152921504606846976 bytes, but at most 60 can follow: it is cut off, so copy or save it again, or it is not a safetensors file",
  ],
  [
    "fillMask none",
    () => fillMask(model, tok, "a b"),
    'ConfigError: Invalid text = "a b": it must have at least one [MASK]',
  ],
  [
    "fillMask too long",
    () => fillMask(model, tok, "[MASK] " + "a ".repeat(20)),
    'ConfigError: Invalid text = "[MASK] a a a a a a a a a a a a a a a a a a a a ": it must be at most 16 tokens with [CLS] and [SEP], and is 23: shorten it',
  ],
  [
    "nearestWords",
    () => nearestWords(model, tok, ""),
    'ConfigError: Invalid word = "": it must be made of pieces of the vocabulary',
  ],
  [
    "sentenceEmbeddings without special tokens of nothing",
    () => sentenceEmbeddings(model.bert, tok, ["a", ""], { specialTokens: false }),
    'ConfigError: Invalid text = "": it must have at least one token',
  ],
  ["saveModel into file", async () => {
    const f = await Deno.makeTempFile({ dir: folder });
    await saveModel(f, model, tok);
  }, "AlreadyExists: Cannot write ~: expected a folder, found a file: choose another name"],
]);
