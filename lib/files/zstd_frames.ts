/**
 * The frames of a Zstandard file. The decoder of `node:zlib`, which checks the sums of the text,
 * ignores what follows a frame in the piece in which it ends, and does not notice that a file ends too
 * early. So the ends of frames are found here, by their headers, and each frame begins a new piece.
 *
 * Source: RFC 8878, sections 3.1.1 and 3.1.2.
 */
import { joinBytes } from "./lines.ts";

/** The first bytes of a frame. */
const MAGIC = 0xfd2fb528;

/** Those of a frame that decoders skip: this, or one of the 15 numbers after it. */
const SKIPPABLE = 0x184d2a50;

/** The kind of a block that is one byte, repeated. */
const REPEATED = 1;

/** Bytes that arrive in pieces, and are taken in other pieces. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Whether all bytes have been taken. */
  async isAtEnd(): Promise<boolean> {
    while (this.#piece.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done) return true;
      this.#piece = value;
    }
    return false;
  }

  /** Takes the next `count` bytes. Throws `RangeError` if there are fewer. */
  async take(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      if (await this.isAtEnd()) throw new RangeError("it ends within a frame");
      const part = this.#piece.subarray(0, count - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#piece = this.#piece.subarray(part.length);
    }
    return bytes;
  }

  /** Takes no more bytes, and closes where they come from. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

/**
 * The bytes of all frames in pieces, each of which belongs to one block of one frame. Frames that
 * decoders have to skip are left out.
 *
 * @throws {RangeError} If the file does not consist of whole frames.
 */
export async function* allFrames(source: ByteSource): AsyncGenerator<Uint8Array> {
  while (!await source.isAtEnd()) yield* frameBytes(source);
}

/**
 * The bytes of the next frame: a piece for each block, and one for the sum of the text. The decoder of
 * Deno throws where nobody can catch it if it finds damage after the text of a piece has filled its
 * buffer, and in these pieces it finds damage before.
 */
async function* frameBytes(source: ByteSource): AsyncGenerator<Uint8Array> {
  const magic = await source.take(4);
  if (numberIn(magic) - SKIPPABLE >= 0 && numberIn(magic) - SKIPPABLE < 16) {
    let rest = numberIn(await source.take(4));
    for (; rest > 0; rest -= Math.min(rest, SKIPPED)) await source.take(Math.min(rest, SKIPPED));
    return;
  }
  if (numberIn(magic) !== MAGIC) throw new RangeError("what follows a frame is none");
  const descriptor = await source.take(1);
  let before = [magic, descriptor, await source.take(headerRest(descriptor[0]))];
  for (let isLast = false; !isLast;) {
    const head = await source.take(3);
    const block = numberIn(head);
    isLast = (block & 1) === 1;
    const content = await source.take((block >> 1 & 3) === REPEATED ? 1 : block >> 3);
    yield joinBytes([...before, head, content]);
    before = [];
  }
  if (descriptor[0] & 4) yield await source.take(4); // the sum of the text
}

/** How many bytes of a frame to skip are taken at a time. */
const SKIPPED = 2 ** 20;

/** The bytes of a frame's header after its descriptor: window, dictionary, size of the text. */
function headerRest(descriptor: number): number {
  const isSingle = descriptor >> 5 & 1;
  const dictionary = [0, 1, 2, 4][descriptor & 3];
  const size = [isSingle, 2, 4, 8][descriptor >> 6];
  return 1 - isSingle + dictionary + size;
}

/** The number that bytes give, the lowest first. */
function numberIn(bytes: Uint8Array): number {
  return bytes.reduceRight((number, byte) => 256 * number + byte, 0);
}
