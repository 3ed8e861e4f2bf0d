/** Going over a whole file, whatever its size. */
import { createHash } from "node:crypto";

/** Bytes that are in memory at once. */
const PIECE = 2 ** 20;

/**
 * The bytes of a file from its beginning to its end; timers and signals have their turn between them.
 *
 * @param signal Ends it with the signal's reason.
 * @returns Pieces that are views of one array: a piece lasts until the next one.
 */
export async function* piecesOf(
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  const piece = new Uint8Array(Math.min(PIECE, size + 1));
  for (;;) {
    const count = await file.read(piece);
    if (count === null) return;
    signal?.throwIfAborted();
    yield piece.subarray(0, count);
  }
}

/** The size of a file and its SHA-256, in hexadecimal; ended by `signal` with its reason. */
export async function describeFile(
  path: string,
  signal?: AbortSignal,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of piecesOf(path, signal)) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}
