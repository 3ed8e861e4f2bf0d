import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { OnnxGraph } from "bert/web/onnx_graph.ts";
import { saveOnnx } from "bert/web/onnx_folder.ts";
import { folder, testRefusals, untyped } from "../support/refuses.ts";

await useBackend("cpu");
const tok = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "##d"]));
const config = bertConfig("smoke", { vocabSize: 9, maxPositionEmbeddings: 16 });
const model = new BertPretrainHead(config, { seed: 1 });
const other = new BertPretrainHead({ ...config, vocabSize: 10 }, { seed: 1 });
const classifier = new BertClassifier(config, { classes: 2, seed: 1 });
const out = `${folder}/onnx`;

/** A graph whose weights are larger than a file can hold. They must not be read. */
function huge(): OnnxGraph {
  const graph = new OnnxGraph("huge");
  graph.weight({
    name: "w",
    shape: [1024, 1024, 1024],
    type: "FLOAT",
    size: 2 ** 32,
    read: () => Promise.reject(new Error("read")),
  });
  return graph;
}

testRefusals([
  [
    "saveOnnx with its arguments in the order of saveModel",
    () => saveOnnx(untyped(out), untyped(model), untyped(tok)),
    "TypeError: Cannot call saveOnnx(model, tokenizer, folder): model must be a model such as a " +
    'BertPretrainHead, found "~/onnx"',
  ],
  [
    "saveOnnx of a model with another's tokenizer",
    () => saveOnnx(other, tok, out),
    "ConfigError: Invalid size of the tokenizer's vocabulary = 9: it must be the model's vocabSize, " +
    "10: save it with its own tokenizer",
  ],
  [
    "saveOnnx with an option that is mistyped",
    () => saveOnnx(model, tok, out, untyped({ dtype: ["q8"] })),
    "ConfigError: Unknown option dtype of saveOnnx(): did you mean dtypes? The options are dtypes, " +
    "sentence, maxLength, labels, attentions",
  ],
  [
    "saveOnnx with a precision that there is not",
    () => saveOnnx(model, tok, out, { dtypes: untyped(["int8"]) }),
    'ConfigError: Invalid dtypes = "int8": it must be one of "fp32", "fp16", "q8"',
  ],
  [
    "saveOnnx with a pooling that there is not",
    () => saveOnnx(model, tok, out, { sentence: untyped({ pooling: "max", normalize: true }) }),
    'ConfigError: Invalid sentence.pooling = "max": it must be one of "mean", "cls"',
  ],
  [
    "saveOnnx with texts longer than the model takes",
    () => saveOnnx(model, tok, out, { maxLength: 17 }),
    "ConfigError: Invalid maxLength = 17: it must be at most 16, the model's positions",
  ],
  [
    "saveOnnx with a name missing",
    () => saveOnnx(classifier, tok, out, { labels: ["ham"] }),
    'ConfigError: Invalid labels = ["ham"]: it must be 2 different names, one for each class',
  ],
  [
    "saveOnnx with a name twice",
    () => saveOnnx(classifier, tok, out, { labels: ["ham", "ham"] }),
    'ConfigError: Invalid labels = ["ham","ham"]: it must be 2 different names, one for each class',
  ],
  [
    "saveOnnx with names of classes, for a model that has none",
    () => saveOnnx(model, tok, out, { labels: ["ham", "spam"] }),
    'ConfigError: Invalid labels = ["ham","spam"]: it must be left out: the model is not a classifier',
  ],
  [
    "a file of more than 2 GiB",
    () => huge().write(`${folder}/huge.onnx`),
    "ConfigError: Invalid bytes of the ONNX file = 4294967327: it must be at most 2147483647, the " +
    "limit of an ONNX file: write fp16 or q8, which need less",
  ],
]);
