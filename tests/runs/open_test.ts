import { rejects } from "node:assert";
import { beginRun, reopenRun } from "bert/runs/open.ts";

Deno.test("a run in a folder refuses webgpu, whose weights cannot be copied synchronously", async () => {
  const settings = { corpus: "data/sample.csv" };
  for (const open of [beginRun, reopenRun]) {
    await rejects(
      open("no-such-folder", settings, { backend: "webgpu" }, () => {}),
      /Invalid BERT_BACKEND = "webgpu": it cannot keep a run in a folder: use simd or wasm/,
    );
    await rejects(
      open("no-such-folder", { ...settings, backend: "webgpu" }, { backend: "webgpu" }, () => {}),
      /Invalid --backend = "webgpu": it cannot keep/,
    );
  }
});
