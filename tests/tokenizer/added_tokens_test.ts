import { deepStrictEqual, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { type AddedToken, TokenFinder } from "bert/tokenizer/added_tokens.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { saveVocab, SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { normalizeText } from "bert/tokenizer/words.ts";
import { placedText } from "bert/tokenizer/word_offsets.ts";

const WORDS = ["the", "sea", "new", "##x", "york", "e", "##1", "[", "]", "New", "York", "cat"];
const BASE = new Vocab([...SPECIAL_TOKENS, ...WORDS]);

function tokens(text: string, added: (string | AddedToken)[], lowercase = true): string[] {
  return new BertTokenizer(BASE.addTokens(added), { lowercase }).tokenize(text);
}

Deno.test("addTokens() puts new tokens after the pieces, keeps the ids of pieces, and cuts words as before", () => {
  const vocab = BASE.addTokens(["[E1]", "sea", { content: "newx", singleWord: true }]);
  strictEqual(vocab.size, BASE.size + 2);
  strictEqual(vocab.pieces, BASE.size);
  strictEqual(vocab.idOf("[E1]"), BASE.size);
  strictEqual(vocab.idOf("sea"), BASE.idOf("sea"));
  deepStrictEqual([vocab.isSpecial(BASE.size), vocab.isSpecial(BASE.size + 1)], [true, false]);
  // "newx" is not a piece: in a longer word, the old pieces are found
  deepStrictEqual(tokens("newx newxx", [{ content: "newx", singleWord: true }]), [
    "newx",
    "new",
    "##x",
    "##x",
  ]);
});

Deno.test("addTokens() uses spare rows before it makes new ones", () => {
  const grown = BASE.addTokens(["[E1]"]).withSpares(["[spare18]", "[spare19]"]);
  const vocab = grown.addTokens(["[E2]"]);
  strictEqual(vocab.size, grown.size);
  strictEqual(vocab.idOf("[E2]"), BASE.size + 1);
  strictEqual(vocab.tokenOf(BASE.size + 2), "[spare19]");
});

Deno.test("an added token is found as typed, or as normalised, or only as a word, as its flags say", () => {
  const text = "New York, NEW YORK; newyork new york";
  const content = "New York";
  const found = (token: AddedToken, lowercase?: boolean) =>
    tokens(text, [token], lowercase).filter((token) => token === content).length;
  strictEqual(found({ content }), 3);
  strictEqual(found({ content, normalized: false }), 1);
  strictEqual(found({ content }, false), 1);
  const lakes = (singleWord: boolean) =>
    tokens("lake lakes lake_ lake. lake", [{ content: "lake", singleWord }])
      .filter((token) => token === "lake").length;
  strictEqual(lakes(true), 3); // the first one, the last one, and the one before the full stop
  strictEqual(lakes(false), 5);
});

Deno.test("of two added tokens that begin at the same place the longer one is found", () => {
  deepStrictEqual(tokens("[E1][E", ["[E", "[E1]"]), ["[E1]", "[E"]);
});

Deno.test("offsets of added tokens are those of the text as typed, and ids() gives the ids of encode()", () => {
  const vocab = BASE.addTokens(["[E1]", { content: "New York" }, {
    content: "sea",
    singleWord: true,
  }]);
  const tokenizer = new BertTokenizer(vocab);
  const text = "The [E1]\tN\u0301EW York sea.";
  const { tokens: found, offsets, tokenIds } = tokenizer.encode(text);
  const typed = found.map((token, i) => [token, text.slice(...offsets[i])]);
  deepStrictEqual(typed.slice(1, -1), [
    ["the", "The"],
    ["[E1]", "[E1]"],
    ["New York", "N\u0301EW York"],
    ["sea", "sea"],
    ["[UNK]", "."],
  ]);
  deepStrictEqual(tokenizer.ids(text), tokenIds.slice(1, -1));
});

/** Whether the normalised texts of two tokens are equal, which is refused. */
function hasTwins(added: readonly AddedToken[]): boolean {
  const kept = new Map(added.map((token) => [token.content, token]));
  const normal = [...kept.values()].filter(({ normalized }) => normalized)
    .map(({ content }) => normalizeText(content, {}));
  return new Set(normal).size < normal.length;
}

Deno.test("ids() and encode() agree whatever tokens are added and whatever the text", () => {
  const word = fc.constantFrom(
    "sea",
    "New York",
    "[E1]",
    "猫",
    "É",
    " x",
    "e1",
    "SEA",
    "İ",
    "\u0301",
  );
  const token = fc.record({ content: word, normalized: fc.boolean(), singleWord: fc.boolean() });
  const text = fc.array(fc.oneof(word, fc.string({ unit: "grapheme", maxLength: 3 })), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(
      fc.array(token, { maxLength: 4 }),
      text,
      fc.boolean(),
      (added, parts, lowercase) => {
        fc.pre(!lowercase || !hasTwins(added));
        const tokenizer = new BertTokenizer(BASE.addTokens(added), { lowercase });
        const typed = parts.join("");
        const { tokenIds, offsets } = tokenizer.encode(typed);
        deepStrictEqual(tokenizer.ids(typed), tokenIds.slice(1, -1));
        for (const [start, end] of offsets) strictEqual(start <= end && end <= typed.length, true);
      },
    ),
  );
});

Deno.test("placedText() gives the text of normalizeText()", () => {
  const options = fc.record({
    lowercase: fc.boolean(),
    stripAccents: fc.constantFrom(null, true, false),
    locale: fc.constantFrom(null, "tr"),
    maxWordLength: fc.constant(100),
  });
  const text = fc.string({ unit: "grapheme" }).map((text) => `${text} 猫\tÉI\u0307 豈`);
  fc.assert(fc.property(text, options, (text, options) => {
    const { text: placed, starts, ends } = placedText(text, options);
    strictEqual(placed, normalizeText(text, options));
    strictEqual(starts.length, placed.length);
    strictEqual(ends.length, placed.length);
  }));
});

Deno.test("tokens that are empty, have a line break, or cannot be in the file are refused", async () => {
  for (const content of ["", "a\nb", "\ud800"]) {
    throws(() => BASE.addTokens([content]), { name: "FormatError" });
  }
  const vocab = BASE.addTokens(["[E1]"]);
  throws(() => vocab.extend(["lake"]), /Cannot add pieces after the added token "\[E1\]"/);
  const path = await Deno.makeTempFile();
  await saveVocab(path, BASE);
  const before = await Deno.readTextFile(path);
  await saveVocab(path, vocab).then(() => {
    throw new Error("saved");
  }, ({ message }) => strictEqual(/no place for the added token "\[E1\]"/.test(message), true));
  strictEqual(await Deno.readTextFile(path), before);
  const twice = new Vocab([...SPECIAL_TOKENS, "sea", "sea"], "it", { repeats: "later" });
  throws(() => twice.addTokens(["[E1]"]), /after pieces that occur twice/);
});

Deno.test("a TokenFinder without tokens finds nothing", () => {
  const finder = new TokenFinder([]);
  strictEqual(finder.mayFind("text"), false);
  deepStrictEqual([...finder.split("text")], [{ text: "text", start: 0, id: undefined }]);
});
