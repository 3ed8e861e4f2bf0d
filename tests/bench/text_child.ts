/** The child of the text half: learns a vocabulary, encodes, makes examples, on the bundled corpus. */
import { dataConfig } from "bert/config.ts";
import { corpus, readAll } from "bert/data/corpus.ts";
import { type Document } from "bert/data/document.ts";
import { batches } from "bert/data/epochs.ts";
import { mlmData } from "bert/data/mlm.ts";
import { nspData } from "bert/data/nsp.ts";
import { createRng } from "bert/random.ts";
import { type Message, serve } from "./child.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";

/** What can be asked for; each gives a number of tokens, and `seconds` are added. */
export type TextJob = "train" | "encode" | "encodeAgain" | "offsets" | "examples" | "batches";

const SIZE = 8000; // pieces

async function main(): Promise<void> {
  const documents = await readAll(corpus("sotu"));
  const texts = documents.flatMap(({ sentences }) => sentences);
  const vocab = await trainVocab(texts, { size: SIZE });
  const known = new BertTokenizer(vocab);
  const total = count(known, texts);
  const jobs: Record<TextJob, () => number | Promise<number>> = {
    train: async () => (await trainVocab(texts, { size: SIZE })).size && total,
    encode: () => count(new BertTokenizer(vocab), texts),
    encodeAgain: () => count(known, texts),
    offsets: () => texts.reduce((sum, text) => sum + known.encode(text).tokenIds.length - 2, 0),
    examples: () => examples(documents, known),
    batches: () => wholeBatches(documents, known),
  };
  await serve({ tokens: total }, async ({ job, forOthers }): Promise<Message> => {
    if (forOthers) return { texts, vocab: vocab.tokens };
    const began = performance.now();
    const tokens = await jobs[job as TextJob]();
    return { tokens, seconds: (performance.now() - began) / 1000 };
  });
}

function count(tokenizer: BertTokenizer, texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + tokenizer.ids(text).length, 0);
}

/** An epoch of pairs and masks from text, as `nspData` and `mlmData` make them. */
function examples(documents: readonly Document[], tokenizer: BertTokenizer): number {
  const options = { maxLength: 128, batchSize: 32, rng: createRng(1) };
  const masking = { maxPredictions: 20, rng: createRng(2) };
  let tokens = 0;
  for (const batch of nspData(documents, tokenizer, options)) {
    for (const { tokenIds } of batch) {
      tokens += mlmData(tokenIds, tokenizer.vocab, masking).tokenIds.length;
    }
  }
  return tokens;
}

/** An epoch as the training loop takes it: shuffled, grouped by length, padded. */
function wholeBatches(documents: readonly Document[], tokenizer: BertTokenizer): number {
  const options = { data: dataConfig(), batchSize: 32, seed: 1, epoch: 1 };
  let tokens = 0;
  for (const { examples } of batches(documents, tokenizer, options)) {
    for (const { tokenIds } of examples) tokens += tokenIds.length;
  }
  return tokens;
}

if (import.meta.main) await main();
