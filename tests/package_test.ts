/** The library as a package: its files served over HTTP, used by a program in a folder of its own. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { fileURLToPath } from "node:url";
import deno from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);

/** A user's own program: it trains three steps, saves and loads, and names no backend. */
const PROGRAM = `
import * as tf from "@tensorflow/tfjs";
import { bertConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { pretrain } from "bert/training/pretrain.ts";

const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a", "b", "c", "d"]));
const documents = [
  { name: "x", sentences: ["a", "b", "c", "d"] },
  { name: "y", sentences: ["c", "d", "a", "b"] },
];
const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 9 }), { seed: 1 });
const { steps } = await pretrain(model, {
  documents,
  tokenizer,
  data: { maxLength: 8 },
  train: { epochs: 3, batchSize: 8, maxSteps: 3 },
  seed: 1,
});
await saveModel("mine", model, tokenizer);
const loaded = await loadModel("mine");
console.log(JSON.stringify({ backend: tf.getBackend(), steps: steps.length, pieces: loaded.tokenizer.vocab.size }));
for await (const _ of Deno.stdin.readable); // until it is closed
`;

/** Serves the project's files, and calls a function with the path of each requested file. */
function serve(onRequest: (pathname: string) => void): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const { pathname } = new URL(url);
    onRequest(pathname);
    const file = await Deno.readFile(new URL(`.${pathname}`, ROOT)).catch(() => undefined);
    if (file === undefined) return new Response("not found", { status: 404 });
    const type = pathname.endsWith(".ts") ? "application/typescript" : "application/wasm";
    return new Response(file, { headers: { "content-type": type } });
  });
}

/**
 * Runs `PROGRAM` in an empty folder with a `deno.json` of its own, and checks what it prints. Before its
 * end the program waits for `done`, so that its helper threads can load their code.
 */
async function runProgram(
  config: unknown,
  permissions: string[],
  done: Promise<void> = Promise.resolve(),
): Promise<void> {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
  await Deno.writeTextFile(`${folder}/program.ts`, PROGRAM);
  const always = ["run", "--no-prompt", "--no-check", "--no-lock", "-RWE", "--allow-ffi"];
  const child = new Deno.Command(Deno.execPath(), {
    args: [...always, ...permissions, "program.ts"],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  await Promise.race([done, output]);
  await child.stdin.close();
  const { code, stdout, stderr } = await output;
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  strictEqual(code, 0, err);
  deepStrictEqual(JSON.parse(out), { backend: "simd", steps: 3, pieces: 9 });
  await Deno.remove(folder, { recursive: true });
}

Deno.test("the library trains, saves and loads when it is imported from a URL", async () => {
  const code = Promise.withResolvers<void>();
  if (navigator.hardwareConcurrency === 1) code.resolve(); // there are no helper threads on one core
  const worker = "/lib/backend/simd/thread_pool_worker.ts";
  await using server = serve((pathname) => pathname === worker && code.resolve());
  const host = `127.0.0.1:${server.addr.port}`;
  const imports = { ...deno.imports, "bert/": `http://${host}/lib/` };
  const permissions = [`--reload=http://${host}`, `--allow-import=${host}`, `--allow-net=${host}`];
  const never = setTimeout(() => code.reject(new Error(`${worker} was not asked for`)), 120_000);
  await runProgram({ imports }, permissions, code.promise);
  clearTimeout(never);
});

Deno.test("a project beside the library can use it with two lines of its deno.json", async () => {
  const imports = {
    "bert/": `jsr:/${deno.name}@^${deno.version}/`,
    "@tensorflow/tfjs": deno.imports["@tensorflow/tfjs"],
  };
  await runProgram({ links: [fileURLToPath(ROOT)], imports }, []);
});

Deno.test("every entry of the package is a file of the library under its own path", async () => {
  for (const [entry, file] of Object.entries(deno.exports)) {
    strictEqual(`./lib/${entry.slice(2)}`, file);
    ok((await Deno.stat(new URL(file, ROOT))).isFile);
  }
  match(deno.version, /^\d+\.\d+\.\d+$/);
});
