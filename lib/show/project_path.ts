/** Paths of the project's files, for notebooks that may lie in any of its folders. */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The path of a file or folder of this project, as seen from the current folder. A notebook runs in its
 * own folder, so that a copy in `notebooks/mine/` finds the same files as the notebook itself.
 *
 * @param path The path from the project's root, with slashes.
 * @returns The path from the current folder. If the library does not lie in a folder of this machine,
 * the path as it was given.
 *
 * @example
 * ```ts
 * import { projectPath } from "bert/show/project_path.ts";
 * import { ok } from "node:assert";
 * ok((await Deno.stat(projectPath("data/sample.csv"))).isFile);
 * ```
 */
export function projectPath(path: string): string {
  const library = new URL("../", import.meta.url);
  if (library.protocol !== "file:") return path;
  const found = relative(Deno.cwd(), join(fileURLToPath(library), "..", path));
  return found.replaceAll("\\", "/") || ".";
}
