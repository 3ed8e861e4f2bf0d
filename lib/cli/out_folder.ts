/** The folder that a task writes into, which may hold somebody's files. */
import { ConfigError } from "../errors.ts";
import { isSystemError, writeError } from "../files/write.ts";

/**
 * Throws unless a folder is not there or is empty, so that nothing of it is replaced unasked.
 *
 * @param option What named the folder, as it is typed: "OUT" or "--export".
 * @throws {ConfigError} If it holds something, or is a file.
 * @throws {Error} If it cannot be looked into.
 */
export async function checkEmpty(option: string, folder: string): Promise<void> {
  const [first] = await namesIn(option, folder);
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
