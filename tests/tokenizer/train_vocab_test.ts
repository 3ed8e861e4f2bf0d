import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";
import { unknownShare } from "bert/tokenizer/unknown_share.ts";
import type { Vocab } from "bert/tokenizer/vocab.ts";
import { createRng } from "bert/random.ts";

const SONG = [
  "low low low low low lower lower newest newest newest newest newest newest widest widest widest",
];

Deno.test("trainVocab() joins the pairs of Sennrich's example as a calculation by hand does", async () => {
  // "##e ##s" and "##s ##t" occur 9 times each: the smaller left piece, "##e", decides. Then
  // "##es ##t" occurs 9 times. Then "##o ##w" and "l ##o" occur 7 times: "#" comes before letters.
  // Then "l ##ow" is joined.
  const alphabet = [..."deilnorstw", ..."deiorstw"].length;
  const vocab = await trainVocab(SONG, { size: 5 + alphabet + 4 });
  const letters = [..."deilnorstw", ...[..."deiorstw"].map((letter) => `##${letter}`)];
  deepStrictEqual(vocab.tokens.slice(5), [...letters, "##es", "##est", "##ow", "low"]);
});

Deno.test("trainVocab() gives the same file whatever the order of the texts", async () => {
  const texts = Array.from(
    { length: 200 },
    (_, i) => `word${i % 17} sea${i % 5} ship ${"abc"[i % 3]}tail`,
  );
  const shuffled = [...texts];
  createRng(1).shuffle(shuffled);
  const options = { size: 60 };
  deepStrictEqual(
    (await trainVocab(shuffled, options)).tokens,
    (await trainVocab(texts, options)).tokens,
  );
});

Deno.test("trainVocab() puts special tokens first and never exceeds the size", async () => {
  const vocab = await trainVocab(SONG, { size: 24 });
  deepStrictEqual(vocab.tokens.slice(0, 5), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
  ok(vocab.size <= 24);
});

Deno.test("trainVocab() does not join pairs that occur less often than minFrequency", async () => {
  const vocab = await trainVocab(["ab ab ab cd"], { size: 100, minFrequency: 2 });
  ok(vocab.has("ab"));
  ok(!vocab.has("cd"));
});

Deno.test("trainVocab() keeps the most frequent characters only", async () => {
  const vocab = await trainVocab(["aaa aaa b"], { size: 100, alphabetLimit: 1 });
  ok(!vocab.has("b"));
  strictEqual(new BertTokenizer(vocab).tokenize("b")[0], "[UNK]");
});

/** Sentences of `count` different ideographs, each of them as often as the others, without spaces. */
function ideographs(count: number): string[] {
  const chars = Array.from(
    { length: 6 * count },
    (_, i) => String.fromCodePoint(0x4e00 + i % count),
  );
  return Array.from({ length: count / 2 }, (_, i) => chars.slice(12 * i, 12 * i + 12).join(""));
}

/** The share of `[UNK]` among the tokens of texts. */
function unknown(vocab: Vocab, texts: readonly string[]): number {
  return unknownShare(new BertTokenizer(vocab), texts).share;
}

Deno.test("trainVocab() keeps every character for which size has room, even 3,102 ideographs", async () => {
  const texts = ideographs(3102);
  const roomy = await trainVocab(texts, { size: 8000 });
  strictEqual(roomy.size, 5 + 3102); // each ideograph is a word, so there are no pairs to join
  strictEqual(unknown(roomy, texts), 0);
  deepStrictEqual(roomy.notes.map(({ about }) => about), ["size"]);
});

Deno.test("trainVocab() leaves out the rarest characters if size has no room, and adds a note", async () => {
  const texts = [...ideographs(3000), "the the the"];
  const vocab = await trainVocab(texts, { size: 2500 });
  strictEqual(vocab.size, 2500);
  match(
    vocab.notes[0].finding,
    /^2500 pieces have no room for \d+ of the 3003 characters of the text/,
  );
  const share = Number(/\(([\d.]+) % of/.exec(vocab.notes[0].finding)?.[1]) / 100;
  ok(Math.abs(unknown(vocab, texts) - share) < 0.01);
  await rejects(trainVocab(texts, { size: 900 }), { message: /it must be at least 1005,/ });
});

Deno.test("trainVocab() adds a note if the text yields fewer pieces than were asked for", async () => {
  const { size, notes } = await trainVocab(SONG, { size: 1500 });
  deepStrictEqual(notes.map(({ about }) => about), ["size"]);
  strictEqual(
    notes[0].finding,
    `The vocabulary has ${size} pieces and not 1500: no other two stand side by side 2 times in the text`,
  );
  deepStrictEqual((await trainVocab(SONG, { size: 24 })).notes, []);
});

Deno.test("trainVocab() learns nothing from words that are too long for its tokenizer", async () => {
  const texts = [`${"ab".repeat(60)} ab ab`, "zzzzz ab"];
  const { tokens } = await trainVocab(texts, { size: 50, maxWordLength: 4 });
  deepStrictEqual(tokens.slice(5), ["a", "b", "##b", "ab"]);
  await rejects(trainVocab(["abcdef"], { maxWordLength: 4 }), {
    name: "RangeError",
    message:
      /^Cannot train a vocabulary as the texts hold no word of at most 4 characters: put spaces between/,
  });
});

Deno.test("trainVocab() reads asynchronous texts", async () => {
  async function* stream() {
    yield* SONG;
  }
  deepStrictEqual(
    (await trainVocab(stream(), { size: 30 })).tokens,
    (await trainVocab(SONG, { size: 30 })).tokens,
  );
});

Deno.test("a trained vocabulary covers its corpus: no [UNK]", async () => {
  const tokenizer = new BertTokenizer(await trainVocab(SONG, { size: 30 }));
  ok(!tokenizer.ids(SONG[0]).includes(tokenizer.vocab.unkId));
});

Deno.test("trainVocab() refuses texts without words, and a size without room for the alphabet", async () => {
  await rejects(trainVocab([" ", ""]), {
    name: "RangeError",
    message: /hold no word: check the corpus$/,
  });
  await rejects(trainVocab(SONG, { size: 8 }), {
    name: "ConfigError",
    message: /^Invalid size = 8: it must be at least 23, .*raise it$/,
  });
  await rejects(trainVocab(SONG, { size: 5 }), { name: "ConfigError", message: /at least 6/ });
});

Deno.test("trainVocab() splits at the same white space as the tokenizer, not at a byte-order mark", async () => {
  const vocab = await trainVocab(["a\ufeffb a\ufeffb"], { size: 30 });
  ok(vocab.has("ab"));
});

Deno.test("trainVocab() refuses limits below 1 and a bare string", async () => {
  await rejects(trainVocab(SONG, { minFrequency: 0 }), { name: "ConfigError" });
  await rejects(trainVocab(SONG, { alphabetLimit: NaN }), { name: "ConfigError" });
  await rejects(trainVocab("low lower"), {
    name: "TypeError",
    message: /pass texts, as in \[text\]$/,
  });
});
