/** Hashes of texts, to find equal ones without comparing all pairs. */
import type { Document } from "./document.ts";

/** A hash of a document's text, regardless of how it is split into sentences. */
export function documentHash({ sentences }: Document): number {
  const hash = new Fnv53();
  for (const [i, sentence] of sentences.entries()) {
    if (i > 0) hash.add(" ");
    hash.add(sentence);
  }
  return hash.value;
}

/** A hash of a text, of 53 bits: two different texts have the same one with probability 2^-53. */
export function textHash(text: string): number {
  const hash = new Fnv53();
  hash.add(text);
  return hash.value;
}

/** Two 32-bit hashes of the UTF-16 units, FNV-1a and a variant, of which 32 and 21 bits are used. */
class Fnv53 {
  #a = 0x811c9dc5;
  #b = 0x1b873593;

  add(text: string): void {
    let a = this.#a;
    let b = this.#b;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(b ^ unit, 0x5bd1e995);
      b ^= b >>> 15;
    }
    this.#a = a;
    this.#b = b;
  }

  get value(): number {
    return (this.#a >>> 0) * 2 ** 21 + ((this.#b ^ (this.#b >>> 13)) >>> 11);
  }
}
