/** The stages of a run before its first step: a line for each stage, and its progress. */
import type { Progress } from "../runs/run_corpus.ts";
import { Throttle } from "../throttle.ts";
import type { Output } from "./terminal_output.ts";

/** The time between two lines about one stage where there is no terminal, in milliseconds. */
const RARELY = 10_000;

/**
 * Returns a function that prints each stage as a line that stays, and its progress as a line that is
 * overwritten. Where there is no terminal, the progress is a new line every ten seconds.
 *
 * @param now A clock in milliseconds, for tests.
 *
 * @example
 * ```ts
 * import { Output } from "bert/cli/terminal_output.ts";
 * import { startupLine } from "bert/cli/startup_status.ts";
 * import { strictEqual } from "node:assert";
 * let printed = "";
 * const write = (bytes: Uint8Array) => {
 *   printed += new TextDecoder().decode(bytes);
 *   return bytes.length;
 * };
 * const tell = startupLine(new Output({ terminal: false, write }), () => 0);
 * tell("reading texts.csv");
 * tell("reading texts.csv", "20 documents"); // too soon after the line before
 * strictEqual(printed, "… reading texts.csv\n");
 * ```
 */
export function startupLine(
  output: Output,
  now: () => number = () => performance.now(),
): Progress {
  const throttle = new Throttle(output.terminal ? 0 : RARELY, now);
  return (what, detail) => {
    if (detail === undefined) {
      if (output.terminal) output.draw("");
      throttle.restart();
      return output.say(`… ${what}`);
    }
    if (throttle.isDue()) output.draw(`… ${what}: ${detail}`);
  };
}
