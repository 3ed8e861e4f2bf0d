/** The digest of a corpus, by which reports and runs recognise it. */
import { createHash } from "node:crypto";
import type { Document } from "./document.ts";

/** Computes the SHA-256 of documents as JSON lines `[name, sentences]`, in the given order. */
export class CorpusDigest {
  readonly #hash = createHash("sha256");

  /** Adds the next document. */
  add({ name, sentences }: Document): void {
    this.#hash.update(`${JSON.stringify([name, sentences])}\n`);
  }

  /** The digest in hexadecimal. No document can be added afterwards. */
  hex(): string {
    return this.#hash.digest("hex");
  }
}

/** The digest of documents in memory, in hexadecimal. */
export function corpusDigest(documents: Iterable<Document>): string {
  const digest = new CorpusDigest();
  for (const document of documents) digest.add(document);
  return digest.hex();
}
