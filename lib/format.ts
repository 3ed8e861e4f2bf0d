/** Numbers and texts as a person reads them: counts, shares, durations, and text that is safe to print. */

/**
 * A whole number with a comma between its thousands.
 *
 * @example
 * ```ts
 * import { count } from "bert/format.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(count(1234567), "1,234,567");
 * ```
 */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/**
 * A number with its noun, as `1 document` or `1,200 documents`.
 *
 * @param noun In the singular; its plural ends with an s.
 *
 * @example
 * ```ts
 * import { several } from "bert/format.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(several(1, "document"), "1 document");
 * strictEqual(several(0, "document"), "0 documents");
 * ```
 */
export function several(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * A share from 0 to 1 as a percentage.
 *
 * @param digits Digits after the point.
 *
 * @example
 * ```ts
 * import { percent } from "bert/format.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(percent(0.1234), "12.3 %");
 * strictEqual(percent(0.1234, 0), "12 %");
 * ```
 */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/**
 * Seconds as a duration, rounded to what matters: `12 s`, `5 min`, `3 h 20 min`.
 *
 * @example
 * ```ts
 * import { duration } from "bert/format.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(duration(12_000), "3 h 20 min");
 * ```
 */
export function duration(seconds: number): string {
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * A text as one word of a command line, in quotes if the shell needs them. It is used for every path
 * in a printed command.
 *
 * @param system The operating system, as Windows' shells only know double quotes. Default: the
 * present one.
 *
 * @example
 * ```ts
 * import { shellWord } from "bert/format.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(shellWord("runs/first", "linux"), "runs/first");
 * strictEqual(shellWord("my runs/Ann's", "linux"), "'my runs/Ann'\\''s'");
 * strictEqual(shellWord("C:\\\\my runs", "windows"), '"C:\\\\my runs"');
 * ```
 */
export function shellWord(text: string, system: typeof Deno.build.os = Deno.build.os): string {
  if (/^[\p{L}\p{N}@%+=:,./_\\-]+$/u.test(text) && (system === "windows" || !text.includes("\\"))) {
    return text;
  }
  return system === "windows" ? `"${text}"` : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Control characters except tab and line feed, and characters that change the direction of text. */
// deno-lint-ignore no-control-regex -- these are the characters to find
const UNPRINTABLE = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Escapes control characters of a text, as in `\x1b[2J`: otherwise a corpus or the name of a file
 * could clear the screen of a terminal or rename its window.
 *
 * @returns The text; tabs and line feeds stay as they are.
 *
 * @example
 * ```ts
 * import { printable } from "bert/format.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(printable("a\x1b[2Jb\r\n"), "a\\x1b[2Jb\\x0d\n");
 * ```
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    const digits = code.toString(16);
    return code < 0x100 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
  });
}
