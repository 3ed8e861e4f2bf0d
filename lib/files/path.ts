/** Paths as a person types and reads them. */
import { resolve } from "node:path";

/**
 * A path from the root, as the reader of a message may not know where a relative one starts. Where the
 * current folder may not be read, the path as it is.
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
