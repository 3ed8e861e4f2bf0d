import { deepStrictEqual, notDeepStrictEqual, ok } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { onBrokenDisk } from "../support/broken_disk.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { snapshot, toyModel } from "../support/toy_model.ts";

await useBackend();

const CASED = new BertTokenizer(TOY_TOKENIZER.vocab, { lowercase: false });

/** What a folder holds: the tokenizer's options beside one of the weights. */
async function contents(folder: string): Promise<string> {
  const { model, tokenizer } = await loadModel(folder);
  const bias = snapshot(model)["cls.predictions.transform.dense.weight"];
  model.dispose();
  return JSON.stringify([tokenizer.options, model.config.hiddenDropoutProb, ...bias.slice(0, 3)]);
}

Deno.test("a kill or a failure at any moment of saveModel() leaves the old model or the new, never a mixture", async () => {
  const older = toyModel(0.1, 7);
  const newer = toyModel(0, 8);
  const root = await Deno.makeTempDir();
  await saveModel(`${root}/older`, older, TOY_TOKENIZER);
  await saveModel(`${root}/newer`, newer, CASED);
  const [old, fresh] = [await contents(`${root}/older`), await contents(`${root}/newer`)];
  notDeepStrictEqual(old, fresh);
  for (const how of ["once", "for good"] as const) {
    const ends = new Set<string>();
    for (let call = 1, reached = true; reached; call++) {
      const folder = `${root}/${how} ${call}`;
      await saveModel(folder, older, TOY_TOKENIZER);
      const result = await onBrokenDisk({ call, how }, () => saveModel(folder, newer, CASED));
      const end = await contents(folder);
      ok([old, fresh].includes(end), end);
      if (how === "once") deepStrictEqual(end, result.done ? fresh : old);
      ends.add(end);
      reached = result.calls >= call;
    }
    deepStrictEqual(ends, new Set([old, fresh]));
  }
  older.dispose();
  newer.dispose();
  await Deno.remove(root, { recursive: true });
});
