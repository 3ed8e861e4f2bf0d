import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { tokenTable } from "bert/show/token_table.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";

const VOCAB = new Vocab([...SPECIAL_TOKENS, "sea", "ship", "<"]);
const EXAMPLE = {
  tokenIds: [2, 4, 5, 6, 3, 7, 3, 0],
  labels: [-1, 5, 6, 6, -1, -1, -1, -1],
  segmentIds: [1, 1, 1, 1, 1, 2, 2, 0],
  nspLabel: 1 as const,
  first: { document: "a", start: 0, end: 1 },
  second: { document: "b <c>", start: 2, end: 4 },
  truncated: false,
};

Deno.test("tokenTable() gives masked, random and kept tokens with targets, and the label in words", () => {
  deepStrictEqual(tokenTable(EXAMPLE, VOCAB).text.split("\n"), [
    "First segment: [CLS] [MASK]{masked: sea} sea{random: ship} ship{kept: ship} [SEP]",
    "Second segment: < [SEP]",
    "Padding: [PAD]",
    "Label 1: the second segment does not follow the first",
    '"a", sentence 1',
    '"b <c>", sentences 3 to 4',
  ]);
});

Deno.test("tokenTable() gives the same words in HTML", () => {
  const words = tokenTable(EXAMPLE, VOCAB).html.replaceAll(/<[^>]*>/g, "|").replaceAll(/\|+/g, "|");
  ok(words.includes("|First segment|, from &quot;a&quot;, sentence 1|[CLS]| |[MASK]|masked: sea|"));
  ok(words.includes("|sea|random: ship| |ship|kept: ship|"));
  ok(words.includes("|Label 1: the second segment does not follow the first|"));
});

Deno.test("tokenTable() escapes tokens and names, and gives each segment its colour", () => {
  const { html } = tokenTable(EXAMPLE, VOCAB);
  ok(html.includes("&lt;</span>") && html.includes("b &lt;c&gt;"));
  const backgrounds = [...html.matchAll(/background:(#\w+)/g)].map(([, colour]) => colour);
  strictEqual(new Set(backgrounds.slice(0, 5)).size, 1);
  strictEqual(new Set(backgrounds).size, 3);
});

Deno.test("tokenTable() gives HTML and text, never a picture", () => {
  deepStrictEqual(Object.keys(tokenTable(EXAMPLE, VOCAB).bundle()), ["text/html", "text/plain"]);
});
