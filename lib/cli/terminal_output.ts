// deno-lint-ignore-file no-console -- `console` is made safe here
/**
 * The output of a task. If it cannot be printed because the terminal is closed, the pipe broken or
 * the disk full, it is dropped and the task goes on.
 */
import { printable } from "../printable_text.ts";

/** Options of an `Output`. */
export interface OutputOptions {
  /**
   * Whether it prints to a terminal, where a line can be overwritten. Default: whether standard output
   * is a terminal.
   */
  readonly terminal?: boolean;
  /** Writes bytes and returns how many were written; may throw. Default: to standard output. */
  readonly write?: (bytes: Uint8Array) => number;
  /** Returns the width of the terminal in characters. Default: that of standard output. */
  readonly columns?: () => number;
}

const CLEAR_LINE = "\r\x1b[K";

/**
 * Prints lines that stay and, at a terminal, one line below them that is overwritten. No method
 * throws. Control characters in texts are escaped.
 *
 * @example
 * ```ts
 * import { Output } from "bert/cli/terminal_output.ts";
 * import { strictEqual } from "node:assert";
 * let printed = "";
 * const write = (bytes: Uint8Array) => {
 *   printed += new TextDecoder().decode(bytes);
 *   return bytes.length;
 * };
 * const output = new Output({ terminal: false, write });
 * output.say("one line");
 * strictEqual(printed, "one line\n");
 * ```
 */
export class Output {
  /** Whether a line can be overwritten. */
  readonly terminal: boolean;
  readonly #write: (bytes: Uint8Array) => number;
  readonly #columns: () => number;
  #line = "";

  /** Prints to standard output, unless the options name another place. */
  constructor({ terminal, write, columns = terminalColumns }: OutputOptions = {}) {
    this.#columns = columns;
    this.terminal = terminal ?? Deno.stdout.isTerminal();
    this.#write = write ?? ((bytes) => Deno.stdout.writeSync(bytes));
  }

  /** Prints lines that stay. At a terminal they are above the line that is overwritten. */
  say(text: string): void {
    const lines = `${printable(text)}\n`;
    this.#print(this.terminal ? `${CLEAR_LINE}${lines}${this.#line}` : lines);
  }

  /**
   * Draws a line over the previous one. It is cut to the width of the terminal, as a wrapped line
   * cannot be overwritten. Where there is no terminal, it is printed like any other line.
   */
  draw(line: string): void {
    if (!this.terminal) return this.say(line);
    this.#line = cut(printable(line), this.#columns() - 1);
    this.#print(`${CLEAR_LINE}${this.#line}`);
  }

  /** Keeps the drawn line, so that further output begins on the next line. */
  keepLine(): void {
    if (this.#line !== "") this.#print(`${CLEAR_LINE}${this.#line}\n`);
    this.#line = "";
  }

  #print(text: string): void {
    const bytes = new TextEncoder().encode(text);
    try {
      for (let at = 0; at < bytes.length;) at += this.#write(bytes.subarray(at));
    } catch {
      // the error cannot be printed either, and a run must not end because its output is closed
    }
  }
}

/** The width of the terminal; infinite if it is not known. */
function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns || Infinity; // some terminals report 0
  } catch {
    return Infinity; // there is no terminal, or it was closed
  }
}

function cut(line: string, length: number): string {
  const characters = [...line];
  if (characters.length <= length) return line;
  return `${characters.slice(0, Math.max(0, length - 1)).join("")}…`;
}

const PRINTING = ["debug", "error", "info", "log", "warn"] as const;

/**
 * Makes `console` safe in a task: output that cannot be printed is dropped, and control characters of
 * texts are escaped.
 */
export function guardConsole(): void {
  for (const name of PRINTING) {
    const print = console[name].bind(console);
    console[name] = (...values: unknown[]) => {
      try {
        print(...values.map((value) => typeof value === "string" ? printable(value) : value));
      } catch {
        // a task must not end because its output is closed, as in `Output`
      }
    };
  }
}
