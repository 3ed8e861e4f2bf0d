/** Files that may be missing. */

/** The text of a file; a missing file is `undefined`. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch((error) => {
    if (isNothing(error)) return undefined;
    throw error;
  });
}

/** The synchronous form of `readTextIfThere()`. */
export function readTextIfThereSync(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (isNothing(error)) return undefined;
    throw error;
  }
}

/** Whether there is such a file. */
export async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (isNothing(error)) return false;
    throw error;
  }
}

/** Whether an error says that there is no such file, or a file where a folder should be. */
export function isNothing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}
