/** Quoting the words of a printed command where the shell needs it. */

/**
 * A text as one word of a command line, in quotes if the shell needs them. It is used for every path
 * in a printed command.
 *
 * @param system The operating system, as the shells of Windows only know double quotes. Default: the
 * one on which the program runs.
 *
 * @example
 * ```ts
 * import { shellWord } from "bert/shell_quote.ts";
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
