import { deepStrictEqual, ok, rejects } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { readSafetensors, writeSafetensors } from "bert/files/safetensors.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { saveModel } from "bert/model/folder.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { saveClassifier } from "bert/use/classifier_folder.ts";
import { factsOf } from "bert/web/library_engine.ts";
import { openFolder } from "bert/web/model_or_run_folder.ts";
import { exportPage } from "bert/web/playground.ts";
import { onBrokenDisk } from "../support/broken_disk.ts";
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

Deno.test("a classifier beside the heads of its pre-training is only a classifier, and they are reported", async () => {
  await useBackend();
  const folder = await Deno.makeTempDir({ prefix: "playground-" });
  const config = bertConfig("smoke", { vocabSize: TOY_TOKENIZER.vocab.size });
  using pretrained = new BertPretrainHead(config, { seed: 1 });
  using classifier = BertClassifier.from(pretrained, { classes: 2, seed: 1 });
  await saveModel(`${folder}/pretrained`, pretrained, TOY_TOKENIZER);
  await saveClassifier(`${folder}/both`, classifier, TOY_TOKENIZER);
  const [from, to] = ["pretrained", "both"].map((name) => `${folder}/${name}/model.safetensors`);
  const tensors = [from, to].flatMap((
    path,
  ) => [...readSafetensors(Deno.readFileSync(path)).tensors]);
  await Deno.writeFile(to, writeSafetensors(new Map(tensors)));
  using opened = await openFolder(`${folder}/both`);
  const { fillsBlanks, judgesPairs, classes } = factsOf(opened);
  deepStrictEqual([fillsBlanks, judgesPairs, classes.length], [false, false, 2]);
  ok(opened.others.includes("cls.seq_relationship.weight"));
  ok(opened.others.every((name) => name.startsWith("cls.")));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("exportPage() on a disk that fails leaves the page that was there, or none", async () => {
  await useBackend();
  const folder = await Deno.makeTempDir({ prefix: "playground-" });
  const config = bertConfig("smoke", { vocabSize: TOY_TOKENIZER.vocab.size });
  const open = async (seed: number) => {
    const model = new BertPretrainHead(config, { seed });
    await saveModel(`${folder}/model ${seed}`, model, TOY_TOKENIZER);
    model.dispose();
    return await openFolder(`${folder}/model ${seed}`);
  };
  const [opened, other] = [await open(1), await open(2)];
  const page = `${folder}/page`;
  const graph = () => Deno.readFileSync(`${page}/model/onnx/model_quantized.onnx`).join();
  const facts = () => Deno.readTextFileSync(`${page}/page.json`);
  const files = async () =>
    (await Array.fromAsync(Deno.readDir(page), ({ name }) => name).catch(() => [])).sort();
  const attempt = (call: number, from = opened) =>
    onBrokenDisk({ call, how: "once" }, () => exportPage(from, page, ["q8"]));
  try {
    const { calls, done } = await attempt(Infinity);
    ok(done && calls > 50, `${calls} calls`);
    const all = await files();
    ok(all.includes("index.html") && all.includes("page.json") && !all.includes(".saving"));
    for (let call = 1; call <= calls; call += Math.ceil(calls / 5)) { // with a page there
      await exportPage(opened, page, ["q8"]);
      const before = [graph(), facts()];
      const { done } = await attempt(call, other);
      const after = [graph(), facts()];
      const same = before.map((content, i) => content === after[i]);
      deepStrictEqual(same, [!done, !done], `after the failure of call ${call}`);
      const left = (await files()).filter((name) => name !== ".saving");
      deepStrictEqual(left, all, `after the failure of call ${call}`);
    }
    for (let call = calls; call > 0; call -= Math.ceil(calls / 9)) { // with none
      await Deno.remove(page, { recursive: true }).catch(() => {});
      const { done } = await attempt(call);
      // What could not be removed of a save that has succeeded is removed by the next one.
      const left = (await files()).filter((name) => !(done && name === ".saving"));
      deepStrictEqual(left, done ? all : [], `after the failure of call ${call}`);
    }
  } finally {
    opened.dispose();
    other.dispose();
    await Deno.remove(folder, { recursive: true });
  }
});
