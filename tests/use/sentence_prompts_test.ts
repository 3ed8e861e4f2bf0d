/**
 * Prompts and lower-casing as a folder of sentence-transformers states them, compared with the vectors
 * that sentence-transformers computes.
 */
import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { dirname } from "node:path";
import { useBackend } from "bert/backend/choose.ts";
import { BertModel } from "bert/model/bert.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { embeddingOptions, sentenceEmbeddings } from "bert/use/sentence_embeddings.ts";
import { assertClose } from "../support/assert_close.ts";

await useBackend();

interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, unknown>>;
  readonly vectors: number[][];
}

const fixtures = new URL("../fixtures/", import.meta.url);
const { vocab, texts, cases }: { vocab: string[]; texts: string[]; cases: Case[] } = JSON.parse(
  await Deno.readTextFile(new URL("prompts.json", fixtures)),
);

/** Runs a test in the folder of one of the models. */
async function inFolder({ files }: Case, test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of ["config.json", "model.safetensors"]) {
      await Deno.copyFile(new URL(`pretrained/encoder/${name}`, fixtures), `${folder}/${name}`);
    }
    await Deno.writeTextFile(`${folder}/vocab.txt`, vocab.join("\n"));
    for (const [name, content] of Object.entries(files)) {
      await Deno.mkdir(dirname(`${folder}/${name}`), { recursive: true });
      await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(content));
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const one of cases) {
  Deno.test(`sentenceEmbeddings() gives the vectors of sentence-transformers: ${one.name}`, () =>
    inFolder(one, async (folder) => {
      const bert = await BertModel.fromPretrained(folder);
      const tokenizer = await BertTokenizer.fromPretrained(folder);
      const options = await embeddingOptions(folder);
      const found = await sentenceEmbeddings(bert, tokenizer, texts, options);
      found.forEach((vector, i) => assertClose(vector, one.vectors[i], { atol: 2e-5 }));
      bert.dispose();
    }));
}

Deno.test("embeddingOptions() takes a prompt by name, and refuses unknown prompts and unusual settings", () =>
  inFolder(cases[0], async (folder) => {
    const options = await embeddingOptions(folder, "none");
    strictEqual(options.prompt, undefined);
    strictEqual((await embeddingOptions(folder)).prompt, "query: ");
    const message = /promptName = "passage": it must be one of the prompts in .*: query, none/;
    await rejects(embeddingOptions(folder, "passage"), { name: "ConfigError", message });
    const refuses = async (content: unknown, message: RegExp) => {
      const path = `${folder}/config_sentence_transformers.json`;
      await Deno.writeTextFile(path, JSON.stringify(content));
      await rejects(embeddingOptions(folder), { name: "FormatError", message });
    };
    await refuses(
      { "default_prompt_name": "query" },
      /expected a prompt "query" as default_prompt/,
    );
    await refuses({ prompts: ["query: "] }, /expected prompts to be an object/);
    await refuses({ "model_type": "SparseEncoder" }, /model_type to be SentenceTransformer/);
    await Deno.writeTextFile(`${folder}/config_sentence_transformers.json`, "{}");
    await Deno.writeTextFile(`${folder}/sentence_bert_config.json`, '{"do_lower_case": "yes"}');
    await rejects(embeddingOptions(folder), /do_lower_case to be true or false, found "yes"/);
    deepStrictEqual(Object.keys(options), ["pooling", "maxLength"]);
  }));
