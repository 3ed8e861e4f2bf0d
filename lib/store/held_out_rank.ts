/** The random number that decides whether a document is held out. */
import { createHash } from "node:crypto";

/**
 * A pseudo-random number from 0 to below 1 that decides whether a document is held out. It depends
 * only on the name and the seed.
 */
export function rankOf(name: string, seed: number): number {
  const [high, low] = digestOf(`${seed}/${name}`);
  return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
}

/** The first eight bytes of the SHA-256 of a text. */
export function digestOf(text: string): [high: number, low: number] {
  const bytes = createHash("sha256").update(text).digest();
  return [bytes.readUInt32BE(0), bytes.readUInt32BE(4)];
}
