/** Files that may be missing. */

/** The text of a file; undefined if there is no such file. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch((error) => {
    if (saysMissing(error)) return undefined;
    throw error;
  });
}

/** The synchronous form of `readTextIfThere()`. */
export function readTextIfThereSync(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (saysMissing(error)) return undefined;
    throw error;
  }
}

/** Whether there is a file at a path, and not a folder. */
export async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (saysMissing(error)) return false;
    throw error;
  }
}

/** Whether an error says that there is no such file, or that a folder of its path is a file. */
export function saysMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}
