/** The digest of a file of any size, which is read piece by piece. */
import { createHash } from "node:crypto";
import { reading } from "../files/read.ts";
import { openToRead } from "../files/read_at.ts";

/** The number of bytes that are in memory at a time. */
const PIECE = 2 ** 20;

/**
 * Yields the bytes of a file. Timers and signals can be handled between the pieces.
 *
 * @param signal Ends the reading by throwing the signal's reason.
 * @throws {FormatError} If the operating system cannot read it.
 * @returns Pieces that are views of one array: each is valid until the next one is read.
 */
export async function* piecesOf(
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  using file = await openToRead(path);
  const { size } = await file.stat();
  const piece = new Uint8Array(Math.min(PIECE, size + 1));
  for (;;) {
    const count = await reading(path, file.read(piece));
    if (count === null) return;
    signal?.throwIfAborted();
    yield piece.subarray(0, count);
  }
}

/**
 * The size of a file and its SHA-256 in hexadecimal.
 *
 * @param signal Ends the reading by throwing the signal's reason.
 */
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
