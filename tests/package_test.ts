/** The library as a package: its files served over HTTP, used by a program in a folder of its own. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import deno from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);

/** What a user's own program does: train three steps on the backend `simd`, save and load. */
const PROGRAM = `
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { pretrain } from "bert/training/pretrain.ts";

await useBackend("simd");
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
`;

/** Serves the project's files; `log` gets the path of each one that was asked for. */
function serve(log: string[]): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const { pathname } = new URL(url);
    log.push(pathname);
    const file = await Deno.readFile(new URL(`.${pathname}`, ROOT)).catch(() => undefined);
    if (file === undefined) return new Response("not found", { status: 404 });
    const type = pathname.endsWith(".ts") ? "application/typescript" : "application/wasm";
    return new Response(file, { headers: { "content-type": type } });
  });
}

Deno.test("the library trains, saves and loads when it is imported from a URL", async () => {
  const asked: string[] = [];
  const folder = await Deno.makeTempDir();
  await using server = serve(asked);
  const host = `127.0.0.1:${server.addr.port}`;
  const imports = { ...deno.imports, "bert/": `http://${host}/lib/` };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports }));
  await Deno.writeTextFile(`${folder}/program.ts`, PROGRAM);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "--no-lock",
      `--reload=http://${host}`,
      "-RWE",
      "--allow-ffi",
    ]
      .concat([`--allow-import=${host}`, `--allow-net=${host}`, "program.ts"]),
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await child.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  strictEqual(code, 0, err);
  deepStrictEqual(JSON.parse(out), { backend: "simd", steps: 3, pieces: 9 });
  ok(
    asked.includes("/lib/backend/simd/pool_worker.ts"),
    "the helper threads come from the URL, too",
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("every entry of the package is a file of the library under its own path", async () => {
  for (const [entry, file] of Object.entries(deno.exports)) {
    strictEqual(`./lib/${entry.slice(2)}`, file);
    ok((await Deno.stat(new URL(file, ROOT))).isFile);
  }
  match(deno.version, /^\d+\.\d+\.\d+$/);
});
