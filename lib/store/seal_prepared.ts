/** The last step of `prepare()`: it writes checksums and digests of the files, then `prepared.json`. */
import { ARRAY, checkArguments, having, TEXT } from "../checks.ts";
import { replaceFile, UNFINISHED } from "../files/write.ts";
import { BlockSummer } from "./block_checksums.ts";
import { describeFile, piecesOf } from "./file_digest.ts";
import { SUMS } from "./prepared.ts";
import { FACTS_FILE, factsText, type PreparedFacts, type StoredFile } from "./prepared_facts.ts";

/**
 * Makes a folder a prepared corpus, which `openPrepared()` opens as long as none of its files
 * changes.
 *
 * @param names The names of the stores in it, as in `["train", "held_out"]`, which must be finished.
 * @param facts The facts of the corpus, except those of the files.
 * @param signal Ends it by throwing the signal's reason; the call can be repeated.
 *
 * @example
 * ```ts
 * import { IndexedWriter } from "bert/store/indexed_writer.ts";
 * import { openPrepared } from "bert/store/prepared.ts";
 * import { sealFolder } from "bert/store/seal_prepared.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { strictEqual } from "node:assert";
 * const folder = await Deno.makeTempDir();
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "call", "me"]));
 * await tokenizer.save(folder);
 * using writer = IndexedWriter.create(`${folder}/train`, "uint16");
 * writer.add([[5, 6], [6]]);
 * writer.finish();
 * await sealFolder(folder, ["train"], {
 *   documents: 1,
 *   sentences: 2,
 *   tokens: 3,
 *   histogram: [0, 0, 0, 0, 0, 1, 2],
 *   heldOut: { documents: 0, sentences: 0, tokens: 0 },
 *   unknownShare: 0,
 *   duplicates: 0,
 *   short: 0,
 *   sources: ["mine.txt"],
 *   tokenizer: tokenizer.options,
 *   locale: "en",
 * });
 * using corpus = await openPrepared(folder);
 * strictEqual(corpus.train.tokens, 3);
 * ```
 */
export async function sealFolder(
  folder: string,
  names: readonly string[],
  facts: Omit<PreparedFacts, "files">,
  signal?: AbortSignal,
): Promise<void> {
  checkArguments("sealFolder(folder, names, facts, signal)", [
    ["folder", folder, TEXT],
    ["names", names, ARRAY],
    ["facts", facts, having("facts of a corpus", "histogram")],
  ]);
  for (const name of names) {
    const summer = new BlockSummer();
    for await (const piece of piecesOf(`${folder}/${name}.bin`, signal)) summer.add(piece);
    await replaceFile(`${folder}/${name}${SUMS}`, new Uint8Array(summer.sums().buffer));
  }
  const found = Array.from(Deno.readDirSync(folder)).filter(({ isFile }) => isFile);
  const files: Record<string, StoredFile> = {};
  for (const name of found.map(({ name }) => name).sort()) {
    const path = `${folder}/${name}`;
    if (name.endsWith(UNFINISHED)) Deno.removeSync(path); // a process that was killed has left it
    else if (name !== FACTS_FILE) files[name] = await describeFile(path, signal);
  }
  await replaceFile(`${folder}/${FACTS_FILE}`, factsText({ ...facts, files }));
}
