/** Stores of documents of the toy language, for tests: in memory, and in a folder. */
import type { Document } from "bert/data/document.ts";
import { EncodedDocuments } from "bert/data/encoded_documents.ts";
import { IndexedWriter } from "bert/store/indexed_writer.ts";
import type { DocumentSource } from "bert/store/lane_order.ts";
import { sealFolder } from "bert/store/seal_prepared.ts";
import { TOY_TOKENIZER } from "./toy.ts";

/** Documents of the toy language as a store in memory. */
export function memoryStore(documents: readonly Document[]): DocumentSource {
  const encoded = EncodedDocuments.of(documents, TOY_TOKENIZER);
  const before = [0];
  for (let i = 0; i < encoded.length; i++) {
    const { sentences } = encoded.document(i);
    before.push(before[i] + sentences.reduce((sum, { ids }) => sum + ids.length, 0));
  }
  return {
    documents: encoded.length,
    tokens: encoded.tokens,
    tokensBefore: (document) => before[document],
    documentRange: (first, end) =>
      Array.from({ length: end - first }, (_, i) => encoded.document(first + i)),
  };
}

/** Writes a prepared corpus of documents of the toy language into a folder. */
export async function prepareToy(
  folder: string,
  train: readonly Document[],
  heldOut: readonly Document[],
): Promise<void> {
  await TOY_TOKENIZER.save(folder);
  const { size, unkId } = TOY_TOKENIZER.vocab;
  const histogram = Array<number>(size).fill(0);
  const write = (name: string, documents: readonly Document[]) => {
    using writer = IndexedWriter.create(`${folder}/${name}`, "uint16");
    for (const { sentences } of documents) {
      const ids = sentences.map((text) => TOY_TOKENIZER.ids(text));
      writer.add(ids);
      if (name === "train") { for (const id of ids.flat()) histogram[id]++; }
    }
    writer.finish();
    const { documents: count, sentences, tokens } = writer.place;
    return { documents: count, sentences, tokens };
  };
  const counts = write("train", train);
  const names = heldOut.length > 0 ? ["train", "held_out"] : ["train"];
  await sealFolder(folder, names, {
    ...counts,
    heldOut: heldOut.length > 0
      ? write("held_out", heldOut)
      : { documents: 0, sentences: 0, tokens: 0 },
    histogram,
    unknownShare: histogram[unkId] / counts.tokens,
    duplicates: 0,
    short: 0,
    sources: ["toy"],
    tokenizer: TOY_TOKENIZER.options,
    locale: "en",
  });
}
