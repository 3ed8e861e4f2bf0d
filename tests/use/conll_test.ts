import { deepStrictEqual, rejects } from "node:assert";
import { gzipSync } from "node:zlib";
import { readConll } from "bert/use/conll.ts";

const ROOT = await Deno.makeTempDir({ prefix: "conll-" });
globalThis.addEventListener("unload", () => Deno.removeSync(ROOT, { recursive: true }));

async function file(text: string, name = "a.txt"): Promise<string> {
  await Deno.writeTextFile(`${ROOT}/${name}`, text);
  return `${ROOT}/${name}`;
}

/** The beginning of CoNLL-2003, in its format. */
const CONLL = `-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O

Peter NNP B-NP B-PER
Blackburn NNP I-NP I-PER

-DOCSTART- -X- -X- O
Rome NNP B-NP B-LOC
`;

const SENTENCES = [
  { words: ["EU", "rejects"], labels: [0, 1] },
  { words: ["Peter", "Blackburn"], labels: [2, 3] },
  { words: ["Rome"], labels: [4] },
];
const LABELS = ["B-ORG", "O", "B-PER", "I-PER", "B-LOC"];

Deno.test("readConll() takes the word from the first column and the label from the last", async () => {
  for (const text of [CONLL, CONLL.replaceAll("\n", "\r\n"), CONLL.trimEnd(), `\n\n${CONLL} \n`]) {
    deepStrictEqual(await readConll(await file(text)), { sentences: SENTENCES, labels: LABELS });
  }
  const packed = `${ROOT}/a.conll.gz`;
  await Deno.writeFile(packed, gzipSync(CONLL));
  deepStrictEqual((await readConll(packed)).sentences, SENTENCES);
});

Deno.test("readConll() separates by tabs where there are some, and by spaces elsewhere", async () => {
  const spaces = await readConll(await file("  a   O \nb\u00a0c B\n#  O\n"));
  deepStrictEqual(spaces.sentences[0].words, ["a", "b\u00a0c", "#"]);
  const tabs = await readConll(await file("New York\tNNP\tB\nx \t\tO\n"));
  deepStrictEqual(tabs, {
    sentences: [{ words: ["New York", "x"], labels: [0, 1] }],
    labels: ["B", "O"],
  });
});

Deno.test("readConll() numbers labels as it is told, and names the line of an unknown one", async () => {
  const path = await file("a O\nb B\n\nc I\n");
  const { sentences, labels } = await readConll(path, { labels: ["I", "B", "O", "X"] });
  deepStrictEqual(sentences.map((one) => one.labels), [[2, 1], [0]]);
  deepStrictEqual(labels, ["I", "B", "O", "X"]);
  await rejects(readConll(path, { labels: ["O", "B"] }), {
    name: "FormatError",
    message: `Cannot read ${path}, line 4: expected one of the labels O, B, found "I": ` +
      "add it to the option labels, or mend it",
  });
  for (const wrong of [[], ["a", "a"], ["", "O"], "ab"]) {
    await rejects(readConll(path, { labels: wrong as string[] }), {
      name: "ConfigError",
      message: /^Invalid labels = .*: it must be different names, at least one, and none empty$/,
    });
  }
});

Deno.test("readConll() names the first of many labels when it finds an unknown one", async () => {
  const path = await file("a O\n");
  const labels = Array.from({ length: 5000 }, (_, i) => `L${i}`);
  await rejects(readConll(path, { labels }), {
    name: "FormatError",
    message: `Cannot read ${path}, line 1: expected one of the labels ` +
      `${labels.slice(0, 40).join(", ")} and 4,960 more, found "O": add it to the option labels, ` +
      "or mend it",
  });
});

Deno.test("readConll() refuses a file whose first column counts the words, and reads numbers as words", async () => {
  const conllU = "1\tAnn\tPROPN\t_\n2-3\tdidn't\t_\t_\n2\tdid\tAUX\t_\n3\tn't\tPART\t_\n" +
    "3.1\tgo\t_\t_\n\n1\tYes\tINTJ\t_\n";
  for (const text of [conllU, "1 Ann B-PER O\n2 sings O O\n"]) {
    const path = await file(text);
    await rejects(readConll(path), {
      name: "FormatError",
      message:
        `Cannot read ${path}: expected words in the first column, found the numbers 1, 2, … ` +
        "of the words, as in CoNLL-U or GermEval: write lines with the word first and its label " +
        "last, and leave the numbers out",
    });
  }
  for (const text of ["1 CD O\n2 CD O\n\nAnn NNP B\n", "1 O\n\n1 B\n", "1996-97 O\n2.5 B\n"]) {
    deepStrictEqual((await readConll(await file(text))).labels, ["O", "B"]);
  }
});

const DAMAGED: readonly (readonly [text: string, line: number | undefined, problem: string])[] = [
  [
    "a O\nb\n",
    2,
    'expected a word and its label, found "b": separate word and label by a tab or a space, and ' +
    "sentences by an empty line",
  ],
  [
    "\tO\n",
    1,
    'expected a word and its label, found "\\tO": fill in both, or take the line out',
  ],
  [
    "a\t\n",
    1,
    'expected a word and its label, found "a\\t": fill in both, or take the line out',
  ],
  [
    "Ann\tB\t\n",
    1,
    'expected a word and its label, found "Ann\\tB\\t": fill in the label, or take out the tab at ' +
    "the end",
  ],
  [
    "\tNN\tO\n",
    1,
    'expected a word and its label, found "\\tNN\\tO": fill in both, or take the line out',
  ],
  [
    "a NN O\n\n# id = 1\n",
    3,
    'expected 3 columns as in line 1, found 4 in "# id = 1": separate columns by tabs if words have ' +
    "spaces in them, and take comments out",
  ],
  [
    "\n-DOCSTART- O\n\n",
    undefined,
    'expected lines such as "Rome B-LOC", found none: is it the file?',
  ],
];

Deno.test("readConll() names the file and the line of what it cannot read", async () => {
  for (const [text, line, problem] of DAMAGED) {
    const path = await file(text);
    const where = line === undefined ? path : `${path}, line ${line}`;
    await rejects(readConll(path), {
      name: "FormatError",
      message: `Cannot read ${where}: ${problem}`,
    });
  }
  await rejects(readConll(`${ROOT}/none`), /none: there is no such file: check the path/);
  await rejects(readConll(""), { name: "ConfigError" });
});
