/**
 * The lines of a file of any size, each with its number, read as strict UTF-8: a fault is found in
 * the line in which it is.
 */
import { FormatError } from "../errors.ts";

/** A line without its end, and its number, from 1. */
export interface Line {
  readonly text: string;
  readonly line: number;
}

const LINE_FEED = 10;
const LONGEST_LINE = 64 * 2 ** 20; // bytes: what has no line ends is not read into memory as a whole

/**
 * Lines one by one, ended by LF or CRLF; a byte-order mark at the start is dropped.
 *
 * @throws {FormatError} If a line is not UTF-8, holds a zero byte as no text does, or is very long.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let [pending, size, line] = [[] as Uint8Array[], 0, 0];
  for await (const chunk of (await Deno.open(path)).readable) {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      const lines = decode(path, join([...pending, chunk.subarray(0, end)]), line);
      for (const text of lines.slice(0, -1)) yield { text, line: ++line };
      [pending, size] = [[], 0];
    }
    pending.push(chunk.subarray(end));
    size += chunk.length - end;
    if (size <= LONGEST_LINE) continue;
    const problem = `expected lines of at most ${LONGEST_LINE / 2 ** 20} MiB, found a longer one`;
    throw new FormatError(path, `${problem}: break it into lines`, line + 1);
  }
  if (size === 0) return;
  for (const text of decode(path, join(pending), line)) yield { text, line: ++line };
}

/** Bytes as lines; what stands behind the last line end is the last one. */
function decode(path: string, bytes: Uint8Array, before: number): string[] {
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    const line = before + 1 + bytes.subarray(0, zero).filter((byte) => byte === LINE_FEED).length;
    const problem =
      "expected text, found a zero byte: is it a picture, an archive, UTF-16? Save it as UTF-8";
    throw new FormatError(path, problem, line);
  }
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: before > 0 });
  try {
    return decoder.decode(bytes).split("\n").map((text) => text.replace(/\r$/, ""));
  } catch {
    const line = before + 1 + faultyLine(bytes);
    const problem = "expected UTF-8 text, found other bytes: save it as UTF-8";
    throw new FormatError(path, problem, line);
  }
}

/** The number, from 0, of the first line that cannot be decoded. */
function faultyLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let [start, line] = [0, 0];; line++) {
    const end = bytes.indexOf(LINE_FEED, start);
    try {
      decoder.decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    } catch {
      return line;
    }
    start = end + 1;
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
