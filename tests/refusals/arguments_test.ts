/**
 * Every argument of the public functions, with values of every other kind. Each must be refused by the
 * name of the argument, and never by an error of the JavaScript engine.
 */
import { match, rejects } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig, dataConfig, trainConfig } from "bert/config.ts";
import { collate } from "bert/data/batch.ts";
import { neighbourCounts, passageCounts, pieceStream, positivePmi } from "bert/data/contexts.ts";
import { corpus, readAll, splitHeldOut } from "bert/data/corpus.ts";
import { CorpusCounter } from "bert/data/report_counts.ts";
import { EncodedDocuments } from "bert/data/encoded_documents.ts";
import { batches, batchesAsync, countBatches } from "bert/data/epochs.ts";
import { EpochStream } from "bert/data/resumable_epoch.ts";
import { corruptToken, mlmData } from "bert/data/mlm.ts";
import { nspData, nspExamples, nspExamplesAsync } from "bert/data/nsp.ts";
import { dataReport } from "bert/data/report.ts";
import { splitSentences } from "bert/data/sentences.ts";
import { readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
import { saveSafetensors } from "bert/files/safetensors_file.ts";
import { BertModel, BertPretrainHead } from "bert/model/bert.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { headStart } from "bert/model/head_start.ts";
import { addTokens, addWords, changeVocabulary, resizePositions } from "bert/model/resize.ts";
import { pretrainShapes } from "bert/model/weights.ts";
import { createRng } from "bert/random.ts";
import { runToEnd } from "bert/runs/loop.ts";
import { completeSettings } from "bert/runs/complete_settings.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";
import { unknownShare } from "bert/tokenizer/unknown_share.ts";
import { loadVocab, saveVocab, SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { basicTokens, cleanText, lowerCase, stripAccents } from "bert/tokenizer/words.ts";
import { placedText, placedWords } from "bert/tokenizer/word_offsets.ts";
import { countedStart } from "bert/training/counted_start.ts";
import { embeddingOptions } from "bert/use/sentence_embeddings.ts";
import {
  type Argument,
  begin,
  type Call,
  CLEAR,
  HOSTILE,
  testOptionValues,
} from "../support/hostile.ts";
import { untyped } from "../support/refuses.ts";

await useBackend("cpu");
const tok = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "d"]));
const config = bertConfig("smoke", { vocabSize: 9, maxPositionEmbeddings: 16 });
const model = new BertPretrainHead(config, { seed: 1 });
const documents = [{ name: "x", sentences: ["a", "b"] }, { name: "y", sentences: ["c", "d"] }];
const data = dataConfig({ maxLength: 8 });
const epoch = { data, batchSize: 2, seed: 1, epoch: 1 };
const rng = createRng(1);
const source = { name: "a", shape: [1], dtype: "F32", read: () => Float32Array.of(1) };
const nowhere = `${await Deno.makeTempDir()}/none`;

/** Values for wrong places: other arguments, names, nothing, and promises that were not awaited. */
const VALUES: Readonly<Record<string, unknown>> = {
  text: nowhere,
  ...HOSTILE,
  model,
  tokenizer: tok,
  vocab: tok.vocab,
  documents,
};

const MODEL: Argument = [model, "model"];
const TOKENIZER: Argument = [tok, "tokenizer"];
const VOCAB: Argument = [tok.vocab, "vocab"];
const DOCUMENTS: Argument = [documents, "documents"];
const STREAM: Argument = [documents, "documents", "stream"];
const TEXT: Argument = ["a b", "text"];
const TEXTS: Argument = [["a b a b"], "texts"];
const OPTIONS: Argument = [{}, "nothing"];

const CALLS: readonly Call[] = [
  ["resizePositions", resizePositions, MODEL, [20]],
  ["addWords", addWords, MODEL, TOKENIZER, [["e"], "texts"]],
  ["addTokens", addTokens, MODEL, TOKENIZER, [["[E1]"], "texts"]],
  ["changeVocabulary", changeVocabulary, MODEL, TOKENIZER, TOKENIZER],
  ["headStart", headStart, MODEL, OPTIONS],
  ["countedStart", countedStart, MODEL, DOCUMENTS, TOKENIZER, [{ seed: 1 }]],
  ["pieceStream", pieceStream, DOCUMENTS, TOKENIZER],
  ["neighbourCounts", neighbourCounts, [pieceStream(documents, tok)], OPTIONS],
  ["passageCounts", passageCounts, [pieceStream(documents, tok)], [2]],
  ["positivePmi", positivePmi, [{ rows: 1, columns: 1, values: Float32Array.of(1) }], [
    0.5,
    "number",
    "nothing",
  ]],
  ["new EncodedDocuments", (...args) => Reflect.construct(EncodedDocuments, args), TOKENIZER],
  ["writeSafetensors", writeSafetensors, [new Map()]],
  ["readSafetensors", readSafetensors, [writeSafetensors(new Map())], [
    "a name",
    "text",
    "nothing",
  ]],
  ["placedWords", placedWords, TEXT],
  ["placedText", placedText, TEXT],
  ["between", rng.between.bind(rng), [1], [5]],
  ["below", rng.below.bind(rng), [5]],
  ["shuffle", rng.shuffle.bind(rng), [
    [1, 2],
    "texts",
    "numbers",
    "documents",
    "sparse",
    "bigints",
  ]],
  ["fork", rng.fork.bind(rng), ["a name", "text", "number"]],
  ["createRng", createRng, [1]],
  ["saveSafetensors", saveSafetensors, [nowhere, "text"], [[source], "none"]],
  ["saveModel", saveModel, [nowhere, "text"], MODEL, TOKENIZER, OPTIONS],
  ["loadModel", loadModel, [nowhere, "text"], OPTIONS],
  ["BertModel.fromPretrained", BertModel.fromPretrained, [nowhere, "text"]],
  ["BertPretrainHead.fromPretrained", BertPretrainHead.fromPretrained, [nowhere, "text"], OPTIONS],
  ["BertTokenizer.fromPretrained", BertTokenizer.fromPretrained, [nowhere, "text"], OPTIONS],
  ["new BertTokenizer", (...args) => Reflect.construct(BertTokenizer, args), VOCAB, OPTIONS],
  ["new Vocab", (...args) => Reflect.construct(Vocab, args), [SPECIAL_TOKENS], [
    "a name",
    "text",
    "nothing",
  ], OPTIONS],
  ["forward", model.forward.bind(model), [{ tokenIds: [[2, 3]] }], OPTIONS],
  ["pretrainShapes", pretrainShapes, [config]],
  ["loadVocab", loadVocab, [nowhere, "text"]],
  ["saveVocab", saveVocab, [nowhere, "text"], VOCAB],
  ["extend", tok.vocab.extend.bind(tok.vocab), [["e"], "texts"]],
  ["vocab.addTokens", tok.vocab.addTokens.bind(tok.vocab), [["e"], "texts"]],
  ["idOf", tok.vocab.idOf.bind(tok.vocab), TEXT],
  ["encode", tok.encode.bind(tok), TEXT, [undefined, "nothing", "text"], OPTIONS],
  ["encodeBatch", tok.encodeBatch.bind(tok), TEXTS, OPTIONS],
  ["decode", tok.decode.bind(tok), [[5], "numbers"], OPTIONS],
  ["trainVocab", trainVocab, TEXTS, [{ size: 20 }, "nothing"]],
  ["unknownShare", unknownShare, TOKENIZER, TEXTS],
  ["basicTokens", basicTokens, TEXT, OPTIONS],
  ["cleanText", cleanText, TEXT],
  ["lowerCase", lowerCase, TEXT],
  ["stripAccents", stripAccents, TEXT],
  ["readAll", readAll, STREAM],
  ["splitHeldOut", splitHeldOut, DOCUMENTS, [0.5], [1]],
  ["splitSentences", splitSentences, TEXT, OPTIONS],
  ["nspExamples", nspExamples, DOCUMENTS, TOKENIZER, [{ maxLength: 8, rng }]],
  ["nspExamplesAsync", nspExamplesAsync, STREAM, TOKENIZER, [{ maxLength: 8, rng }]],
  ["nspData", nspData, DOCUMENTS, TOKENIZER, [{ maxLength: 8, rng, batchSize: 2 }]],
  ["mlmData", mlmData, [[2, 5, 3], "numbers"], VOCAB, [{ rng }]],
  ["corruptToken", corruptToken, [5], VOCAB, [{ rng }]],
  ["collate", collate, [[{ tokenIds: [2], segmentIds: [1], labels: [-1], nspLabel: -1 }]], OPTIONS],
  ["batches", batches, DOCUMENTS, TOKENIZER, [epoch]],
  ["batchesAsync", batchesAsync, STREAM, TOKENIZER, [epoch]],
  ["countBatches", countBatches, DOCUMENTS, TOKENIZER, [epoch]],
  [
    "new EpochStream",
    (...args) => Reflect.construct(EpochStream, args)[Symbol.asyncIterator](),
    DOCUMENTS,
    TOKENIZER,
    [
      epoch,
    ],
  ],
  ["dataReport", dataReport, DOCUMENTS, TOKENIZER, [{ data, seed: 1 }]],
  ["new CorpusCounter", (...args) => Reflect.construct(CorpusCounter, args), TOKENIZER],
  ["embeddingOptions", embeddingOptions, [nowhere, "text"]],
  ["completeSettings", completeSettings, [{}]],
  ["bertConfig", bertConfig, ["smoke"], OPTIONS],
  ["dataConfig", dataConfig, OPTIONS],
  ["trainConfig", trainConfig, OPTIONS],
  ["runToEnd", runToEnd, [{}]],
];

for (const [name, f, ...args] of CALLS) {
  Deno.test(`${name}() refuses, by name, a value of any other kind for each of its arguments`, async () => {
    for (const [place, [, ...fits]] of args.entries()) {
      for (const [what, value] of Object.entries(VALUES)) {
        if (fits.includes(what)) continue;
        const given = args.map(([right], i) => i === place ? value : right);
        const error = await begin(f, given).then(() => "nothing", (error) => error);
        const found = error instanceof Error ? `${error.name}: ${error.message}` : error;
        match(found, CLEAR, `${what} as argument ${place}`);
        match(found, /^(?!.*\[object)/, `${what} as argument ${place}`);
      }
    }
  });
}

testOptionValues(CALLS, VALUES);

/** Calls with right arguments and an option that is true or false. */
const SWITCHES: readonly [string, string, (options: Record<string, unknown>) => unknown][] = [
  ["mlmData", "wholeWord", (options) => mlmData([2, 5], tok.vocab, untyped({ rng, ...options }))],
  ["mlmData", "randomSpecials", (one) => mlmData([2, 5], tok.vocab, untyped({ rng, ...one }))],
  ["corruptToken", "randomSpecials", (one) => corruptToken(5, tok.vocab, untyped({ rng, ...one }))],
  ["nspExamples", "balanced", pairsOf],
  ["nspExamples", "packing", pairsOf],
  ["headStart", "compare", (options) => headStart(model, options)],
  ["forward", "training", forward],
  ["forward", "outputAttentions", forward],
  ["forward", "outputHiddenStates", forward],
  ["decode", "skipSpecialTokens", (options) => tok.decode([5], options)],
  ["decode", "cleanUp", (options) => tok.decode([5], options)],
  ["basicTokens", "lowercase", (options) => basicTokens("a", options)],
  ["corpus", "sentencePerLine", (options) => readAll(corpus("data/sample.csv", options))],
];

function pairsOf(options: Record<string, unknown>): unknown {
  return [...nspExamples(documents, tok, untyped({ maxLength: 8, rng, ...options }))];
}

function forward(options: Record<string, unknown>): unknown {
  return model.forward({ tokenIds: [[2, 3]] }, options);
}

for (const [name, option, f] of SWITCHES) {
  Deno.test(`${option} of ${name}() is true or false, and nothing else`, async () => {
    for (const [what, value] of Object.entries({ ...VALUES, nan: NaN, empty: "" })) {
      if (what === "nothing") continue;
      const act = async () => await f({ [option]: value });
      await rejects(act, { name: "ConfigError", field: option }, what);
    }
  });
}
