/** A digest of this library's code, to compare versions. */
import { createHash } from "node:crypto";

const CODE = /\.(ts|js|wasm|json)$/;

/**
 * Computes a digest of all code in `lib/`. If the library was not loaded from a disk, it returns the
 * library's URL instead.
 *
 * @example
 * ```ts
 * import { libraryDigest } from "bert/cli/library_digest.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(await libraryDigest(), await libraryDigest());
 * ```
 */
export async function libraryDigest(): Promise<string> {
  const root = new URL("../", import.meta.url);
  if (root.protocol !== "file:") return root.href;
  const hash = createHash("sha256");
  for (const path of (await Array.fromAsync(codeIn(""))).sort()) {
    hash.update(`${path}\0`).update(await Deno.readFile(new URL(path, root)));
  }
  return hash.digest("hex").slice(0, 12);

  async function* codeIn(folder: string): AsyncGenerator<string> {
    for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
      if (isDirectory) yield* codeIn(`${folder}${name}/`);
      else if (CODE.test(name)) yield `${folder}${name}`;
    }
  }
}
