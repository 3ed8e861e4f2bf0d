/** The page for trying out a model: behind a server, or as a static folder. */
import { fileURLToPath } from "node:url";
import { dirname } from "node:path";
import { type FileWriter, saveFolder } from "../files/save_folder.ts";
import { replaceFile } from "../files/write.ts";
import { OBSOLETE_FILES } from "../tokenizer/tokenizer_folder.ts";
import { onnxParts, type OpenedFolder } from "./model_or_run_folder.ts";
import { pageAssets } from "./page_assets.ts";
import { bertGraph } from "./bert_onnx.ts";
import { factsOf, LibraryEngine } from "./library_engine.ts";
import { ONNX_FILES, onnxFiles } from "./onnx_folder.ts";
import type { PageFile, PageModel, RunFacts } from "./page/engine.ts";
import type { Playground } from "./play_server.ts";
import { runCharts } from "./run_charts.ts";

/** Makes the contents of a server, for `startPlayServer()`. */
export async function playground(opened: OpenedFolder): Promise<Playground> {
  const run = () => runFacts(opened, true);
  return { engine: new LibraryEngine(opened, run), assets: await pageAssets("server") };
}

/** The run that the model comes from, with its charts. */
async function runFacts({ run }: OpenedFolder, isLive: boolean): Promise<RunFacts | undefined> {
  return run === undefined ? undefined : { ...await runCharts(run), isLive };
}

/** The files of onnxruntime that the page loads. */
const RUNTIME = ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"];

const WORDS = "bert.embeddings.word_embeddings.weight";

/** The precisions that the page can load. */
const DTYPES: readonly PageFile["dtype"][] = ["fp32", "q8"];

/** The page does not load a longer file by default if there is one in 8 bits. */
const MOST_BYTES = 100e6;

/**
 * Writes the page as a static folder: HTML, modules, the model as ONNX and onnxruntime-web. Any server
 * of files can serve it, under any path. Its `model/` is a folder of transformers.js, too.
 *
 * All files are replaced or none. A model in a precision that is not written is removed.
 *
 * @param dtypes The precisions of the model to write. If there are both, the reader of the page chooses.
 * @throws {FormatError} If the `metrics.csv` of the run cannot be read.
 * @throws The errors of `saveOnnx()`, and {Error} if a file cannot be written.
 */
export async function exportPage(
  opened: OpenedFolder,
  folder: string,
  dtypes: readonly PageFile["dtype"][] = DTYPES,
): Promise<void> {
  const run = await runFacts(opened, false); // before anything is written, as it may be unreadable
  const { tokenizer } = opened;
  const written: PageFile[] = [];
  const page = (): PageModel => ({
    facts: { ...factsOf(opened), run },
    tokens: tokenizer.vocab.tokens,
    pieces: tokenizer.vocab.pieces,
    added: tokenizer.vocab.added,
    options: tokenizer.options,
    files: written.sort((a, b) => preference(a) - preference(b)),
  });
  const runtime = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web")));
  const assets = [...await pageAssets("static")].reverse(); // index.html comes last
  await saveFolder(folder, {
    ...within("model", await modelWriters(opened, dtypes, written)),
    ...within(
      "ort",
      Object.fromEntries(RUNTIME.map((name) => [name, copyOf(`${runtime}/${name}`)])),
    ),
    "page.json": (path) => replaceFile(path, JSON.stringify(page())), // after the model, which it describes
    ...Object.fromEntries(assets.map(([name, { body }]) => [name, writerOf(body)])),
  }, obsoleteFiles(dtypes));
}

/** Files of an earlier page that do not fit a page with these precisions. */
function obsoleteFiles(dtypes: readonly PageFile["dtype"][]): string[] {
  const others = DTYPES.filter((dtype) => !dtypes.includes(dtype));
  const names = [...OBSOLETE_FILES, ...others.map((dtype) => `onnx/${ONNX_FILES[dtype]}`)];
  return names.map((name) => `model/${name}`);
}

/** The same writers for a subfolder. */
function within(
  folder: string,
  files: Readonly<Record<string, FileWriter>>,
): Record<string, FileWriter> {
  return Object.fromEntries(
    Object.entries(files).map(([name, write]) => [`${folder}/${name}`, write]),
  );
}

function writerOf(content: string | Uint8Array): FileWriter {
  return (path) => replaceFile(path, content);
}

function copyOf(file: string): FileWriter {
  return async (path) => await replaceFile(path, await Deno.readFile(file));
}

/** The order of the files: float32 before 8 bits, unless that file is long. */
function preference({ dtype, bytes }: PageFile): number {
  if (dtype === "q8") return 1;
  return bytes > MOST_BYTES ? 2 : 0;
}

/**
 * The writers of the model with its attention weights as outputs.
 *
 * @param written Gets the page's facts about each file of the model when it has been written.
 */
async function modelWriters(
  opened: OpenedFolder,
  dtypes: readonly PageFile["dtype"][],
  written: PageFile[],
): Promise<Record<string, FileWriter>> {
  const { model, labels, sentence, maxLength } = await onnxParts(opened);
  const graphs = dtypes.map((dtype) => {
    const graph = bertGraph(model.config, model.weights, {
      dtype,
      sentence,
      classifierPooling: model.pooling,
      attentions: true,
      lastHiddenState: !opened.heads.words, // which then gives the similar words in a sentence
    });
    const write = async (path: string) => {
      const offsets = await graph.write(path);
      const { size } = await Deno.stat(path);
      written.push({ dtype, name: ONNX_FILES[dtype], bytes: size, ...tableIn(offsets) });
    };
    return [`onnx/${ONNX_FILES[dtype]}`, write] as const;
  });
  const others = onnxFiles(model, opened.tokenizer, { dtypes: [], labels, sentence, maxLength });
  return { ...Object.fromEntries(graphs), ...others };
}

function tableIn(offsets: ReadonlyMap<string, number>): Pick<PageFile, "table" | "scales"> {
  const table = offsets.get(WORDS);
  if (table !== undefined) return { table };
  return { table: offsets.get(`${WORDS}.numbers`)!, scales: offsets.get(`${WORDS}.scales`)! };
}
