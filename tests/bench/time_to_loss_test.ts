import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { Batch } from "bert/data/batch.ts";
import { completeSettings, libraryConfigs, modelConfig } from "bert/runs/complete_settings.ts";
import { findPython } from "../support/python.ts";
import { Child, denoChild, type Message, pythonChild } from "./child.ts";
import { type LossPoint, secondsTo } from "./loss_curve.ts";
import { recipeExamples, saveExamples } from "./recipe_examples.ts";

const [STEPS, LENGTH, THREADS] = [40, 32, 1];
const GIVEN = {
  corpus: "data/sample.csv",
  heldOut: 0.5,
  preset: "smoke",
  vocabSize: 200,
  length: LENGTH,
  batchSize: 4,
  steps: STEPS,
  initialRange: 0.06,
  dropout: 0,
  lr: 3e-3,
  optimizer: "muon",
};

const python = await findPython(["torch", "transformers"], "the same recipe in PyTorch");

Deno.test("a mark is reached at the first evaluation below it", () => {
  const point = (seconds: number, words: number): LossPoint => {
    return { step: 0, seconds, words, pairs: 0.5, wordsRight: 0, pairsRight: 0 };
  };
  const curve = [point(1, 6), point(2, 5.5), point(3, 4), point(4, 5)];
  const marks = [7, 6.5, 6, 5, 4.5, 4];
  deepStrictEqual(marks.map((mark) => secondsTo(mark, curve)), [1, 2, 3, 3, undefined, undefined]);
});

Deno.test("the files have the batches of the run, row by row", async () => {
  await withExamples(async (folder, { training, heldOut }) => {
    const trained = [...training().take(STEPS)];
    ok(trained.some(({ size }) => size < GIVEN.batchSize)); // the last one of an epoch
    deepStrictEqual(await readRows(`${folder}/train.bin`), trained.flatMap(rowsOf));
    deepStrictEqual(await readRows(`${folder}/held_out.bin`), heldOut.flatMap(rowsOf));
  });
});

Deno.test("a recipe trains the steps that are asked for, and none after its last", async () => {
  const child = await Child.start(libraryChild());
  const first = await child.ask({ steps: STEPS - 10 });
  const last = await child.ask({ steps: STEPS });
  const more = await child.ask({ steps: 1 });
  await child.close();
  deepStrictEqual([first, last, more].map(({ steps }) => steps), [STEPS - 10, STEPS, STEPS]);
  strictEqual(more.mlmLoss, last.mlmLoss);
});

Deno.test({
  name: "the recipe in PyTorch learns as much as in the library",
  ignore: !python,
  fn: async () => {
    await withExamples(async (folder) => {
      const rival = pythonChild(python!.command, "pytorch_recipe.py", pytorchSpec(folder));
      const [before, after] = await lossesOf(await Child.start(rival));
      const [start, end] = await lossesOf(await Child.start(libraryChild()));
      ok(Math.abs(before - start) < 0.1, `before training ${before} and ${start}`);
      ok(start - end > 0.3, `the library learns nothing: ${start}, then ${end}`);
      ok(Math.abs(after - end) < 0.1, `after training ${after} and ${end}`);
    });
  },
});

function libraryChild() {
  return denoChild("recipe_child.ts", { settings: GIVEN, threads: THREADS }, { ffi: true });
}

function pytorchSpec(folder: string): Message {
  const settings = completeSettings(GIVEN);
  const { train } = libraryConfigs(settings);
  const own = { folder, length: LENGTH, steps: STEPS, threads: THREADS, seed: 1, autocast: false };
  const { vocabSize } = settings;
  return {
    ...modelConfig(settings, vocabSize),
    ...train,
    matrixRate: 2 * train.learningRate,
    ...own,
  };
}

/** The loss of the held-out words before training and after it. */
async function lossesOf(child: Child): Promise<[number, number]> {
  const before = await child.ask({ steps: 0 });
  const after = await child.ask({ steps: STEPS });
  await child.close();
  return [Number(before.mlmLoss), Number(after.mlmLoss)];
}

async function withExamples(
  use: (folder: string, examples: Awaited<ReturnType<typeof recipeExamples>>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const examples = await recipeExamples(completeSettings(GIVEN));
    await saveExamples(folder, examples, { length: LENGTH, steps: STEPS });
    await use(folder, examples);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Rows of a file: token ids, segment ids, labels, the label of the pair, the number of the batch. */
async function readRows(path: string): Promise<number[][]> {
  const values = [...new Int32Array((await Deno.readFile(path)).buffer)];
  const width = 3 * LENGTH + 2;
  return Array.from({ length: values.length / width }, (_, row) => {
    return values.slice(row * width, (row + 1) * width);
  });
}

function rowsOf(batch: Batch, number: number): number[][] {
  const { size, length, tokenIds, segmentIds, mlmLabels, nspLabels } = batch;
  return Array.from({ length: size }, (_, row) => [
    ...filled(tokenIds.subarray(row * length, (row + 1) * length), 0),
    ...filled(segmentIds.subarray(row * length, (row + 1) * length), 0),
    ...filled(mlmLabels.subarray(row * length, (row + 1) * length), -1),
    nspLabels[row],
    number,
  ]);
}

function filled(values: Int32Array, padding: number): number[] {
  return [...values, ...Array(LENGTH - values.length).fill(padding)];
}
