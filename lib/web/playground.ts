/** A folder that one can play with: behind a server, or as a page that needs none. */
import { fileURLToPath } from "node:url";
import { dirname } from "node:path";
import { saveFolder } from "../files/save_folder.ts";
import { replaceFile } from "../files/write.ts";
import { onnxParts, type OpenedFolder } from "./any_folder.ts";
import { pageAssets } from "./assets.ts";
import { bertGraph } from "./bert_onnx.ts";
import { factsOf, LibraryEngine } from "./library_engine.ts";
import { ONNX_FILES, saveOnnx } from "./onnx_folder.ts";
import type { Facts, PageModel, RunFacts } from "./page/engine.ts";
import type { Playground } from "./play_server.ts";
import { type RunCharts, runCharts } from "./run_charts.ts";

/** The page behind a server, for `startPlayServer()`. */
export async function playground(opened: OpenedFolder): Promise<Playground> {
  const { run } = opened;
  let charts: RunCharts | undefined;
  const read = async () => {
    if (run === undefined) return undefined;
    charts = await runCharts(run);
    return runFacts(charts, true);
  };
  return {
    engine: new LibraryEngine(opened, read),
    assets: await pageAssets("server"),
    fresh: (path) => {
      const chart = charts?.charts.find(({ file }) => file === path);
      return Promise.resolve(chart && { type: "image/svg+xml", body: chart.svg });
    },
  };
}

function runFacts({ name, step, charts }: RunCharts, isLive: boolean): RunFacts {
  return { name, step, isLive, charts: charts.map(({ title, file }) => ({ title, file })) };
}

/** The files of onnxruntime that the page loads. */
const RUNTIME = ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"];

const WORDS = "bert.embeddings.word_embeddings.weight";

/**
 * Writes the page as a static folder: HTML, modules, the model as ONNX and onnxruntime-web. Any server
 * of files can serve it, under any path. Its `model/` is a folder of transformers.js, too.
 *
 * @throws As `saveOnnx()`, and {Error} if a file cannot be written.
 */
export async function exportPage(opened: OpenedFolder, folder: string): Promise<void> {
  const offset = await saveModel(opened, `${folder}/model`);
  const { tokenizer, run } = opened;
  const charts = run === undefined ? undefined : await runCharts(run);
  const facts: Facts = { ...factsOf(opened), ...(charts && { run: runFacts(charts, false) }) };
  const page: PageModel = {
    facts,
    tokens: tokenizer.vocab.tokens,
    pieces: tokenizer.vocab.pieces,
    added: tokenizer.vocab.added,
    options: tokenizer.options,
    table: { offset, width: facts.width },
  };
  const runtime = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web")));
  for (const name of RUNTIME) {
    await put(`${folder}/ort/${name}`, await Deno.readFile(`${runtime}/${name}`));
  }
  for (const { file, svg } of charts?.charts ?? []) await put(`${folder}/${file}`, svg);
  await put(`${folder}/page.json`, JSON.stringify(page));
  const assets = [...await pageAssets("static")].reverse(); // index.html comes last
  for (const [name, { body }] of assets) await put(`${folder}/${name}`, body);
}

/** Writes the model, and says where in its file the word embeddings begin. */
async function saveModel(opened: OpenedFolder, folder: string): Promise<number> {
  const { model, labels, sentence, maxLength, dispose } = await onnxParts(opened);
  let offset = 0;
  try {
    const graph = bertGraph(model.config, model.weights, {
      dtype: "fp32",
      sentence,
      attentions: true,
    });
    await saveOnnx(model, opened.tokenizer, folder, { dtypes: [], labels, sentence, maxLength });
    await saveFolder(`${folder}/onnx`, {
      [ONNX_FILES.fp32]: async (path) => {
        offset = (await graph.write(path)).get(WORDS)!;
      },
    });
  } finally {
    dispose();
  }
  return offset;
}

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await replaceFile(path, content);
}
