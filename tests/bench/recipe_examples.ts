/**
 * The batches that a recipe trains on and its held-out questions: for the library's own run, and as
 * files for `pytorch_recipe.py`, so that two recipes can be measured on the same examples.
 */
import { corpus, readAll, splitHeldOut } from "bert/data/corpus.ts";
import type { Batch } from "bert/data/batch.ts";
import type { Document } from "bert/data/document.ts";
import { EncodedDocuments } from "bert/data/encoded_documents.ts";
import { batches } from "bert/data/epochs.ts";
import { libraryConfigs } from "bert/runs/complete_settings.ts";
import type { RunSettings } from "bert/runs/run_settings.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";

/** What a run reads. */
export interface RecipeExamples {
  /** The tokenizer, whose vocabulary is learnt from the training documents. */
  readonly tokenizer: BertTokenizer;
  /** The training documents. */
  readonly documents: readonly Document[];
  /** The held-out questions. */
  readonly heldOut: readonly Batch[];
  /** The training batches of one epoch after the other, without an end. */
  training(): Generator<Batch>;
}

/** The examples of a run with these settings: those of `pretrain()` and of notebook 10. */
export async function recipeExamples(settings: RunSettings): Promise<RecipeExamples> {
  const { seed, vocabSize, batchSize } = settings;
  const all = await readAll(corpus(settings.corpus));
  const { train: documents, heldOut } = splitHeldOut(all, settings.heldOut, seed);
  const sentences = documents.flatMap((document) => document.sentences);
  const tokenizer = new BertTokenizer(await trainVocab(sentences, { size: vocabSize }));
  const options = { data: libraryConfigs(settings).data, batchSize, seed };
  const encoded = EncodedDocuments.of(documents, tokenizer);
  return {
    tokenizer,
    documents,
    heldOut: [...batches(heldOut, tokenizer, { ...options, epoch: 0 })],
    *training() {
      for (let epoch = 1;; epoch++) yield* batches(encoded, tokenizer, { ...options, epoch });
    },
  };
}

/**
 * Writes `train.bin`, the batches of the first `steps` steps, and `held_out.bin`, the questions.
 *
 * Each row is one sequence as `3 * length + 2` int32: the token ids, the segment ids (1, 2, 0 for
 * padding), the labels (-1 where nothing is asked), the label of the pair, and the number of the
 * batch.
 */
export async function saveExamples(
  folder: string,
  { training, heldOut }: RecipeExamples,
  { length, steps }: { readonly length: number; readonly steps: number },
): Promise<void> {
  await save(`${folder}/train.bin`, training().take(steps), length);
  await save(`${folder}/held_out.bin`, heldOut, length);
}

async function save(path: string, source: Iterable<Batch>, length: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  let number = 0;
  for (const { examples } of source) {
    const rows = examples.flatMap(({ tokenIds, segmentIds, labels, nspLabel }) => [
      ...padded(tokenIds, length, 0),
      ...padded(segmentIds, length, 0),
      ...padded(labels, length, -1),
      nspLabel,
      number,
    ]);
    await writer.write(new Uint8Array(Int32Array.from(rows).buffer));
    number++;
  }
  await writer.close();
}

function padded(values: ArrayLike<number>, length: number, padding: number): number[] {
  return Array.from({ length }, (_, i) => values[i] ?? padding);
}
