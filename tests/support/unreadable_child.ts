// deno-lint-ignore-file no-console -- this program prints its result
/**
 * Reads and writes files and folders that the system forbids, and prints as JSON the name and the
 * message of each error, with `~` for the folder. Root may read everything, so a process of root
 * becomes the user `nobody` first, which needs a process of its own.
 */
import { AppendFile, GrowingFile, lastLines } from "bert/files/growing_file.ts";
import { corpus, readAll } from "bert/data/corpus.ts";
import { bertConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { checkpointPath, CheckpointWriter, newestCheckpoint } from "bert/runs/checkpoint_files.ts";
import { readRunConfig } from "bert/runs/config_file.ts";
import { RunFolder } from "bert/runs/run_folder.ts";
import { firstState } from "bert/runs/run_state.ts";
import { useBackend } from "bert/backend/choose.ts";
import { IndexedReader } from "bert/store/indexed_reader.ts";
import { isIndex } from "bert/store/indexed_layout.ts";
import { prepare } from "bert/store/prepare.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { loadVocab, SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { MetricsFile, readMetrics } from "bert/training/metrics_file.ts";
import { embeddingOptions } from "bert/use/sentence_embeddings.ts";

/** The number of the user `nobody`. */
const NOBODY = 65534;

/** What is tried, by the name of the try: files that are forbidden, and a call. */
type Tries = Readonly<Record<string, readonly [forbidden: readonly string[], act: () => unknown]>>;

await useBackend("cpu");
const folder = await Deno.makeTempDir({ prefix: "unreadable-" });
const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a"]));
const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 6 }), { seed: 1 });

/** Makes a folder with a model, for one try. */
async function withModel(name: string): Promise<string> {
  await saveModel(`${folder}/${name}`, model, tokenizer);
  return `${folder}/${name}`;
}

async function withFile(name: string, text: string): Promise<string> {
  await Deno.writeTextFile(`${folder}/${name}`, text);
  return `${folder}/${name}`;
}

/** Makes a folder with the checkpoints of steps 1 and 2. */
async function withCheckpoints(name: string): Promise<string> {
  const path = `${folder}/${name}`;
  await Deno.mkdir(path);
  const writer = new CheckpointWriter(path, 3);
  const numbers = {
    weights: new Map(),
    optimizer: { step: 0, moments: new Map() },
    generators: {},
  };
  for (const step of [1, 2]) await writer.save({ state: { ...firstState("a"), step }, ...numbers });
  await writer.settle();
  return path;
}

async function tries(): Promise<Tries> {
  const all: Record<string, readonly [readonly string[], () => unknown]> = {};
  const names = ["config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors"];
  for (const name of names) {
    const path = await withModel(`model ${name}`);
    all[`loadModel() without ${name}`] = [[`${path}/${name}`], () => loadModel(path)];
  }
  const closed = await withModel("closed");
  const locked = await withModel("locked");
  const metrics = await withFile("metrics.csv", "split,step\n");
  const texts = await withFile("texts.txt", "One. Two.\n");
  const packed = await withFile("texts.txt.gz", "");
  const vocab = await withFile("vocab.txt", "[PAD]\n");
  const index = await withFile("store.idx", "MMIDIDX");
  await Deno.mkdir(`${folder}/folder`);
  await Deno.mkdir(`${folder}/run`);
  const runConfig = await withFile("run/config.json", "{}");
  await Deno.mkdir(`${folder}/begun`);
  const lock = await withFile("begun/lock", "");
  const modules = await withFile("folder/modules.json", "[]");
  const checkpoints = await withCheckpoints("checkpoints");
  const newest = checkpointPath(checkpoints, 2);
  const hidden = await withCheckpoints("hidden");
  const prepared = { corpus: [texts], out: `${folder}/locked/out`, vocabSize: 50 };
  return {
    ...all,
    "loadModel() of a folder": [[closed], () => loadModel(closed)],
    "saveModel()": [[locked], () => saveModel(locked, model, tokenizer)],
    "loadVocab()": [[vocab], () => loadVocab(vocab)],
    "readMetrics()": [[metrics], () => readMetrics(metrics)],
    "MetricsFile.create()": [[metrics], () => MetricsFile.create(metrics)],
    "MetricsFile.resume()": [[metrics], () => MetricsFile.resume(metrics, 1)],
    "AppendFile.create()": [[locked], () => AppendFile.create(`${locked}/a/b`)],
    "GrowingFile": [[metrics], () => Array.fromAsync(new GrowingFile(metrics).newLines())],
    "lastLines()": [[metrics], () => lastLines(metrics, 1)],
    "a text": [[texts], () => readAll(corpus(texts))],
    "a packed text": [[packed], () => readAll(corpus(packed))],
    "a folder of texts": [[closed], () => readAll(corpus(closed))],
    "embeddingOptions()": [[modules], () => embeddingOptions(`${folder}/folder`)],
    "IndexedReader.open()": [[index], () => IndexedReader.open(`${folder}/store`)],
    "isIndex()": [[index], () => isIndex(index)],
    "prepare()": [[locked], () => prepare(prepared)],
    "readRunConfig()": [[runConfig], () => readRunConfig(`${folder}/run`)],
    "RunFolder.open()": [[lock], () => RunFolder.open(`${folder}/begun`)],
    "newestCheckpoint()": [[newest], () => newestCheckpoint(checkpoints, "a")],
    "newestCheckpoint() of a folder": [[hidden], () => newestCheckpoint(hidden, "a")],
  };
}

/**
 * Makes this process one of `nobody` if it is one of root, until the end of the block of a `using`
 * declaration.
 */
function becomeNobody(): Disposable | undefined {
  if (Deno.uid() !== 0) return;
  const library = Deno.build.os === "darwin" ? "libSystem.dylib" : "libc.so.6";
  const { symbols } = Deno.dlopen(library, {
    seteuid: { parameters: ["u32"], result: "i32" },
    setegid: { parameters: ["u32"], result: "i32" },
  });
  symbols.setegid(NOBODY);
  symbols.seteuid(NOBODY);
  return {
    [Symbol.dispose]() {
      symbols.seteuid(0);
      symbols.setegid(0);
    },
  };
}

/** Calls everything that is tried, and returns the errors. */
async function errors(all: Tries): Promise<Record<string, string>> {
  using _nobody = becomeNobody();
  const found: Record<string, string> = {};
  for (const [name, [, act]] of Object.entries(all)) {
    found[name] = await Promise.try(act).then(() => "no error", inWords);
  }
  return found;
}

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return "no error";
  return `${error.name}: ${error.message.replaceAll(folder, "~")}`;
}

if (import.meta.main) {
  const all = await tries();
  const forbidden = Object.values(all).flatMap(([paths]) => paths);
  await Deno.chmod(folder, 0o755);
  for (const path of forbidden) await Deno.chmod(path, 0);
  const found = await errors(all);
  for (const path of forbidden) await Deno.chmod(path, 0o700);
  const checkpoints = [...Deno.readDirSync(`${folder}/checkpoints`)].map(({ name }) => name).sort();
  await Deno.remove(folder, { recursive: true });
  console.log(JSON.stringify({ found, checkpoints }));
}
