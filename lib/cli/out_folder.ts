/** The check of the folder into which a task writes. */
import { ConfigError } from "../errors.ts";
import { isSaveComplete, SAVING } from "../files/save_folder.ts";
import { isSystemError, writeError } from "../files/write.ts";

/**
 * Throws if a folder exists and is not empty, so that a task replaces no file without `--replace`.
 *
 * @param option The option that names the folder, as it is typed: "OUT" or "--export".
 * @throws {ConfigError} If the folder has files in it, or is a file.
 * @throws {Error} If it cannot be read.
 */
export async function checkEmpty(option: string, folder: string): Promise<void> {
  const names = await namesIn(option, folder);
  const isBegun = !await isSaveComplete(folder); // what a killed save has left is no file to be kept
  const [first] = names.filter((name) => name !== SAVING || !isBegun);
  if (first === undefined) return;
  const advice = `holds ${first}: choose a new folder, or add --replace to replace what is in it`;
  throw new ConfigError(option, folder, advice);
}

async function namesIn(option: string, folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    if (error instanceof Deno.errors.NotADirectory) {
      throw new ConfigError(option, folder, "is a file, or below one: choose a new folder");
    }
    throw isSystemError(error) ? writeError(error, folder) : error;
  }
}
