/** Fetching a published model from the Hugging Face hub, for the notebooks. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkText } from "../checks.ts";
import { UNFINISHED } from "../files/write.ts";

/** Where models are published. The variable `HF_ENDPOINT`, as in Python, can name a mirror of it. */
const HUB = "https://huggingface.co";
/** The weights come last: where they are, all is there. */
const NEEDED = ["config.json", "vocab.txt", "model.safetensors"];
const IF_THERE = ["tokenizer_config.json", "tokenizer.json"];

/**
 * Fetches a published BERT from the Hugging Face hub: sizes, vocabulary, weights, and how its text is
 * cut. What is in the folder already is not fetched again.
 *
 * @param name Its owner and name on the hub, such as `"google-bert/bert-base-uncased"`.
 * @param folder The folder for its files, which is made if it is not there.
 * @returns The folder, which `loadModel()` opens.
 * @throws {Error} If the hub cannot be reached or has no such file. The message names the address.
 * @throws {RangeError} If the name is not `owner/model`.
 * @throws {TypeError} If an argument is not what it has to be.
 *
 * @example
 * ```ts
 * import { fetchModel } from "bert/show/fetch_model.ts";
 * const fetchIt = false; // true: fetches 440 MB
 * if (fetchIt) await fetchModel("google-bert/bert-base-uncased", "my-model");
 * ```
 */
export async function fetchModel(name: string, folder: string): Promise<string> {
  checkText("fetchModel(name, folder)", "name", name);
  checkText("fetchModel(name, folder)", "folder", folder);
  if (!/^[\w.-]+\/[\w.-]+$/.test(name)) {
    throw new RangeError(
      `Invalid name = "${name}": expected owner/model, such as google-bert/bert-base-uncased`,
    );
  }
  await Deno.mkdir(folder, { recursive: true });
  const address = `${Deno.env.get("HF_ENDPOINT") ?? HUB}/${name}/resolve/main`;
  for (const file of [...IF_THERE, ...NEEDED]) {
    const path = join(folder, file);
    if (existsSync(path)) continue;
    const found = await download(`${address}/${file}`, path);
    if (!found && NEEDED.includes(file)) {
      throw new Error(
        `Cannot fetch ${address}/${file}: it is not there. Look for the model's name and its files ` +
          `at ${HUB}/${name}/tree/main`,
      );
    }
  }
  return folder;
}

/** Saves what is at an address, the whole file or none. Returns whether there is anything. */
async function download(address: string, path: string): Promise<boolean> {
  const response = await fetch(address).catch((error: Error) => {
    throw new Error(`Cannot fetch ${address}: ${error.message}`, { cause: error });
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    if ([401, 403, 404].includes(response.status)) return false; // the hub says 401 of what it has not
    throw new Error(`Cannot fetch ${address}: the hub answers ${response.status}. Try again later`);
  }
  const aside = path + UNFINISHED;
  try {
    await Deno.writeFile(aside, response.body);
    await Deno.rename(aside, path);
  } catch (error) {
    await Deno.remove(aside).catch(() => {});
    throw new Error(`Cannot fetch ${address} into ${path}: ${error}`, { cause: error });
  }
  return true;
}
