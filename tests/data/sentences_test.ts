import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { splitSentences } from "bert/data/sentences.ts";

/** Each row: a text, and where it has to be split, shown by `|`. */
const CASES = [
  "One sentence.",
  "It rained. | We sailed! | Did you? | Yes…",
  "Mr. Smith met Mrs. Jones and Dr. Brown. | They talked.",
  "Capt. Ahab sailed with the Rev. Father Mapple. | He returned.",
  "We saw whales, e.g. sperm whales, i.e. big ones. | They dived.",
  "See No. 5 in vol. 3, Fig. 2 and p. 17. | It is there.",
  "He said no. | She said yes.",
  "It is a work of art. | Look at it.",
  "He lives in St. Louis. | She lives near Mt. Washington.",
  "J. R. R. Tolkien wrote it. | So did C. S. Lewis.",
  "The U.S. Army came. | The war ended.",
  "He left the U.S. | It was 1850.",
  "It opens at 9 a.m. and closes at 5 p.m. | Come early.",
  "Ropes, sails, etc. were stored there. | All was ready.",
  "They met on Jan. 3 and Dec. 24. | Then they parted.",
  'He cried: "There she blows!" | Then he was silent.',
  "It cost $3.50. | That is 3.5 dollars.",
  "The vote was 10 vs. 12. | It failed.",
  "Smith et al. found it. | Nobody else did.",
  "It is I. | Who else?",
  "Smith v. Jones was decided. | So was Brown vs. Board.",
  "He has a Ph.D. | He lives in Washington, D.C. | It is hot.",
];

for (const marked of CASES) {
  Deno.test(`splitSentences() splits ${JSON.stringify(marked)}`, () => {
    deepStrictEqual(splitSentences(marked.replaceAll(" | ", " ")), marked.split(" | "));
  });
}

Deno.test("splitSentences() joins lines of a paragraph and parts paragraphs", () => {
  deepStrictEqual(splitSentences("a line\nthat goes on\r\n\r\nanother paragraph"), [
    "a line that goes on",
    "another paragraph",
  ]);
});

Deno.test("splitSentences() of nothing is nothing", () => {
  deepStrictEqual(splitSentences(""), []);
  deepStrictEqual(splitSentences(" \n\n \t "), []);
});

Deno.test("splitSentences() loses no text but white space", () => {
  const text =
    'Mr. A. B. came  to No. 7,\n i.e. home. He said "no." (Really.) The U.S. is big.  End';
  const squeeze = (s: string) => s.replace(/\s+/g, "");
  deepStrictEqual(squeeze(splitSentences(text).join("")), squeeze(text));
});

Deno.test("splitSentences() takes time in proportion to the text, also where all is one sentence", () => {
  const start = performance.now();
  strictEqual(splitSentences("A. ".repeat(100_000)).length, 1);
  strictEqual(splitSentences(`${"x".repeat(200_000)}! Y`).length, 2);
  ok(performance.now() - start < 5000); // minutes, when each part is looked at from its beginning
});
