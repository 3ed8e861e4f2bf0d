/** Small files read as a corpus. */
import { corpus, readAll } from "bert/data/corpus.ts";
import type { CorpusOptions, Document } from "bert/data/document.ts";

/** Writes a file into a temporary folder, reads it as a corpus, and removes the folder. */
export async function readCorpusFile(
  name: string,
  content: string | Uint8Array,
  options?: CorpusOptions,
): Promise<Document[]> {
  const folder = await Deno.makeTempDir();
  try {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(`${folder}/${name}`, bytes);
    return await readAll(corpus(`${folder}/${name}`, options));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The sentences of each document. */
export function sentencesOf(documents: readonly Document[]): (readonly string[])[] {
  return documents.map(({ sentences }) => sentences);
}
