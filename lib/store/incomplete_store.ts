/** Refusing parts of a store on disk, which would otherwise be read as text. */
import { FormatError } from "../errors.ts";
import { isThere, namesIfThere } from "../files/optional_file.ts";
import { withoutEndSlash } from "../files/path.ts";
import { UNFINISHED } from "../files/write.ts";
import { isIndex } from "./indexed_layout.ts";
import { FACTS_FILE } from "./prepared_facts.ts";

/**
 * Throws if a path is that of a corpus that is not completely prepared, of one file of a store, or of
 * a folder with files of a store but no `prepared.json`. A store is recognised by its index; an `.idx`
 * file that is not Megatron-LM's is not a part of one.
 *
 * @throws {FormatError} If it is. The message says what to do, or what to name instead.
 *
 * @example
 * ```ts
 * import { refuseParts } from "bert/store/incomplete_store.ts";
 * import { rejects } from "node:assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/texts.idx`, "MMIDIDX\0\0");
 * await rejects(refuseParts(folder), /found texts\.idx without prepared\.json/);
 * await rejects(refuseParts(`${folder}/texts.idx`), /expected a store without the ending \.idx/);
 * ```
 */
export async function refuseParts(path: string): Promise<void> {
  const folder = withoutEndSlash(path);
  const out = folder.endsWith(UNFINISHED) ? folder.slice(0, -UNFINISHED.length) : folder;
  const names = (await namesIfThere(folder))?.sort();
  const isBegun = await namesIfThere(out + UNFINISHED) !== undefined;
  if (isBegun && (out !== folder || !names && !await isThere(folder))) {
    const problem =
      'expected a corpus that "deno task prepare" has finished, found one that it has begun';
    throw new FormatError(path, `${problem}: run it again with --out ${out}, then name ${out}`);
  }
  const [, store, ending] = folder.match(/^(.+)(\.bin|\.idx)$/) ?? [];
  if (store && await isThere(folder) && await isIndexThere(`${store}.idx`)) {
    throw new FormatError(path, `expected a store without the ending ${ending}: name ${store}`);
  }
  if (names === undefined || names.includes(FACTS_FILE)) return;
  let index: string | undefined;
  for (const name of names.filter((name) => name.endsWith(".idx"))) {
    if (await isIndexThere(`${folder}/${name}`)) index = name;
  }
  if (index === undefined) return;
  const problem = `expected the folder of a prepared corpus or texts, found ${index} without ` +
    `${FACTS_FILE}: copy the whole folder again, or if it is Megatron-LM's own, name the store`;
  throw new FormatError(path, `${problem}: ${folder}/${index.slice(0, -".idx".length)}`);
}

/** Whether there is an index of Megatron-LM at a path. */
async function isIndexThere(path: string): Promise<boolean> {
  return await isThere(path) && isIndex(path);
}
