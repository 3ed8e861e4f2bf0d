import { strictEqual, throws } from "node:assert";
import { findMiniLm } from "bert/show/published_model.ts";
import { setVariable } from "../support/environment.ts";

async function withFolder(files: string[], check: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  using _ = setVariable("BERT_MINILM", folder);
  try {
    for (const file of files) await Deno.writeTextFile(`${folder}/${file}`, "");
    check(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("findMiniLm() takes the folder that BERT_MINILM names", async () => {
  await withFolder(["model.safetensors"], (folder) => strictEqual(findMiniLm(), folder));
});

Deno.test("findMiniLm() refuses a named folder without weights", async () => {
  await withFolder([], (folder) =>
    throws(
      () => findMiniLm(),
      new RangeError(
        `Invalid BERT_MINILM = "${folder}": expected a folder, with model.safetensors in it`,
      ),
    ));
});
