/** Calls with an option that does not exist, or with arguments of another kind. */
import { useBackend } from "bert/backend/choose.ts";
import { startSimd } from "bert/backend/simd/start.ts";
import { bertConfig, trainConfig } from "bert/config.ts";
import { collate } from "bert/data/batch.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { curves } from "bert/runs/compare.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { evaluate } from "bert/training/evaluate.ts";
import { pretrainLoss } from "bert/training/loss.ts";
import { learningRateAt } from "bert/training/learning_rate.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { pretrain } from "bert/training/pretrain.ts";
import { train } from "bert/training/train.ts";
import { trainStep } from "bert/training/train_step.ts";
import { BagOfWords } from "bert/use/bag_of_words.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { classify, evaluateClassifier } from "bert/use/classify.ts";
import { classifyWords, evaluateTokenClassifier } from "bert/use/classify_words.ts";
import { attentionMaps, nearestWords } from "bert/use/explore.ts";
import { fineTune, fineTuneStep } from "bert/use/fine_tune.ts";
import { fineTuneWords } from "bert/use/fine_tune_words.ts";
import { labelledBatches } from "bert/use/labelled_texts.ts";
import { fillMask, isNext } from "bert/use/predict.ts";
import { BertTokenClassifier } from "bert/use/token_classifier.ts";
import { sentenceEmbeddings, tokenEmbeddings } from "bert/use/sentence_embeddings.ts";
import { testRefusals, untyped } from "../support/refuses.ts";

await useBackend("cpu");
const tok = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "d"]));
const config = bertConfig("smoke", { vocabSize: 9, maxPositionEmbeddings: 16 });
const model = new BertPretrainHead(config, { seed: 1 });
const classifier = new BertClassifier(config, { classes: 2, seed: 1 });
const tagger = new BertTokenClassifier(config, { classes: 2, seed: 1 });
const sentences = [{ words: ["a", "b"], labels: [0, 1] }];
const optimizer = new AdamW(model.weights);
const documents = [{ name: "x", sentences: ["a", "b"] }, { name: "y", sentences: ["c", "d"] }];
const texts = [{ text: "a", label: 0 }, { text: "b", label: 1 }];
const masked = { tokenIds: [2, 5, 3], segmentIds: [1, 1, 1], labels: [-1, 7, -1] };
const first = { document: "x", start: 0, end: 1 };
const batch = collate([{ ...masked, nspLabel: -1, first, truncated: false }]);
const [labelled] = labelledBatches(texts, tok, { batchSize: 2, maxLength: 8 });
const run = { name: "a", steps: [], evaluations: [], settings: {} };
const tune = { epochs: 1, batchSize: 2, seed: 1 };

testRefusals([
  [
    "pretrain() with a mistyped option",
    () => pretrain(model, untyped({ documents, tokenizer: tok, seed: 1, onstep: () => {} })),
    "ConfigError: Unknown option onstep of pretrain(): did you mean onStep? The options are documents, heldOut, tokenizer, data, train, seed, optimizer, reduction, signal, onStep, onEpoch, metricsFile, now",
  ],
  [
    "pretrain() with a mistyped setting of training",
    () =>
      pretrain(model, { documents, tokenizer: tok, seed: 1, train: untyped({ learnRate: 0.1 }) }),
    "ConfigError: Unknown option learnRate of the settings: did you mean learningRate? The options are batchSize, accumulation, epochs, learningRate, warmupShare, weightDecay, beta1, beta2, epsilon, clipNorm, maxSteps, maxSeconds, optimizer, precision",
  ],
  [
    "pretrain() without documents",
    () => pretrain(model, untyped({ tokenizer: tok, seed: 1 })),
    "TypeError: Cannot call pretrain(model, options): options.documents must be an array of documents, or a function that opens a stream of them, found nothing",
  ],
  [
    "pretrain() with a model that was not awaited",
    () => pretrain(untyped(Promise.resolve(model)), { documents, tokenizer: tok, seed: 1 }),
    "TypeError: Cannot call pretrain(model, options): model must be a BertPretrainHead, found a promise: write await before the call that returns it",
  ],
  [
    "pretrain() with documents in the place of the options",
    () => pretrain(model, untyped(documents)),
    "TypeError: Cannot call pretrain(): expected options by name, as in { documents: … }, found an array",
  ],
  [
    "train() with a mistyped option",
    () =>
      train(model, optimizer, [batch], untyped({ train: trainConfig(), seed: 1, steps: 3 })).next(),
    "ConfigError: Unknown option steps of train(): did you mean plannedSteps? The options are train, seed, plannedSteps, epoch, run, reduction, signal, onDiverged, now, team",
  ],
  [
    "train() without the settings of training",
    () => train(model, optimizer, [batch], untyped({ seed: 1, plannedSteps: 3 })).next(),
    "TypeError: Cannot call train(model, optimizer, source, options): options.train must be the settings that trainConfig() gives, found nothing",
  ],
  [
    "trainStep() with a mistyped option",
    () => trainStep(model, optimizer, batch, untyped({ learningrate: 0.1, seed: 1 })),
    "ConfigError: Unknown option learningrate of trainStep(): did you mean learningRate? The options are learningRate, seed, clipNorm, reduction, precision, team",
  ],
  [
    "trainStep() on documents",
    () => trainStep(model, optimizer, untyped(documents), { learningRate: 0.1, seed: 1 }),
    "TypeError: Cannot call trainStep(model, optimizer, batch, options): batch must be a batch, as batches() and collate() give them, found an object with name, sentences",
  ],
  [
    "trainStep() of no batch",
    () => trainStep(model, optimizer, [], { learningRate: 0.1, seed: 1 }),
    "ConfigError: Invalid batch = []: it must have at least one part",
  ],
  [
    "evaluate() on documents",
    () => evaluate(model, untyped(documents)),
    "TypeError: Cannot call evaluate(model, batches, options): entry 0 of batches must be a batch, as batches() and collate() give them, found an object with name, sentences",
  ],
  [
    "evaluate() on one batch",
    () => evaluate(model, untyped(batch)),
    "TypeError: Cannot call evaluate(model, batches, options): batches must be an array or another iterable, found an object with size, length, tokenIds, segmentIds, positionIds",
  ],
  [
    "evaluate() on nothing",
    () => evaluate(model, []),
    "ConfigError: Invalid batches = []: it must have at least one",
  ],
  [
    "evaluate() with a mistyped option",
    () => evaluate(model, [batch], untyped({ abort: true })),
    "ConfigError: Unknown option abort of evaluate(): the options are signal, team",
  ],
  [
    "pretrainLoss() with an unknown reduction",
    () => pretrainLoss(untyped({}), untyped({}), untyped({ reduction: "none" })),
    'ConfigError: Invalid reduction = "none": it must be one of "mean", "sum"',
  ],
  [
    "AdamW with a mistyped option",
    () => new AdamW(model.weights, untyped({ weightdecay: 0 })),
    "ConfigError: Unknown option weightdecay of AdamW: did you mean weightDecay? The options are biasCorrection, decays, batchSize, accumulation, epochs, learningRate, warmupShare, weightDecay, beta1, beta2, epsilon, clipNorm, maxSteps, maxSeconds, optimizer, precision",
  ],
  [
    "AdamW of a model instead of its weights",
    () => new AdamW(untyped(model)),
    "TypeError: Cannot call new AdamW(weights, options): weights must be a map of variables by name, as in model.weights, found a BertPretrainHead",
  ],
  [
    "learningRateAt() with a mistyped option",
    () => learningRateAt(0.5, untyped({ peak: 1, warmup: 0.1 })),
    "ConfigError: Unknown option warmup of learningRateAt(): did you mean warmupShare? The options are peak, warmupShare",
  ],
  [
    "fillMask() with a mistyped option",
    () => fillMask(model, tok, "a [MASK]", untyped({ top: 3 })),
    "ConfigError: Unknown option top of fillMask(): did you mean topK? The options are topK",
  ],
  [
    "fillMask() with a number in the place of the options",
    () => fillMask(model, tok, "a [MASK]", untyped(3)),
    "TypeError: Cannot call fillMask(): expected options by name, as in { topK: … }, found 3",
  ],
  [
    "fillMask() with its arguments in the wrong order",
    () => fillMask(untyped(tok), untyped(model), "a [MASK]"),
    "TypeError: Cannot call fillMask(model, tokenizer, text, options): model must be a BertPretrainHead, found a BertTokenizer",
  ],
  [
    "fillMask() with the text before the tokenizer",
    () => fillMask(model, untyped("a [MASK]"), untyped(tok)),
    'TypeError: Cannot call fillMask(model, tokenizer, text, options): tokenizer must be a BertTokenizer, found "a [MASK]"',
  ],
  ...[-1, 0, 1.5, NaN].map((topK) =>
    [
      `fillMask() of ${topK} guesses`,
      () => fillMask(model, tok, "a [MASK]", { topK }),
      `ConfigError: Invalid topK = ${topK}: it must be a whole number of at least 1`,
    ] as const
  ),
  [
    "nearestWords() of -1 words",
    () => nearestWords(model, tok, "a", -1),
    "ConfigError: Invalid k = -1: it must be a whole number of at least 1",
  ],
  [
    "isNext() without its second sentence",
    () => isNext(model, tok, "a", untyped(undefined)),
    "TypeError: Cannot call isNext(model, tokenizer, first, second): second must be a text, found nothing",
  ],
  [
    "attentionMaps() of a classifier",
    () => attentionMaps(untyped(classifier), tok, "a"),
    "TypeError: Cannot call attentionMaps(model, tokenizer, text, pair): model must be a BertPretrainHead, found a BertClassifier",
  ],
  [
    "sentenceEmbeddings() with a mistyped option",
    () => sentenceEmbeddings(model.bert, tok, ["a"], untyped({ normalise: true })),
    "ConfigError: Unknown option normalise of sentenceEmbeddings(): did you mean normalize? The options are pooling, specialTokens, normalize, maxLength, batchSize, prompt, includePrompt, lowercase",
  ],
  [
    "sentenceEmbeddings() of a null among the texts",
    () => sentenceEmbeddings(model.bert, tok, untyped(["a", null])),
    "TypeError: Cannot call sentenceEmbeddings(bert, tokenizer, texts, options): entry 1 of texts must be a text, found null",
  ],
  [
    "sentenceEmbeddings() of one text that is no array",
    () => sentenceEmbeddings(model.bert, tok, untyped("a b")),
    'TypeError: Cannot call sentenceEmbeddings(bert, tokenizer, texts, options): texts must be an array, found "a b"',
  ],
  [
    "tokenEmbeddings() of the whole model",
    () => tokenEmbeddings(untyped(model), tok, "a"),
    "TypeError: Cannot call tokenEmbeddings(bert, tokenizer, text, options): bert must be a BertModel, found a BertPretrainHead",
  ],
  [
    "fineTune() with a mistyped option",
    () => fineTune(classifier, texts, tok, untyped({ ...tune, lr: 0.1 })),
    "ConfigError: Unknown option lr of fineTune(): the options are epochs, batchSize, learningRate, warmupShare, weightDecay, clipNorm, maxLength, seed, signal",
  ],
  [
    "fineTune() of a model that is no classifier",
    () => fineTune(untyped(model), texts, tok, tune),
    "TypeError: Cannot call fineTune(model, texts, tokenizer, options): model must be a BertClassifier, found a BertPretrainHead",
  ],
  [
    "fineTuneStep() with a mistyped option",
    () => {
      const options = untyped({ learningRate: 0.1, seed: 1, clip: 1 });
      return fineTuneStep(classifier, new AdamW(classifier.weights), labelled, options);
    },
    "ConfigError: Unknown option clip of fineTuneStep(): did you mean clipNorm? The options are learningRate, seed, clipNorm",
  ],
  [
    "evaluateClassifier() with a mistyped option",
    () => evaluateClassifier(classifier, texts, tok, untyped({ batchsize: 1 })),
    "ConfigError: Unknown option batchsize of evaluateClassifier(): did you mean batchSize? The options are batchSize, maxLength",
  ],
  [
    "evaluateClassifier() on nothing",
    () => evaluateClassifier(classifier, [], tok),
    "ConfigError: Invalid texts = []: it must have at least one",
  ],
  [
    "classify() with the text before the tokenizer",
    () => classify(classifier, untyped("a"), untyped(tok)),
    'TypeError: Cannot call classify(model, tokenizer, text, pair): tokenizer must be a BertTokenizer, found "a"',
  ],
  [
    "fineTuneWords() with a mistyped option",
    () => fineTuneWords(tagger, sentences, tok, untyped({ ...tune, lr: 0.1 })),
    "ConfigError: Unknown option lr of fineTuneWords(): the options are epochs, batchSize, learningRate, warmupShare, weightDecay, clipNorm, maxLength, seed, signal",
  ],
  [
    "fineTuneWords() of a classifier of texts",
    () => fineTuneWords(untyped(classifier), sentences, tok, tune),
    "TypeError: Cannot call fineTuneWords(model, sentences, tokenizer, options): model must be a BertTokenClassifier, found a BertClassifier",
  ],
  [
    "fineTune() of a classifier of words",
    () => fineTune(untyped(tagger), texts, tok, tune),
    "TypeError: Cannot call fineTune(model, texts, tokenizer, options): model must be a BertClassifier, found a BertTokenClassifier",
  ],
  [
    "fineTuneWords() of texts that are not cut into words",
    () => fineTuneWords(tagger, untyped(texts), tok, tune),
    "TypeError: Cannot call fineTuneWords(model, sentences, tokenizer, options): entry 0 of sentences must be { words, labels }, found an object with text, label",
  ],
  [
    "fineTuneWords() of words that are one text",
    () => fineTuneWords(tagger, untyped([{ words: "a b", labels: [0, 1] }]), tok, tune),
    'TypeError: Cannot call fineTuneWords(model, sentences, tokenizer, options): the words of entry 0 of sentences must be an array, found "a b"',
  ],
  [
    "fineTuneWords() of a word that is no text",
    () => fineTuneWords(tagger, untyped([{ words: ["a", null], labels: [0, 1] }]), tok, tune),
    "TypeError: Cannot call fineTuneWords(model, sentences, tokenizer, options): entry 1 of the words of entry 0 of sentences must be a text, found null",
  ],
  [
    "fineTuneWords() with fewer labels than words",
    () => fineTuneWords(tagger, [...sentences, { words: ["a", "b"], labels: [0] }], tok, tune),
    "RangeError: Cannot use sentence 1: expected a label for each of its 2 words, found 1: give a word without a label the label -1",
  ],
  [
    "fineTuneWords() without any label",
    () => fineTuneWords(tagger, [{ words: ["a"], labels: [-1] }], tok, tune),
    'ConfigError: Invalid sentences = [{"words":["a"],"labels":[-1]}]: it must have at least one word with a label',
  ],
  [
    "classifyWords() of one sentence that is not in an array",
    () => classifyWords(tagger, tok, untyped(["a", "b"])),
    'TypeError: Cannot call classifyWords(model, tokenizer, sentences, options): entry 0 of sentences must be an array, found "a"',
  ],
  [
    "evaluateTokenClassifier() on nothing",
    () => evaluateTokenClassifier(tagger, [], tok),
    "ConfigError: Invalid sentences = []: it must have at least one word with a label",
  ],
  [
    "BertTokenClassifier with a pooling",
    () => new BertTokenClassifier(config, untyped({ classes: 2, seed: 1, pooling: "mean" })),
    "ConfigError: Unknown option pooling of BertTokenClassifier: the options are classes, seed, weights",
  ],
  [
    "BertClassifier with a mistyped option",
    () => new BertClassifier(config, untyped({ classes: 2, seed: 1, pool: "mean" })),
    "ConfigError: Unknown option pool of BertClassifier: did you mean pooling? The options are classes, seed, pooling, weights, shares",
  ],
  [
    "BertClassifier with an unknown pooling",
    () => new BertClassifier(config, untyped({ classes: 2, seed: 1, pooling: "max" })),
    'ConfigError: Invalid pooling = "max": it must be one of "cls", "mean"',
  ],
  [
    "BagOfWords.train() with a mistyped option",
    () => BagOfWords.train(texts, tok, untyped({ classes: 2, c: 1 })),
    "ConfigError: Unknown option c of BagOfWords.train(): the options are classes, penalty, iterations",
  ],
  [
    "startSimd() with a mistyped option",
    () => startSimd(untyped({ thread: 2 })),
    "ConfigError: Unknown option thread of startSimd(): did you mean threads? The options are threads, maxBytes, blas, native, relaxedSimd",
  ],
  [
    "curves() with a mistyped option",
    () => curves([run], untyped({ x: "step", y: "mlm_loss", smooth: 3 })),
    "ConfigError: Unknown option smooth of curves(): did you mean smoothing? The options are x, y, smoothing, split",
  ],
  [
    "curves() of a name that is no column",
    () => curves([run], untyped({ x: "step", y: "mlmLoss" })),
    'ConfigError: Invalid y = "mlmLoss": it must be one of "mlm_loss", "nsp_loss", "total_loss", "mlm_accuracy", "nsp_accuracy", "learning_rate", "gradient_norm", "tokens_per_second"',
  ],
  [
    "curves() smoothed over nothing",
    () => curves([run], { x: "step", y: "mlm_loss", smoothing: 0 }),
    "ConfigError: Invalid smoothing = 0: it must be a whole number of at least 1",
  ],
]);

/** Labels that are not the number of a class, how a message names each, and its advice. */
const LABELS = [
  ["ham", '"ham"', ': number the classes, as with ["no", "yes"].indexOf(label)'],
  ["1", '"1"', ': number the classes, as with ["no", "yes"].indexOf(label)'],
  [NaN, "NaN", ""],
  [0.4, "0.4", ""],
  [2, "2", ""],
  [-1, "-1", ""],
  [undefined, "nothing", ""],
  [true, "true", ""],
] as const;

testRefusals(LABELS.flatMap(([label, shown, fix]) => {
  const wrong = [texts[0], { text: "b", label: untyped(label) }];
  const says =
    `RangeError: Cannot use label ${shown} of text 1: expected the number of a class, 0 to 1${fix}`;
  return [
    [`fineTune() with the label ${shown}`, () => fineTune(classifier, wrong, tok, tune), says],
    [
      `evaluateClassifier() with the label ${shown}`,
      () => evaluateClassifier(classifier, wrong, tok),
      says,
    ],
    [
      `BagOfWords.train() with the label ${shown}`,
      () => BagOfWords.train(wrong, tok, { classes: 2 }),
      says,
    ],
  ] as const;
}));

testRefusals(
  LABELS.filter(([label]) => label !== -1).flatMap(([label, shown, fix]) => {
    const wrong = [...sentences, { words: ["a", "b"], labels: [0, untyped(label)] }];
    const advice = fix.replace("no", "O").replace("yes", "PLACE");
    const says =
      `RangeError: Cannot use label ${shown} of word 1 of sentence 1: expected the number ` +
      `of a class, 0 to 1, or -1 for none${advice}`;
    return [
      [
        `fineTuneWords() with the label ${shown}`,
        () => fineTuneWords(tagger, wrong, tok, tune),
        says,
      ],
      [
        `evaluateTokenClassifier() with the label ${shown}`,
        () => evaluateTokenClassifier(tagger, wrong, tok),
        says,
      ],
    ] as const;
  }),
);
