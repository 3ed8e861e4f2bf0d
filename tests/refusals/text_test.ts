import { collate } from "bert/data/batch.ts";
import { bertConfig, dataConfig, trainConfig } from "bert/config.ts";
import { configFromJson } from "bert/model/config_json.ts";
import { corpus, splitHeldOut } from "bert/data/corpus.ts";
import { batches, countBatches } from "bert/data/epochs.ts";
import { inspectExample } from "bert/data/inspect.ts";
import { mlmData } from "bert/data/mlm.ts";
import { nspData, nspExamples } from "bert/data/nsp.ts";
import { createRng } from "bert/random.ts";
import { dataReport } from "bert/data/report.ts";
import { splitSentences } from "bert/data/sentences.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";
import { testRefusals, untyped } from "../support/refuses.ts";

const tok = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "##d"]));
const docs = [{ name: "x", sentences: ["a b", "b c", "c"] }, {
  name: "y",
  sentences: ["c a", "a"],
}];
const rng = () => createRng(1);
const first = { document: "x", start: 0, end: 1 };
const data = dataConfig({ maxLength: 8 });
const epochOptions = { data, batchSize: 2, seed: 1, epoch: 1 };
const example = { nspLabel: -1, first, truncated: false } as const;

testRefusals([
  [
    "tokenizer maxWordLength",
    () => new BertTokenizer(tok.vocab, { maxWordLength: 0 }),
    "ConfigError: Invalid maxWordLength = 0: it must be a whole number of at least 1",
  ],
  [
    "tokenizer cacheSize",
    () => new BertTokenizer(tok.vocab, { cacheSize: 1.5 }),
    "ConfigError: Invalid cacheSize = 1.5: it must be a whole number of at least 0",
  ],
  [
    "tokenizer unknown option",
    () => new BertTokenizer(tok.vocab, untyped({ lowerCase: false })),
    "ConfigError: Unknown option lowerCase of BertTokenizer: did you mean lowercase? The options are lowercase, stripAccents, locale, maxWordLength, cacheSize, cleanUp",
  ],
  [
    "tokenizer lowercase string",
    () => new BertTokenizer(tok.vocab, untyped({ lowercase: "false" })),
    'ConfigError: Invalid lowercase = "false": it must be one of true, false',
  ],
  [
    "encode undefined",
    () => tok.encode(untyped(undefined)),
    "TypeError: Cannot tokenize undefined: expected one text, as a string",
  ],
  [
    "ids number",
    () => tok.ids(untyped(5)),
    "TypeError: Cannot tokenize number: expected one text, as a string",
  ],
  [
    "encodeBatch null",
    () => tok.encodeBatch(untyped(["a", null])),
    "TypeError: Cannot tokenize entry 1 of the batch, null: expected a text, or two of them as an array",
  ],
  [
    "encodeBatch three texts",
    () => tok.encodeBatch(untyped([["a", "b", "c"]])),
    "TypeError: Cannot tokenize entry 0 of the batch, an array: expected a text, or two of them as an array",
  ],
  [
    "encode maxLength small",
    () => tok.encode("a", undefined, { maxLength: 2 }),
    "ConfigError: Invalid maxLength = 2: it must be a whole number of at least 3",
  ],
  [
    "encode pair maxLength small",
    () => tok.encode("a", "b", { maxLength: 4 }),
    "ConfigError: Invalid maxLength = 4: it must be a whole number of at least 5",
  ],
  [
    "encode maxLength NaN",
    () => tok.encode("a", "b", { maxLength: NaN }),
    "ConfigError: Invalid maxLength = NaN: it must be a whole number of at least 5",
  ],
  [
    "encode padTo < maxLength",
    () => tok.encode("a b c a b", undefined, { maxLength: 6, padTo: 4 }),
    "ConfigError: Invalid padTo = 4: it must be at least 6, the tokens of the longest text",
  ],
  [
    "decode unknown id",
    () => tok.decode([1, 99]),
    "RangeError: Cannot find the token of id 99: ids are 0 to 8",
  ],
  [
    "decode -1",
    () => tok.decode([-1]),
    "RangeError: Cannot find the token of id -1: ids are 0 to 8",
  ],
  [
    "decode NaN",
    () => tok.decode([NaN]),
    "RangeError: Cannot find the token of id NaN: ids are 0 to 8",
  ],
  [
    "trainVocab string",
    () => trainVocab(untyped("abc")),
    "TypeError: Cannot train on one string, letter by letter: pass texts, as in [text]",
  ],
  [
    "trainVocab empty",
    () => trainVocab([]),
    "RangeError: Cannot train a vocabulary as the texts hold no word: check the corpus",
  ],
  [
    "trainVocab size",
    () => trainVocab(["abc"], { size: 3 }),
    "ConfigError: Invalid size = 3: it must be a whole number of at least 6: 5 special tokens and text",
  ],
  [
    "trainVocab size small",
    () => trainVocab(["abcdefg"], { size: 8 }),
    "ConfigError: Invalid size = 8: it must be at least 18, as the alphabet alone takes that many: raise it",
  ],
  [
    "trainVocab size small for the alphabet that was asked for",
    () => trainVocab(["abcdefg"], { size: 8, alphabetLimit: 3 }),
    "ConfigError: Invalid size = 8: it must be at least 10, as the alphabet alone takes that many: raise it or lower alphabetLimit",
  ],
  [
    "trainVocab minFreq",
    () => trainVocab(["abc"], { minFrequency: 0 }),
    "ConfigError: Invalid minFrequency = 0: it must be a whole number of at least 1",
  ],
  [
    "trainVocab alphabet",
    () => trainVocab(["abc"], { alphabetLimit: NaN }),
    "ConfigError: Invalid alphabetLimit = NaN: it must be a whole number of at least 1",
  ],
  [
    "trainVocab unknown option",
    () => trainVocab(["abc abc"], untyped({ vocabSize: 100 })),
    "ConfigError: Unknown option vocabSize of trainVocab(): did you mean size? The options are size, minFrequency, alphabetLimit, lowercase, stripAccents, locale, maxWordLength",
  ],
  [
    "trainVocab documents",
    () => trainVocab(untyped(docs)),
    "TypeError: Cannot train on texts of which one is of type object: pass strings, as in documents.flatMap(({ sentences }) => sentences)",
  ],
  [
    "nsp maxLength",
    () => [...nspExamples(docs, tok, { maxLength: 4, rng: rng() })],
    "ConfigError: Invalid maxLength = 4: it must be at least 5, for [CLS] x [SEP] y [SEP]",
  ],
  [
    "nsp no docs",
    () => [...nspExamples([], tok, { maxLength: 8, rng: rng() })],
    "NoExamplesError: Cannot make pairs as the documents hold no text: check the corpus and the tokenizer",
  ],
  [
    "nsp empty docs",
    () => [...nspExamples([{ name: "x", sentences: [] }], tok, { maxLength: 8, rng: rng() })],
    "NoExamplesError: Cannot make pairs as the documents hold no text: check the corpus and the tokenizer",
  ],
  [
    "nsp one sentence",
    () => [...nspExamples([{ name: "x", sentences: ["a b"] }], tok, { maxLength: 8, rng: rng() })],
    'NoExamplesError: Cannot make pairs as no document has two sentences, and there is no other document to take one from: add text, or, which in a task is --pairing none, set pairing to "none"',
  ],
  [
    "nsp many one-sentence docs",
    () => [
      ...nspExamples(
        Array.from({ length: 30 }, (_, i) => ({ name: `x${i}`, sentences: ["a b"] })),
        tok,
        { maxLength: 8, rng: rng() },
      ),
    ],
    'NoExamplesError: Cannot make "next" pairs as no document has two sentences: join texts into longer documents (rows of one text need the same name in a document column, lines of one text in a .txt file no empty line between them), or, which in a task is --pairing none, set pairing to "none"',
  ],
  [
    "sop many one-sentence docs",
    () => [
      ...nspExamples(
        Array.from({ length: 30 }, (_, i) => ({ name: `x${i}`, sentences: ["a b"] })),
        tok,
        { maxLength: 8, rng: rng(), pairing: "sop" },
      ),
    ],
    'NoExamplesError: Cannot make pairs of two sentences in order as no document has two sentences: join texts into longer documents (rows of one text need the same name in a document column, lines of one text in a .txt file no empty line between them), or, which in a task is --pairing none, set pairing to "none"',
  ],
  [
    "nsp pairing",
    () => [...nspExamples(docs, tok, { maxLength: 8, rng: rng(), pairing: untyped("nps") })],
    'ConfigError: Invalid pairing = "nps": it must be one of "nsp", "sop", "none"',
  ],
  [
    "nsp short prob",
    () => [...nspExamples(docs, tok, { maxLength: 8, rng: rng(), shortSequenceProbability: 2 })],
    "ConfigError: Invalid shortSequenceProbability = 2: it must be a share from 0 to 1",
  ],
  [
    "nsp windowTokens",
    () => [...nspExamples(docs, tok, { maxLength: 8, rng: rng(), windowTokens: NaN })],
    "ConfigError: Invalid windowTokens = NaN: it must be a whole number of at least 1",
  ],
  [
    "nsp windowTokens 0",
    () => [...nspExamples(docs, tok, { maxLength: 8, rng: rng(), windowTokens: 0 })].length,
    "ConfigError: Invalid windowTokens = 0: it must be a whole number of at least 1",
  ],
  [
    "nsp no rng",
    () => [...nspExamples(docs, tok, untyped({ maxLength: 8 }))],
    "ConfigError: Invalid rng = undefined: it must be a generator: createRng(1), from bert/random.ts",
  ],
  [
    "nsp strings as documents",
    () => [...nspExamples(untyped(["a b", "c"]), tok, { maxLength: 8, rng: rng() })],
    'TypeError: Cannot make pairs of "a b": expected { name, sentences: ["…", "…"] }',
  ],
  [
    "nsp sentences string",
    () => [
      ...nspExamples(untyped([{ name: "x", sentences: "a. b." }]), tok, {
        maxLength: 8,
        rng: rng(),
      }),
    ],
    'TypeError: Cannot make pairs of {"name":"x","sentences":"a. b."}: expected { name, sentences: ["…", "…"] }',
  ],
  [
    "nspData batchSize",
    () => [...nspData(docs, tok, { maxLength: 8, rng: rng(), batchSize: 0 })],
    "ConfigError: Invalid batchSize = 0: it must be a whole number of at least 1",
  ],
  [
    "mlm probability",
    () => mlmData([2, 5, 3], tok.vocab, { rng: rng(), maskProbability: 1.5 }),
    "ConfigError: Invalid maskProbability = 1.5: it must be a share from 0 to 1",
  ],
  [
    "mlm probability NaN",
    () => mlmData([2, 5, 3], tok.vocab, { rng: rng(), maskProbability: NaN }),
    "ConfigError: Invalid maskProbability = NaN: it must be a share from 0 to 1",
  ],
  [
    "mlm maxPredictions",
    () => mlmData([2, 5, 3], tok.vocab, { rng: rng(), maxPredictions: 0 }),
    "ConfigError: Invalid maxPredictions = 0: it must be a whole number of at least 1",
  ],
  [
    "mlm maxPredictions 2.5",
    () =>
      mlmData([2, 5, 5, 5, 5, 5, 3], tok.vocab, {
        rng: rng(),
        maxPredictions: 2.5,
        maskProbability: 1,
      }).labels.filter((l) => l >= 0).length,
    "ConfigError: Invalid maxPredictions = 2.5: it must be a whole number of at least 1",
  ],
  [
    "mlm selection",
    () => mlmData([2, 5, 3], tok.vocab, { rng: rng(), selection: untyped("exakt") }),
    'ConfigError: Invalid selection = "exakt": it must be one of , "independent", "exact"',
  ],
  [
    "mlm id outside",
    () => mlmData([2, 99, 3], tok.vocab, { rng: rng(), maskProbability: 1 }),
    "RangeError: Cannot mask token id 99 at position 1: ids of this vocabulary are 0 to 8, so make the ids with the same tokenizer",
  ],
  [
    "mlm no rng",
    () => mlmData([2, 5, 3], tok.vocab, untyped({})),
    "ConfigError: Invalid rng = undefined: it must be a generator: createRng(1), from bert/random.ts",
  ],
  [
    "seed -1",
    () => createRng(-1),
    "ConfigError: Invalid seed = -1: it must be an integer from 0 to 2^53 - 1",
  ],
  [
    "seed 1.5",
    () => createRng(1.5),
    "ConfigError: Invalid seed = 1.5: it must be an integer from 0 to 2^53 - 1",
  ],
  [
    "seed string",
    () => createRng(untyped("42")),
    'ConfigError: Invalid seed = "42": it must be an integer from 0 to 2^53 - 1',
  ],
  [
    "below 0",
    () => createRng(1).below(0),
    "ConfigError: Invalid n = 0: it must be an integer from 1 to 2^32 - 1",
  ],
  [
    "dataConfig pairing",
    () => dataConfig({ pairing: untyped("none ") }),
    'ConfigError: Invalid pairing = "none ": it must be one of "nsp", "sop", "none"',
  ],
  [
    "dataConfig wholeWord string",
    () => dataConfig({ wholeWord: untyped("yes") }),
    'ConfigError: Invalid wholeWord = "yes": it must be true or false',
  ],
  [
    "dataConfig unknown",
    () => dataConfig(untyped({ maxlength: 5 })),
    "ConfigError: Unknown option maxlength of the settings: did you mean maxLength? The options are maxLength, maskProbability, wholeWord, masking, pairing, packing, shortSequenceProbability, heldOutShare, maxPredictions",
  ],
  [
    "trainConfig batch 0",
    () => trainConfig({ batchSize: 0 }),
    "ConfigError: Invalid batchSize = 0: it must be a whole number of at least 1",
  ],
  [
    "trainConfig epochs",
    () => trainConfig({ epochs: -1 }),
    "ConfigError: Invalid epochs = -1: it must be a whole number of at least 1",
  ],
  [
    "trainConfig lr string",
    () => trainConfig({ learningRate: untyped("1e-3") }),
    'ConfigError: Invalid learningRate = "1e-3": it must be a number above 0',
  ],
  [
    "trainConfig maxSeconds",
    () => trainConfig({ maxSeconds: 0 }),
    "ConfigError: Invalid maxSeconds = 0: it must be a number above 0",
  ],
  [
    "bertConfig",
    () => bertConfig(untyped("tin")),
    'ConfigError: Invalid preset = "tin": it must be one of smoke, tiny, mini, small, medium, base',
  ],
  [
    "bertConfig share string",
    () => bertConfig("tiny", { hiddenDropoutProb: untyped("0.1") }),
    'ConfigError: Invalid hiddenDropoutProb = "0.1": it must be at least 0 and below 1',
  ],
  [
    "bertConfig null",
    () => bertConfig("tiny", { hiddenSize: untyped(null) }),
    "ConfigError: Invalid hiddenSize = null: it must be a whole number of at least 1",
  ],
  [
    "configFromJson type",
    () => configFromJson({ hidden_size: "768" }),
    'ConfigError: Invalid hidden_size = "768": it must be a number',
  ],
  [
    "configFromJson decoder",
    () => configFromJson({ is_decoder: true }),
    "ConfigError: Invalid is_decoder = true: it must be false: every token attends to all others here; if the weights are an encoder's, set it to false",
  ],
  [
    "batches batchSize",
    () => [
      ...batches(docs, tok, {
        data: dataConfig({ maxLength: 8 }),
        batchSize: 0,
        seed: 1,
        epoch: 1,
      }),
    ],
    "ConfigError: Invalid batchSize = 0: it must be a whole number of at least 1",
  ],
  [
    "batches window",
    () => [
      ...batches(docs, tok, {
        data: dataConfig({ maxLength: 8 }),
        batchSize: 2,
        seed: 1,
        epoch: 1,
        window: 0,
      }),
    ],
    "ConfigError: Invalid window = 0: it must be a whole number of at least 1",
  ],
  [
    "batches seed",
    () => [
      ...batches(docs, tok, {
        data: dataConfig({ maxLength: 8 }),
        batchSize: 2,
        seed: untyped("1"),
        epoch: 1,
      }),
    ],
    'ConfigError: Invalid seed = "1": it must be an integer from 0 to 2^53 - 1',
  ],
  [
    "report maxExamples",
    () => dataReport(docs, tok, { data: dataConfig({ maxLength: 8 }), seed: 1, maxExamples: 0 }),
    "ConfigError: Invalid maxExamples = 0: it must be a whole number of at least 1",
  ],
  [
    "inspect lengths",
    () => inspectExample({ tokenIds: [2, 3], segmentIds: [1], ...example }, tok),
    "ShapeError: Cannot compute inspectExample() from an example's token, segment and label counts: expected shape [2,2,2], got [2,1,2]",
  ],
  [
    "inspect id",
    () => inspectExample({ tokenIds: [2, 77], segmentIds: [1, 1], ...example }, tok),
    "RangeError: Cannot find the token of id 77: ids are 0 to 8",
  ],
  [
    "collate none",
    () => collate([]),
    "ConfigError: Invalid examples = []: it must have at least one",
  ],
  [
    "collate padTo",
    () =>
      collate([{ tokenIds: [2, 5, 3], segmentIds: [1, 1, 1], labels: [-1, 5, -1], ...example }], {
        padTo: 2,
      }),
    "ShapeError: Cannot compute collate() from an example's token, segment and label counts: expected shape [at most 2,at most 2,at most 2], got [3,3,3]",
  ],
  [
    "collate lengths",
    () => collate([{ tokenIds: [2, 5, 3], segmentIds: [1, 1], labels: [-1, 5, -1], ...example }]),
    "ShapeError: Cannot compute collate() from an example's token, segment and label counts: expected shape [T,T,T], got [3,2,3]",
  ],
  [
    "splitSentences locale",
    () => splitSentences("A. B.", { locale: "x" }),
    'ConfigError: Invalid locale = "x": it must be a language tag such as "en" or "pt-BR"',
  ],
  [
    "batches() with a mistyped option",
    () => [...batches(docs, tok, untyped({ ...epochOptions, batchsize: 2 }))],
    "ConfigError: Unknown option batchsize of batches(): did you mean batchSize? The options are data, batchSize, seed, epoch, window",
  ],
  [
    "countBatches() with a mistyped option",
    () => countBatches(docs, tok, untyped({ ...epochOptions, epochs: 2 })),
    "ConfigError: Unknown option epochs of countBatches(): did you mean epoch? The options are data, batchSize, seed, epoch, window",
  ],
  [
    "dataReport() with a mistyped option",
    () => dataReport(docs, tok, untyped({ data, seed: 1, examples: 5 })),
    "ConfigError: Unknown option examples of dataReport(): did you mean maxExamples? The options are data, seed, epoch, maxExamples",
  ],
  [
    "collate() with a mistyped option",
    () =>
      collate([{ ...example, tokenIds: [2], segmentIds: [1], labels: [-1] }], untyped({ pad: 8 })),
    "ConfigError: Unknown option pad of collate(): did you mean padTo? The options are padTokenId, maskTokenId, padTo, maxLength",
  ],
  [
    "inspectExample() with a mistyped option",
    () => inspectExample({ ...example, tokenIds: [2], segmentIds: [1] }, tok, untyped({ pair: 1 })),
    "ConfigError: Unknown option pair of inspectExample(): did you mean pairing? The options are pairing",
  ],
  [
    "inspectExample() with a pairing that there is not",
    () =>
      inspectExample(
        { ...example, tokenIds: [2], segmentIds: [1] },
        tok,
        untyped({ pairing: "n" }),
      ),
    'ConfigError: Invalid pairing = "n": it must be one of "nsp", "sop", "none"',
  ],
  [
    "nspData() with a mistyped option",
    () => [...nspData(docs, tok, untyped({ maxLength: 8, rng: rng(), batch: 2, batchSize: 2 }))],
    "ConfigError: Unknown option batch of nspData(): did you mean batchSize? The options are maxLength, maskProbability, wholeWord, masking, pairing, packing, shortSequenceProbability, heldOutShare, maxPredictions, balanced, windowTokens, reach, rng, batchSize",
  ],
  [
    "splitSentences() with a mistyped option",
    () => splitSentences("A. B.", untyped({ language: "de" })),
    "ConfigError: Unknown option language of splitSentences(): the options are locale",
  ],
  [
    "splitSentences() of no text",
    () => splitSentences(untyped(["A. B."])),
    "TypeError: Cannot call splitSentences(text): text must be a text, found an array",
  ],
  [
    "nspExamples() with exchanged arguments",
    () => [...nspExamples(untyped(tok), untyped(docs), { maxLength: 8, rng: rng() })],
    "TypeError: Cannot call nspExamples(documents, tokenizer, options): documents must be documents from await readAll(corpus(…)), found a BertTokenizer",
  ],
  [
    "mlmData() with exchanged arguments",
    () => mlmData(untyped(tok.vocab), untyped([2, 5, 3]), { rng: rng() }),
    "TypeError: Cannot call mlmData(tokenIds, vocab, options): tokenIds must be an array, found a Vocab",
  ],
  [
    "splitHeldOut() of a sentence that is none",
    () => splitHeldOut([docs[0], untyped({ name: "n", sentences: [7] })], 0.5, 1),
    'TypeError: Cannot call splitHeldOut(documents, share, seed): entry 1 of documents must be a document, { name, sentences: ["…"] }, found an object with name, sentences',
  ],
  [
    "splitHeldOut() of documents without names",
    () => splitHeldOut([untyped({ sentences: ["a"] }), docs[1]], 0.5, 1),
    'TypeError: Cannot call splitHeldOut(documents, share, seed): entry 0 of documents must be a document, { name, sentences: ["…"] }, found an object with sentences',
  ],
  [
    "splitHeldOut() of a stream",
    () => splitHeldOut(untyped(corpus("sotu")), 0.1, 1),
    "TypeError: Cannot call splitHeldOut(documents, share, seed): documents must be an array, found a stream: collect it with await Array.fromAsync(stream)",
  ],
  [
    "splitHeldOut() without a seed",
    () => splitHeldOut(docs, 0.1, untyped(undefined)),
    "ConfigError: Invalid seed = undefined: it must be an integer from 0 to 2^53 - 1",
  ],
]);
