/** Reading text files; those whose names end in `.gz` or `.zst` are decompressed, by `node:zlib`. */
import { Readable, type Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { FormatError } from "../errors.ts";
import { refuseForeignText } from "./foreign_texts.ts";
import { fileBytes } from "./lines.ts";
import { allFrames, ByteSource } from "./zstd_frames.ts";

/**
 * The decompressed bytes of a file, piece by piece.
 *
 * A `.gz` file may have several members and a `.zst` file several frames, as parallel compressors and
 * `cat` make them.
 *
 * @param onRead Is called with the number of bytes of the file that were read since the last call.
 * @throws {FormatError} If the file cannot be read, is truncated, or is not in the format that its name
 * says, such as a web page.
 */
export async function* unpackedBytes(
  path: string,
  onRead?: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const piece of unpacked(path, onRead)) {
    if (isFirst && piece.length > 0) {
      refuseForeignText(piece, path);
      isFirst = false;
    }
    yield piece;
  }
}

/** The decompressed bytes of a file, whatever they are. */
async function* unpacked(
  path: string,
  onRead?: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const format = FORMATS.find(({ ending }) => ending.test(path));
  if (!format) return yield* counted(fileBytes(path), onRead);
  const { kind, unpack } = format;
  try {
    yield* unpack(counted(begunRight(fileBytes(path), path, format), onRead));
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const { message } = error as Error;
    const problem =
      `expected a whole ${kind} file, found a damaged or truncated one (${message}): ` +
      "fetch it again";
    throw new FormatError(path, problem);
  }
}

/** Passes pieces on. Throws `FormatError` if the first one does not begin as files of the format do. */
async function* begunRight(
  pieces: AsyncIterable<Uint8Array>,
  path: string,
  { kind, ending, begins }: Format,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const piece of pieces) {
    const head = piece.subarray(0, 4);
    if (isFirst && !begins.some((bytes) => head.every((byte, i) => byte === (bytes[i] ?? byte)))) {
      refuseForeignText(piece, path.replace(ending, ""));
      const fix = "if it is plain text, take that ending off its name; otherwise fetch it again";
      throw new FormatError(path, `expected a ${kind} file, found another: ${fix}`);
    }
    isFirst = false;
    yield piece;
  }
}

/** Passes pieces on and reports their sizes. */
async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  onRead?: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield piece;
    onRead?.(piece.length);
  }
}

/** Decompresses all members, as zlib does. */
async function* gunzip(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* through(packed, createGunzip());
}

/** Decompresses all frames. */
async function* unzstd(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = new ByteSource(packed);
  try {
    if (await source.isAtEnd()) throw new RangeError("it is empty");
    yield* through(allFrames(source), createZstdDecompress());
  } finally {
    await source.close();
  }
}

/** The output of a decoder for the given input. */
async function* through(
  packed: AsyncIterable<Uint8Array>,
  decoder: Transform,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(packed);
  source.on("error", (error) => decoder.destroy(error));
  source.pipe(decoder);
  try {
    for await (const chunk of decoder) yield chunk;
  } finally {
    source.destroy();
    decoder.destroy();
  }
}

/** A format of compressed files. */
interface Format {
  readonly kind: string;
  /** The end of the names of its files. */
  readonly ending: RegExp;
  /** The first bytes of its files: one of these. */
  readonly begins: readonly (readonly number[])[];
  /** Decompresses pieces. */
  readonly unpack: (packed: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>;
}

const FORMATS: readonly Format[] = [
  { kind: "gzip", ending: /\.gz$/i, begins: [[0x1f, 0x8b]], unpack: gunzip },
  {
    kind: "Zstandard",
    ending: /\.zst$/i,
    begins: [
      [0x28, 0xb5, 0x2f, 0xfd],
      ...Array.from({ length: 16 }, (_, i) => [0x50 + i, 0x2a, 0x4d, 0x18]), // a frame to skip
    ],
    unpack: unzstd,
  },
];
