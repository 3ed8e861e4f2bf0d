import { match, strictEqual } from "node:assert";
import { Output } from "bert/cli/terminal_output.ts";

/** An output that takes at most `atOnce` bytes in each call, and the text that it took. */
function kept(terminal: boolean, atOnce = Infinity) {
  const taken: number[] = [];
  const write = (bytes: Uint8Array) => {
    const some = bytes.subarray(0, atOnce);
    taken.push(...some);
    return some.length;
  };
  const text = () => new TextDecoder().decode(Uint8Array.from(taken));
  return { output: new Output({ terminal, write }), text };
}

Deno.test("Output prints whole texts, even if few bytes are taken at once", () => {
  const { output, text } = kept(false, 3);
  output.say("äöü and more");
  strictEqual(text(), "äöü and more\n");
});

Deno.test("Output drops what cannot be printed, and tries again with the next text", () => {
  let full = true;
  let printed = "";
  const write = (bytes: Uint8Array) => {
    if (full) throw new Error("no space");
    printed += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  const output = new Output({ terminal: false, write });
  output.say("lost");
  full = false;
  output.say("kept");
  strictEqual(printed, "kept\n");
});

Deno.test("Output cuts a line that is overwritten at the width of the terminal, and no other line", () => {
  let printed = "";
  const write = (bytes: Uint8Array) => {
    printed += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  const output = new Output({ terminal: true, write, columns: () => 12 });
  output.draw("step 1  MLM 6.543");
  strictEqual(printed, "\r\x1b[Kstep 1  ML…"); // 11 characters: the twelfth would begin a new line
  printed = "";
  output.say("a long line that stays");
  match(printed, /a long line that stays\n/);
});

Deno.test("Output escapes control characters in lines that stay and in lines that are overwritten", () => {
  const { output, text } = kept(true);
  output.draw("drawn \x1b[2J");
  output.say("said \x1b]0;title\x07");
  output.keepLine();
  const own = text().replaceAll("\r\x1b[K", "");
  match(own, /^drawn \\x1b\[2Jsaid \\x1b\]0;title\\x07\ndrawn \\x1b\[2Jdrawn \\x1b\[2J\n$/);
});
