import { deepStrictEqual, match, rejects, strictEqual, throws } from "node:assert";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { loadVocab, saveVocab, SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";

const TOKENS = [...SPECIAL_TOKENS, "sea", "##s"];

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Vocab finds ids, tokens and the special ones", () => {
  const vocab = new Vocab(TOKENS);
  strictEqual(vocab.size, 7);
  strictEqual(vocab.idOf("##s"), 6);
  strictEqual(vocab.idOf("ship"), vocab.unkId);
  deepStrictEqual([...vocab.specialIds], [0, 1, 2, 3, 4]);
  strictEqual(vocab.isContinuation(6), true);
  strictEqual(vocab.isContinuation(5), false);
});

Deno.test("Vocab finds special tokens in any line", () => {
  const vocab = new Vocab(["sea", ...SPECIAL_TOKENS.toReversed()]);
  deepStrictEqual([vocab.maskId, vocab.padId], [1, 5]);
});

Deno.test("saveVocab() and loadVocab() give back the same tokens and leave nothing else", () =>
  withFolder(async (folder) => {
    await saveVocab(`${folder}/vocab.txt`, new Vocab(TOKENS));
    deepStrictEqual((await loadVocab(`${folder}/vocab.txt`)).tokens, TOKENS);
    deepStrictEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name), ["vocab.txt"]);
  }));

Deno.test("loadVocab() reads CRLF, a byte-order mark and a last line without an end", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/vocab.txt`, "\ufeff" + TOKENS.join("\r\n"));
    deepStrictEqual((await loadVocab(`${folder}/vocab.txt`)).tokens, TOKENS);
  }));

Deno.test("tokenOf() refuses an unknown id and says which ids there are", () => {
  throws(() => new Vocab(TOKENS).tokenOf(7), {
    name: "RangeError",
    message: "Cannot find the token of id 7: ids are 0 to 6",
  });
});

Deno.test("loadVocab() reads empty and repeated lines as transformers does: the later id counts", () =>
  withFolder(async (folder) => {
    const path = `${folder}/vocab.txt`;
    const lines = [...SPECIAL_TOKENS, "sea", "", "ship \t", "sea", "##s\u00a0", "", ""];
    await Deno.writeTextFile(path, lines.join("\n"));
    const vocab = await loadVocab(path);
    const tokenizer = new BertTokenizer(vocab);
    // "sea ships" is [8, 7, 9] in transformers 5.24
    deepStrictEqual(tokenizer.ids("sea ships"), [8, 7, 9]);
    strictEqual(vocab.size, 10);
    strictEqual(vocab.idOf("sea"), 8);
    deepStrictEqual(vocab.notes.map(({ about }) => about), ["lines"]);
    match(vocab.notes[0].finding, /"sea" of line 6 occurs again later, line 7 is empty$/);
    await saveVocab(path, vocab);
    deepStrictEqual((await loadVocab(path)).tokens, vocab.tokens);
    await tokenizer.save(folder);
    deepStrictEqual((await BertTokenizer.fromPretrained(folder)).ids("sea ships"), [8, 7, 9]);
    await Deno.remove(path);
    deepStrictEqual((await BertTokenizer.fromPretrained(folder)).ids("sea ships"), [8, 7, 9]);
    strictEqual(vocab.extend(["whale"]).idOf("whale"), 10);
  }));

Deno.test("extend() refuses a token that exists already or is given twice", () => {
  const vocab = new Vocab(TOKENS);
  for (const tokens of [["sea"], ["whale", "whale"]]) {
    throws(() => vocab.extend(tokens), { name: "FormatError", message: /found ".*" again$/ });
  }
});

Deno.test("Vocab names both lines of a token that occurs twice", () => {
  throws(() => new Vocab([...TOKENS, "sea"], "vocab.txt"), {
    name: "FormatError",
    message:
      'Cannot read vocab.txt, line 8: expected each token once, found "sea" again (first in ' +
      "line 6): leave one of the two out",
  });
});

Deno.test("Vocab names an empty line and a missing special token", () => {
  throws(() => new Vocab(["[PAD]", ""], "v"), {
    message: /^Cannot read v, line 2: .*leave it out$/,
  });
  throws(() => new Vocab(TOKENS.slice(0, 4), "v"), { message: /found no \[MASK\]: add it$/ });
});

Deno.test("loadVocab() says when the file is missing or not text", () =>
  withFolder(async (folder) => {
    await rejects(loadVocab(`${folder}/none.txt`), {
      name: "FormatError",
      message: /check the path$/,
    });
    await Deno.writeFile(`${folder}/bytes.txt`, new Uint8Array([0xff, 0xfe, 0x41]));
    await rejects(loadVocab(`${folder}/bytes.txt`), { name: "FormatError", message: /UTF-8/ });
  }));

Deno.test("saveVocab() leaves what it cannot replace, and no other file", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/vocab.txt`);
    await rejects(saveVocab(`${folder}/vocab.txt`, new Vocab(TOKENS)));
    deepStrictEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name), ["vocab.txt"]);
  }));

Deno.test("Vocab refuses a token that cannot be a line of its file, and cannot be changed", () => {
  for (const token of ["a\nb", "a\r", "\ud800"]) {
    throws(() => new Vocab([...SPECIAL_TOKENS, token]), { name: "FormatError", line: 6 });
  }
  throws(() => (new Vocab(SPECIAL_TOKENS).tokens as string[]).push("x"), TypeError);
});
