/** Text that is safe in a terminal: printed, or pasted into a command line. */

/**
 * A text as one word of a command line, in quotes if the shell needs them. It is used for every path
 * in a printed command.
 *
 * @param system The operating system, as Windows' shells only know double quotes. Default: the
 * present one.
 *
 * @example
 * ```ts
 * import { shellWord } from "bert/terminal_text.ts";
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
 * import { printable } from "bert/terminal_text.ts";
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
