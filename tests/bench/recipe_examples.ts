/**
 * Writes 3,000 batches of notebook 10's training text, and its questions, for `pytorch_recipe.py`, so that
 * another recipe can be measured on the very same questions: `deno run -A tests/bench/recipe_examples.ts FOLDER`.
 *
 * Each row is 193 int32: 64 token ids, 64 segment ids (1, 2, 0 for padding), 64 labels (-1 where
 * nothing is asked), and the label of the pair.
 */
import type { Batch } from "bert/data/batch.ts";
import { dataConfig } from "bert/config.ts";
import { corpus, readAll, splitHeldOut } from "bert/data/corpus.ts";
import { batches } from "bert/data/epochs.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";

const [LENGTH, BATCH, STEPS, SEED] = [64, 16, 3000, 1];
const folder = Deno.args[0] ?? ".";
const { train, heldOut } = splitHeldOut(await readAll(corpus("sotu")), 0.05, SEED);
const vocab = await trainVocab(train.flatMap(({ sentences }) => sentences), { size: 8000 });
const tokenizer = new BertTokenizer(vocab);
const options = { data: dataConfig({ maxLength: LENGTH }), batchSize: BATCH, seed: SEED };

await save("train.bin", trainingBatches());
await save("held_out.bin", batches(heldOut, tokenizer, { ...options, epoch: 0 }));

/** The full batches of as many epochs as the run needs. */
function* trainingBatches(): Generator<Batch> {
  let steps = 0;
  for (let epoch = 1; steps < STEPS; epoch++) {
    for (const batch of batches(train, tokenizer, { ...options, epoch })) {
      if (batch.size < BATCH || steps++ >= STEPS) continue;
      yield batch;
    }
  }
}

async function save(name: string, source: Iterable<Batch>): Promise<void> {
  const rows: number[] = [];
  for (const { examples } of source) {
    for (const { tokenIds, segmentIds, labels, nspLabel } of examples) {
      rows.push(...padded(tokenIds, 0), ...padded(segmentIds, 0), ...padded(labels, -1), nspLabel);
    }
  }
  await Deno.writeFile(`${folder}/${name}`, new Uint8Array(Int32Array.from(rows).buffer));
}

function padded(values: ArrayLike<number>, padding: number): number[] {
  return Array.from({ length: LENGTH }, (_, i) => values[i] ?? padding);
}
