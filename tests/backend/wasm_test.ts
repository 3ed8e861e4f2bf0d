/** Our kernels of the wasm backend, compared with tfjs's cpu backend. */
import * as tf from "@tensorflow/tfjs";
import { deepStrictEqual, notStrictEqual, strictEqual, throws } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { startWasm } from "bert/backend/wasm.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertNoLeak } from "../support/assert_no_leak.ts";
import { gradientAt, randomTensor } from "../support/gradients.ts";

await useBackend("wasm");

/** Computes on both backends and compares. */
async function compare(work: () => tf.Tensor, atol = 1e-5): Promise<void> {
  await tf.setBackend("cpu");
  const expected = work();
  const values = expected.dataSync(); // before its data moves to the other backend
  await tf.setBackend("wasm");
  const actual = work();
  deepStrictEqual(actual.shape, expected.shape);
  assertClose(actual.dataSync(), values, { atol });
}

Deno.test("matMul on wasm: every transposition, odd sizes, one product or a batch", async () => {
  for (const batch of [[], [1], [3], [2, 3]]) {
    for (
      const [transposeA, transposeB] of [[0, 0], [0, 1], [1, 0], [1, 1]].map((x) => x.map(Boolean))
    ) {
      await compare(() => {
        const a = randomTensor([...batch, ...(transposeA ? [7, 5] : [5, 7])], 1);
        const b = randomTensor([...batch, ...(transposeB ? [9, 7] : [7, 9])], 2);
        return tf.matMul(a, b, transposeA, transposeB);
      });
    }
  }
});

Deno.test("matMul on wasm: one matrix for a whole batch, on either side", async () => {
  await compare(() => tf.matMul(randomTensor([4, 5, 7], 1), randomTensor([7, 3], 2)));
  await compare(() => tf.matMul(randomTensor([5, 7], 1), randomTensor([4, 7, 3], 2)));
});

Deno.test("matMul on wasm: the gradient of a weight over a large batch", async () => {
  const rows = 2048; // summed in parts
  const [a, b] = [() => randomTensor([rows, 6], 1), () => randomTensor([rows, 5], 2)];
  await compare(() => tf.matMul(a(), b(), true, false), 1e-3);
  await compare(() => tf.matMul(a(), tf.transpose(b()), true, true), 1e-3);
  const before = tf.engine().backend.numDataIds();
  tf.tidy(() => tf.matMul(a(), b(), true, false).dispose());
  strictEqual(tf.engine().backend.numDataIds(), before);
});

Deno.test("matMul on wasm sees weights that were changed in place", () => {
  const backend = tf.backend() as unknown as { typedArrayFromHeap(x: tf.Tensor): Float32Array };
  const [x, weight] = [tf.ones([2, 3]), tf.ones([3, 2])];
  deepStrictEqual([...tf.matMul(x, weight).dataSync()], [3, 3, 3, 3]);
  backend.typedArrayFromHeap(weight).fill(2); // tfjs's kernel would still multiply by ones
  deepStrictEqual([...tf.matMul(x, weight).dataSync()], [6, 6, 6, 6]);
});

Deno.test("gather on wasm: rows of any rank, other axes and types", async () => {
  const rows = () => tf.tensor1d([2, 0, 2, 1], "int32");
  await compare(() => tf.gather(randomTensor([3, 5], 1), rows()));
  await compare(() =>
    tf.gather(randomTensor([3, 2, 2], 1), tf.tensor2d([[1, 0], [2, 2]], [2, 2], "int32"))
  );
  await compare(() => tf.gather(randomTensor([9], 1), rows()));
  await compare(() => tf.gather(randomTensor([5, 3], 1), rows(), 1));
  await compare(() => tf.gather(tf.tensor1d([7, 8, 9], "int32"), rows()));
});

Deno.test("gather on wasm refuses an index beyond the table and leaves no tensor behind", async () => {
  const [x, rows] = [tf.ones([3, 2]), tf.tensor1d([0, 3], "int32")];
  const wrong = /RangeError: gather: index 3 is outside of 0 to 2/;
  await assertNoLeak(() => throws(() => tf.gather(x, rows), wrong));
});

Deno.test("sum on wasm: by column, by row, of everything, of integers", async () => {
  for (const axis of [0, 1, [0, 1], -2, undefined]) {
    await compare(() => tf.sum(randomTensor([50, 7], 1), axis));
    await compare(() => tf.sum(randomTensor([50, 7], 1), axis, true));
  }
  await compare(() => tf.sum(randomTensor([4, 5, 6], 1), 0));
  await compare(() => tf.sum(tf.tensor2d([[1, 2], [3, 4]], [2, 2], "int32"), 0));
});

Deno.test("unsortedSegmentSum on wasm adds rows of the same id and skips those below 0", async () => {
  const ids = () => tf.tensor1d([1, -1, 1, 3], "int32");
  await compare(() => tf.unsortedSegmentSum(randomTensor([4, 3], 1), ids(), 5));
  await compare(() => tf.unsortedSegmentSum(randomTensor([4], 1), ids(), 4));
  throws(() => tf.unsortedSegmentSum(tf.ones([4, 3]), ids(), 3), /index 3 is outside of 0 to 2/);
});

Deno.test("the gradient of tf.gather exists on wasm", async () => {
  const rows = () => tf.tensor1d([2, 0, 2], "int32");
  await compare(() => gradientAt((x) => tf.gather(x, rows()), randomTensor([3, 4], 1)));
});

Deno.test("the kernels on wasm leave no tensor and no memory behind", async () => {
  const [a, b] = [randomTensor([3, 5, 7], 1), randomTensor([3, 5, 7], 2)];
  const ids = tf.tensor1d([0, 1, 0], "int32");
  await assertNoLeak(() => {
    tf.dispose([tf.matMul(a, b, false, true), tf.matMul(a, b, true, false)]);
    tf.dispose([tf.gather(a, ids), tf.unsortedSegmentSum(a, ids, 2)]);
  });
  const held = tf.engine().backend.numDataIds();
  tf.dispose([tf.matMul(a, b, true, false), tf.gather(a, ids)]);
  strictEqual(tf.engine().backend.numDataIds(), held);
});

Deno.test("startWasm() a second time changes nothing", async () => {
  const kernel = tf.getKernel("BatchMatMul", "wasm");
  await startWasm();
  strictEqual(tf.getKernel("BatchMatMul", "wasm"), kernel);
  notStrictEqual(kernel, undefined);
});
