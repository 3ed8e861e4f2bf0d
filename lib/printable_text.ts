/** Text without characters that would disturb a terminal. */

/** Control characters except tab and line feed, and characters that change the direction of text. */
// deno-lint-ignore no-control-regex -- these are the characters to find
const UNPRINTABLE = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Escapes the control characters of a text, as in `\x1b[2J`: otherwise a corpus or the name of a file
 * could clear the screen of a terminal or rename its window.
 *
 * @returns The text with escapes; tabs and line feeds stay as they are.
 *
 * @example
 * ```ts
 * import { printable } from "bert/printable_text.ts";
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
