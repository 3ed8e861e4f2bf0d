import { deepStrictEqual, ok } from "node:assert";

/** The files of the text half: they never load tfjs. */
const TEXT_HALF = [
  "errors",
  "nearest",
  "random",
  "config",
  "sentences",
  "std_csv",
  "corpus",
  "corpus_files",
  "bundled_corpora",
  "unicode_reference",
  "text",
  "vocab",
  "folder_files",
  "config_json",
  "tokenizer_json",
  "tokenizer_files",
  "strict_json",
  "safetensors_header",
  "safetensors",
  "safetensors_file",
  "huggingface_names",
  "stored_weights",
  "word_cache",
  "offsets",
  "truncation",
  "known_options",
  "wordpiece",
  "pair_queue",
  "wordpiece_trainer",
  "document_window",
  "pair_maker",
  "nsp",
  "mlm",
  "counts",
  "report",
  "inspector",
  "bag_of_words",
  "compare",
  "repeats",
  "options",
  "durable",
  "append_file",
  "intervals",
  "interruption",
  "run_settings",
  "run_state",
  "growing_file",
  "step_means",
  "metrics",
];

/** What shows things to people; the library does not know it. */
const FRONT = [
  "notebook",
  "training_view",
  "plot",
  "heatmap",
  "figure",
  "error_bar_chart",
  "svg",
  "token_table",
  "cli",
  "runner",
  "kernel",
  "zmtp",
  "notebook_file",
  "result_picture",
  "pretrain_command",
  "progress_line",
  "run_report",
];

const files = [...Deno.readDirSync("lib")].filter(({ name }) => /(?<!\.d)\.ts$/.test(name))
  .map(({ name }) => name.slice(0, -3)).sort();

async function source(file: string): Promise<string> {
  return await Deno.readTextFile(`lib/${file}.ts`);
}

/** The files of `lib/` that a file imports; types alone do not count. */
async function importsOf(file: string): Promise<string[]> {
  const text = (await source(file)).replaceAll(/import type [^;]*;/g, "");
  const folder = file.includes("/") ? file.replace(/[^/]*$/, "") : "";
  return [...text.matchAll(/(?:from|import)\s*\(?"\.\/([\w/]+)\.ts"/g)].map(([, name]) =>
    folder + name
  );
}

async function reach(file: string, seen = new Set<string>()): Promise<Set<string>> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const next of await importsOf(file)) await reach(next, seen);
  return seen;
}

Deno.test("no import goes in a circle", async () => {
  for (const file of files) {
    for (const next of await importsOf(file)) {
      ok(!(await reach(next)).has(file), `${file} imports ${next}, which leads back to it`);
    }
  }
});

Deno.test("the text half never reaches tfjs", async () => {
  for (const file of TEXT_HALF) {
    for (const reached of await reach(file)) {
      ok(
        !/^import (?!type)[^;]*"@tensorflow/m.test(await source(reached)),
        `${file} reaches ${reached}`,
      );
    }
  }
});

Deno.test("the library does not know the notebooks", async () => {
  for (const file of files.filter((name) => !FRONT.includes(name))) {
    for (const next of await importsOf(file)) {
      ok(!FRONT.includes(next), `${file} imports ${next}`);
    }
  }
});

Deno.test("randomness is always an argument, and nothing is evaluated", async () => {
  const found: string[] = [];
  for (const file of files) {
    const code = (await source(file)).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    if (/Math\.random|tf\.random|\beval\(|new Function/.test(code)) found.push(file);
  }
  deepStrictEqual(found, []);
});

Deno.test("no file has grown beyond reading at a sitting", async () => {
  for (const file of files) {
    const lines = (await source(file)).split("\n").length;
    ok(lines <= 370, `${file} has ${lines} lines`);
  }
});
