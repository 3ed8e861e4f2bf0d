/**
 * Reading the lines of a file of any size, each with its number. The text must be valid UTF-8; an
 * error names the line.
 */
import { FormatError } from "../errors.ts";
import { asReadError } from "./read.ts";
import { openToRead } from "./read_at.ts";

/** A line without its end, and its number, from 1. */
export interface Line {
  readonly text: string;
  readonly line: number;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const LINE_END = /\r\n|\r|\n/g;
const LONGEST_LINE = 64 * 2 ** 20; // bytes; the limit keeps a file without line ends from being read into memory

/**
 * Yields the lines of a file, which end with LF, CRLF or CR. A byte-order mark at the start of a line
 * is removed: it stands at the start of the file, or where files were joined.
 *
 * @param path The file, for error messages.
 * @param chunks Its bytes. Default: those of the file at `path`.
 * @throws {FormatError} If the file cannot be read, or a line is not UTF-8, has a zero byte, or is
 * longer than 64 MiB.
 */
export async function* readLines(
  path: string,
  chunks: AsyncIterable<Uint8Array> = fileBytes(path),
): AsyncGenerator<Line> {
  let pending: Uint8Array[] = [];
  let size = 0;
  let line = 0;
  for await (const chunk of chunks) {
    const end = lastLineEnd(chunk);
    if (end > 0) {
      const lines = decode(path, joinBytes([...pending, chunk.subarray(0, end)]), line);
      for (const text of lines.slice(0, -1)) yield { text: withoutMark(text), line: ++line };
      pending = [];
      size = 0;
    }
    pending.push(chunk.subarray(end));
    size += chunk.length - end;
    if (size <= LONGEST_LINE) continue;
    const problem = `expected lines of at most ${LONGEST_LINE / 2 ** 20} MiB, found a longer one`;
    throw new FormatError(path, `${problem}: break it into lines`, line + 1);
  }
  if (size === 0) return;
  const lines = decode(path, joinBytes(pending), line);
  if (lines.length > 1 && lines.at(-1) === "") lines.pop(); // a CR was the end of the file
  for (const text of lines) yield { text: withoutMark(text), line: ++line };
}

const BYTE_ORDER_MARK = 0xfeff;

function withoutMark(line: string): string {
  return line.charCodeAt(0) === BYTE_ORDER_MARK ? line.slice(1) : line;
}

/**
 * The bytes of a file, piece by piece.
 *
 * @throws {FormatError} If the operating system cannot read it.
 */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  const file = await openToRead(path);
  try {
    yield* file.readable;
  } catch (error) {
    throw asReadError(error, path);
  }
}

/**
 * The index at which the last line of a chunk begins. A CR at the end of the chunk may be half of a
 * CRLF and does not count yet.
 */
function lastLineEnd(chunk: Uint8Array): number {
  const feed = chunk.lastIndexOf(LINE_FEED) + 1;
  return feed > 0 ? feed : chunk.subarray(0, -1).lastIndexOf(CARRIAGE_RETURN) + 1;
}

/**
 * Splits bytes into lines; what follows the last line end is the last line.
 *
 * @param before The number of lines before these.
 */
function decode(path: string, bytes: Uint8Array, before: number): string[] {
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    const problem =
      "expected text, found a zero byte: is it a picture, an archive, UTF-16? Save it as UTF-8";
    const line = before + splitBytes(bytes.subarray(0, zero)).length;
    throw new FormatError(path, problem, line);
  }
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    return decoder.decode(bytes).split(LINE_END);
  } catch {
    const line = before + 1 + splitBytes(bytes).findIndex((part) => !isUtf8(part));
    const problem = "expected UTF-8 text, found other bytes: save it as UTF-8";
    throw new FormatError(path, problem, line);
  }
}

/** The bytes of each line, without its end. */
function splitBytes(bytes: Uint8Array): Uint8Array[] {
  const oneByOne = new TextDecoder("latin1").decode(bytes); // a character for each byte
  const lines: Uint8Array[] = [];
  let start = 0;
  for (const { index, 0: end } of oneByOne.matchAll(LINE_END)) {
    lines.push(bytes.subarray(start, index));
    start = index + end.length;
  }
  lines.push(bytes.subarray(start));
  return lines;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Joins parts of a file into one array. A single part is returned as it is, not copied. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
