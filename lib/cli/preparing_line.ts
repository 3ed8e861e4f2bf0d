/** What a run does before its first step: a line for each stage, and how far it is by now. */
import type { Progress } from "../runs/corpus.ts";
import type { Output } from "./output.ts";

/** Milliseconds between two words about one stage where nobody looks. */
const RARELY = 10_000;

/**
 * Tells of stages in lines that stay, and of how far one is in a line that a terminal draws over; where
 * no terminal is, every ten seconds in a line of its own.
 *
 * @param now A clock in milliseconds, for tests.
 *
 * @example
 * ```ts
 * import { Output } from "bert/cli/output.ts";
 * import { preparingLine } from "bert/cli/preparing_line.ts";
 * import { strictEqual } from "node:assert";
 * let printed = "";
 * const write = (bytes: Uint8Array) => {
 *   printed += new TextDecoder().decode(bytes);
 *   return bytes.length;
 * };
 * const tell = preparingLine(new Output({ terminal: false, write }), () => 0);
 * tell("reading texts.csv");
 * tell("reading texts.csv", "20 documents"); // too soon to be worth a line
 * strictEqual(printed, "… reading texts.csv\n");
 * ```
 */
export function preparingLine(
  output: Output,
  now: () => number = () => performance.now(),
): Progress {
  let told = now();
  return (what, detail) => {
    if (detail === undefined) {
      if (output.terminal) output.draw("");
      told = now();
      return output.say(`… ${what}`);
    }
    if (!output.terminal && now() - told < RARELY) return;
    told = now();
    output.draw(`… ${what}: ${detail}`);
  };
}
