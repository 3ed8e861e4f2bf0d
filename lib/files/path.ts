/** Paths as a person types and reads them. */
import { resolve } from "node:path";

/**
 * The absolute form of a path, for messages: their reader may not know to which folder a relative path
 * refers. The path is unchanged if Deno may not read the current folder.
 */
export function absolutePath(path: string): string {
  try {
    return resolve(path);
  } catch {
    return path;
  }
}

/**
 * The path of a folder without slashes at its end, so that `data/x/` and `data/x` are the same.
 *
 * @example
 * ```ts
 * import { withoutEndSlash } from "bert/files/path.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(withoutEndSlash("data/x/"), "data/x");
 * strictEqual(withoutEndSlash("/"), "/");
 * ```
 */
export function withoutEndSlash(path: string): string {
  return path.replace(/(?<=.)[/\\]+$/, "");
}
