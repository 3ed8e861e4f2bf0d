import { strictEqual } from "node:assert";
import { Output } from "bert/cli/terminal_output.ts";
import { startupLine } from "bert/cli/startup_status.ts";

/** The output for two stages, of which the first takes twelve seconds. */
function printed(terminal: boolean): string {
  let text = "";
  let time = 0;
  const write = (bytes: Uint8Array) => {
    text += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  const tell = startupLine(new Output({ terminal, write }), () => time);
  tell("reading");
  for (const detail of ["1 document", "2 documents"]) {
    time += 6_000;
    tell("reading", detail);
  }
  tell("counting");
  return text;
}

Deno.test("startupLine() redraws the progress of a stage, and leaves a line for each stage", () => {
  const clear = "\r\x1b[K";
  strictEqual(
    printed(true),
    `${clear}${clear}… reading\n${clear}… reading: 1 document${clear}… reading: 2 documents` +
      `${clear}${clear}… counting\n`,
  );
});

Deno.test("startupLine() prints a line every ten seconds where there is no terminal", () => {
  strictEqual(printed(false), "… reading\n… reading: 2 documents\n… counting\n");
});
