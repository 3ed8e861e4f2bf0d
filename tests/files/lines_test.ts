import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { readLines } from "bert/files/lines.ts";

/** The lines that `readLines()` makes of a content that arrives in pieces of `size` bytes. */
async function linesOf(content: string | Uint8Array, size = 1000): Promise<string[]> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  }
  const lines = await Array.fromAsync(readLines("a.txt", pieces()));
  deepStrictEqual(lines.map(({ line }) => line), lines.map((_, i) => i + 1));
  return lines.map(({ text }) => text);
}

Deno.test("readLines() ends a line at LF, CRLF and CR, mixed and split between pieces anywhere", async () => {
  const text = "\ufeffone\rtwo\r\nthree\n\n\r\r\n\u2028é中\r";
  const expected = ["one", "two", "three", "", "", "", "\u2028é中"];
  for (let size = 1; size < 30; size++) deepStrictEqual(await linesOf(text, size), expected);
});

Deno.test("readLines() yields the last line whether or not it has a line end", async () => {
  for (const end of ["", "\n", "\r\n", "\r"]) {
    deepStrictEqual(await linesOf(`a${end}`), ["a"]);
    deepStrictEqual(await linesOf(`a${end}`, 1), ["a"]);
  }
  deepStrictEqual(await linesOf(""), []);
  deepStrictEqual(await linesOf("\r"), [""]);
});

Deno.test("readLines() names the line of the fault, whatever the line ends are", async () => {
  const encoder = new TextEncoder();
  for (const end of ["\n", "\r\n", "\r"]) {
    const before = encoder.encode(["a", "é", "", "b"].join(end) + end);
    for (const size of [1, 3, 1000]) {
      const wrong = new Uint8Array([...before, 65, 0xff, 66]);
      await rejects(linesOf(wrong, size), { message: /a\.txt, line 5: expected UTF-8 text/ });
      const zero = new Uint8Array([...before, 65, 0, 66]);
      await rejects(linesOf(zero, size), { message: /a\.txt, line 5: .*found a zero byte/ });
    }
  }
});

Deno.test("readLines() reads a large text whose lines end with CR only, in linear time", async () => {
  const line = "x".repeat(49);
  const lines = await linesOf(`${line}\r`.repeat(200_000), 65_536);
  strictEqual(lines.length, 200_000);
  strictEqual(new Set(lines).size, 1);
});

Deno.test("readLines() names a file that cannot be read", async () => {
  const lines = readLines("/no/such/file.txt");
  await rejects(async () => await lines.next(), {
    name: "FormatError",
    message: /^Cannot read \/no\/such\/file\.txt: there is no such file: check the path$/,
  });
});

Deno.test("readLines() removes byte-order marks where files were joined, and keeps those within a line", async () => {
  const text = "\ufeffone\n\ufefftwo\r\nth\ufeffree\r\ufeff";
  for (let size = 1; size < 30; size++) {
    deepStrictEqual(await linesOf(text, size), ["one", "two", "th\ufeffree", ""]);
  }
});
