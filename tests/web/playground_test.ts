import { deepStrictEqual, rejects } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { saveModel } from "bert/model/folder.ts";
import { openFolder } from "bert/web/model_or_run_folder.ts";
import { exportPage } from "bert/web/playground.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";

Deno.test("exportPage() of a run whose metrics.csv cannot be read writes nothing", async () => {
  await useBackend();
  const folder = await Deno.makeTempDir({ prefix: "playground-" });
  const config = bertConfig("smoke", { vocabSize: TOY_TOKENIZER.vocab.size });
  const model = new BertPretrainHead(config, { seed: 1 });
  await saveModel(`${folder}/run/best`, model, TOY_TOKENIZER);
  model.dispose();
  await Deno.writeTextFile(`${folder}/run/metrics.csv`, 'split,step\ntrain,"1" 2\n');
  const opened = await openFolder(`${folder}/run`);
  try {
    await rejects(exportPage(opened, `${folder}/page`), { name: "FormatError" });
    deepStrictEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["run"]);
  } finally {
    opened.dispose();
    await Deno.remove(folder, { recursive: true });
  }
});
