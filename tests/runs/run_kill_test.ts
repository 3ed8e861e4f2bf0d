import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { createRng } from "bert/random.ts";
import {
  ended,
  pretrainTask,
  QUICK,
  startPretrain,
  timelessMetrics,
  withCorpus,
} from "../support/runs.ts";

/** How often a run is killed: 4 times by default, and 50 times in CI, by `BERT_KILLS=50`. */
const KILLS = Number(Deno.env.get("BERT_KILLS") ?? 4);

/** The results of a run that must be the same, however often it was stopped. */
async function result(run: string) {
  const evaluations = (await Deno.readTextFile(`${run}/evaluations.jsonl`)).trimEnd().split("\n")
    .map((line) => ({ ...JSON.parse(line), seconds: 0 }));
  const weights = await Promise.all(
    ["final", "best"].map((name) => Deno.readFile(`${run}/${name}/model.safetensors`)),
  );
  return { metrics: await timelessMetrics(run), evaluations, weights };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test(`a run that is killed at ${KILLS} random moments ends as one that never stopped, bit for bit`, async () => {
  await withCorpus(async (folder) => {
    const args = ["--corpus", `${folder}/corpus.csv`, ...QUICK];
    const began = performance.now();
    const whole = await pretrainTask(folder, ["--out", `${folder}/whole`, ...args]);
    const duration = performance.now() - began;
    strictEqual(whole.code, 0, whole.err);
    const out = ["--out", `${folder}/killed`];
    const rng = createRng(5);
    let kills = 0;
    for (let attempt = 0; kills < KILLS; attempt++) {
      const begun = await exists(`${folder}/killed/config.json`);
      const process = startPretrain(folder, begun ? [...out, "--resume"] : [...out, ...args]);
      const timer = setTimeout(() => process.kill("SIGKILL"), rng.random() * duration);
      process.status.finally(() => clearTimeout(timer)); // a process that has ended cannot be killed
      const { code, err } = await ended(process);
      ok(code === 137 || code === 0, err);
      if (code === 137) kills++;
      else await Deno.remove(`${folder}/killed`, { recursive: true }); // it ended before: begin again
      ok(attempt < 10 * KILLS, "the run ends before it can be killed");
    }
    const begun = await exists(`${folder}/killed/config.json`);
    const last = await pretrainTask(folder, begun ? [...out, "--resume"] : [...out, ...args]);
    strictEqual(last.code, 0, last.err);
    deepStrictEqual(await result(`${folder}/killed`), await result(`${folder}/whole`));
  });
});
