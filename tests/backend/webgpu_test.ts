/**
 * The backend `webgpu` compared with `simd`, if there is a GPU or a driver that emulates one on the
 * CPU (mesa-vulkan-drivers). Each runs in a process of its own, as a GPU's driver keeps threads.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert";

const MODULES = {
  choose: "bert/backend/choose.ts",
  config: "bert/config.ts",
  model: "bert/model/bert.ts",
  optimizer: "bert/training/optimizer.ts",
  step: "bert/training/train_step.ts",
  evaluate: "bert/training/evaluate.ts",
};

const IMPORTS = Object.entries(MODULES).map(([name, path]) =>
  `import * as ${name} from ${JSON.stringify(import.meta.resolve(path))};`
);

const BATCHES = JSON.stringify(import.meta.resolve("../bench/arithmetic.ts"));

/** Trains 20 steps, one of them on nine batches at once, scores the model, and prints all numbers. */
const PROGRAM = `
${IMPORTS.join("\n")}
import { randomBatch } from ${BATCHES};
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
await choose.useBackend(Deno.args[0]);
const model = new model_.BertPretrainHead(config.bertConfig("smoke", { vocabSize: 200 }), { seed: 1 });
const optimizer_ = new optimizer.AdamW(model.weights);
const batch = randomBatch({ batch: 4, length: 16 }, 200);
const losses = [];
let tensors = 0;
for (let seed = 0; seed < 20; seed++) {
  const parts = seed === 3 ? Array(9).fill(batch) : batch;
  const options = { learningRate: 1e-3, clipNorm: 1, seed };
  const found = await step.trainStep(model, optimizer_, parts, options);
  losses.push(found.totalLoss, found.gradientNorm);
  if (seed === 0) tensors = tf.memory().numTensors;
}
const { mlmLoss, mlmAccuracy } = await evaluate.evaluate(model, [batch]);
console.log(JSON.stringify({ losses: [...losses, mlmLoss, mlmAccuracy], leaked: tf.memory().numTensors - tensors }));
`.replace("* as model from", "* as model_ from");

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

async function run(backend: string) {
  const program = `data:text/typescript,${encodeURIComponent(PROGRAM)}`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `--config=${CONFIG}`, program, backend],
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/tmp" }, // Vulkan's loader needs the latter
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, out: text(stdout), err: text(stderr) };
}

const adapter = await navigator.gpu?.requestAdapter();

Deno.test("training on webgpu gives the losses of simd to 1e-5 over 20 steps, and leaks nothing", {
  ignore: !adapter,
}, async () => {
  const [gpu, cpu] = await Promise.all([run("webgpu"), run("simd")]);
  strictEqual(gpu.code, 0, gpu.err);
  const [{ losses: found, leaked }, { losses: expected }] = [gpu, cpu].map(({ out }) =>
    JSON.parse(out)
  );
  strictEqual(found.length, expected.length);
  found.forEach((loss: number, i: number) => {
    const difference = Math.abs(loss - expected[i]) / Math.max(1, Math.abs(expected[i]));
    ok(difference < 1e-5, `number ${i}: ${loss} on webgpu, ${expected[i]} on simd`);
  });
  deepStrictEqual(leaked, 0);
});

Deno.test("without a GPU the error says what is missing", { ignore: !!adapter }, async () => {
  const { err } = await run("webgpu");
  match(err, /Cannot start backend webgpu on this machine/);
  match(err, /no GPU that WebGPU can use: install a driver with Vulkan/);
});
