import { deepStrictEqual, match, strictEqual } from "node:assert";
import { type TokenizerOptions, tokenizerOptions } from "bert/tokenizer/options.ts";
import { countWords } from "bert/tokenizer/word_counts.ts";

const findings = async (text: string, options: TokenizerOptions = {}) =>
  (await countWords([text], tokenizerOptions(options))).notes.map(({ finding }) => finding);

/** Texts with two words that become equal without accents, or with one that changes. */
const MERGED: readonly (readonly [language: string, text: string, pair: RegExp])[] = [
  [
    "German",
    "das ist schon schön und schön ist das schon",
    /"schon" and "schön"|"schön" and "schon"/,
  ],
  ["Hindi", "मेरी मरी मेरी मरी है", /"मेरी" and "मरी"|"मरी" and "मेरी"/],
  ["Japanese", "かき かぎ かき かぎ", /"かき" and "かぎ"|"かぎ" and "かき"/],
  ["Vietnamese", "ma má mà mả mã mạ", /"m.+" and "m.+" become one/],
  ["Russian", "мои мой мои мой", /"мои" and "мой"|"мой" and "мои"/],
  ["Spanish, decomposed", "ano an\u0303o ano an\u0303o", /"ano" and "año"|"año" and "ano"/],
  ["French, without a partner", "été comme hiver", /"été" becomes "ete"/],
];

for (const [language, text, pair] of MERGED) {
  Deno.test(`countWords() names words that stripping accents merges: ${language}`, async () => {
    const [finding, ...others] = await findings(text);
    match(finding, /^Stripping accents changes \d+\.\d % of the words: /);
    match(finding, pair);
    deepStrictEqual(others, []);
    deepStrictEqual(await findings(text, { stripAccents: false }), []);
    deepStrictEqual(await findings(text, { lowercase: false }), []);
    strictEqual((await findings(text, { lowercase: false, stripAccents: true })).length, 1);
  });
}

Deno.test("countWords() has no note for English, Korean and Chinese, which lose few accents or none", async () => {
  const english = "the naïve reader of a café ".concat("reads on and on ".repeat(60));
  for (const text of [english, "나는 학교에 간다", "我们去学校"]) {
    deepStrictEqual(await findings(text), []);
  }
});

Deno.test("countWords() has a note for a text with ı or İ, unless the locale lower-cases I to ı", async () => {
  const text = "ışık IŞIK ile gelir";
  const keep = { stripAccents: false };
  match((await findings(text, keep))[0], /^25\.0 % of the words have "ı" or "İ"/);
  deepStrictEqual(await findings(text, { ...keep, locale: "tr" }), []);
  deepStrictEqual(await findings(text, { lowercase: false }), []);
});

Deno.test("countWords() counts the same words in an array and in a stream, whatever separates them", async () => {
  const texts = ["The sea, the  SEA", "", " the\u00a0sea\u3000naïve\ttea\u2029the "];
  const expected = [["the", 4], ["sea", 3], [",", 1], ["naive", 1], ["tea", 1]];
  async function* stream() {
    yield* texts;
  }
  for (const given of [texts, new Set(texts), stream()]) {
    const { counts } = await countWords(given, tokenizerOptions({}));
    deepStrictEqual([...counts], expected);
  }
});

Deno.test("countWords() counts long words and very many different ones right", async () => {
  const long = "x".repeat(70); // longer than the words that the table holds
  const different = 2 ** 20 + 1000; // more than it holds
  const options = tokenizerOptions({});
  function* texts() {
    yield `${long} and ${long}`;
    for (let i = 0; i < different; i++) yield `w${i}`;
    for (let i = 0; i < different; i += 1000) yield `w${i} ${long}`;
  }
  const { counts } = await countWords(texts(), options);
  const again = Math.ceil(different / 1000);
  strictEqual(counts.size, different + 2);
  strictEqual(counts.get(long), 2 + again);
  for (let i = 0; i < different; i++) strictEqual(counts.get(`w${i}`), i % 1000 === 0 ? 2 : 1);
});
