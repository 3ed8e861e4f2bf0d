import { match, ok, rejects, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { saveModel } from "bert/model/folder.ts";
import type { Given } from "bert/runs/option_parser.ts";
import { beginRun } from "bert/runs/open.ts";
import type { RunSettings } from "bert/runs/run_settings.ts";
import { ended, QUICK, startPretrain, withCorpus } from "../support/runs.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";
import { toyModel } from "../support/toy_model.ts";

await useBackend();

Deno.test("a run refuses wrong settings by the names of their options, before it reads or learns anything", async () => {
  await withCorpus(async (folder) => {
    const model = toyModel();
    await saveModel(`${folder}/model`, model, TOY_TOKENIZER);
    model.dispose();
    const init = `${folder}/model`;
    const cases: [Given<keyof RunSettings>, RegExp][] = [
      [{ heads: 3 }, /^Invalid --heads = 3: it must divide the width of the model, 128/],
      [{ hiddenSize: 100, heads: 8 }, /^Invalid --heads = 8: .* set --heads or --hidden-size anew/],
      [
        { init, length: 5000 },
        /^Invalid --length = 5000: it must be at most \d+, the longest text/,
      ],
      [{ warmup: 2 }, /^Invalid --warmup = 2/],
      [{ lr: -1 }, /^Invalid --lr = -1/],
      [{ mask: 7 }, /^Invalid --mask = 7/],
      [{ beta2: 1 }, /^Invalid --beta2 = 1/],
      [{ dropout: 7 }, /^Invalid --dropout = 7/],
      [{ heldOut: -1 }, /^Invalid --held-out = -1/],
      [{ maxMinutes: -1 }, /^Invalid --max-minutes = -1/],
      [{ locale: "not a tag" }, /^Invalid --locale = "not a tag"/],
      [{ corpus: "sotuu" }, /^Invalid --corpus = "sotuu": it must .*did you mean "sotu"/],
    ];
    for (const [given, message] of cases) {
      const said: string[] = [];
      const settings = { corpus: `${folder}/corpus.csv`, ...given };
      const begun = beginRun(`${folder}/run`, settings, {}, (what) => said.push(what));
      await rejects(begun, { name: "ConfigError", message });
      ok(!said.some((what) => what.startsWith("learning")), `${said}`);
      if (given.corpus === undefined) strictEqual(said.length, 0, `${message} after ${said}`);
    }
  });
});

Deno.test("a task prints absolute paths, wherever it was started", async () => {
  await withCorpus(async (folder) => {
    const here = Deno.cwd();
    const away = (path: string) => `${"../".repeat(here.split("/").length)}${path.slice(1)}`;
    await Deno.writeTextFile(`${folder}/bad.csv`, "a,b\n1,2\n");
    const out = ["--out", `${folder}/run`];
    const bad = ended(
      startPretrain(folder, [...out, "--corpus", away(`${folder}/bad.csv`), ...QUICK]),
    );
    ok((await bad).err.startsWith(`Cannot read ${folder}/bad.csv, line 1: `), (await bad).err);
    const none = ended(startPretrain(folder, [...out, "--corpus", "./none.csv", ...QUICK]));
    match((await none).err, new RegExp(`^Cannot read ${here}/none.csv: expected a file or folder`));
    const unwritable = ended(startPretrain(folder, ["--out", "elsewhere/run", ...QUICK]));
    match((await unwritable).err, new RegExp(`^Cannot write ${here}/elsewhere/run: the task may`));
  });
});
