import fc from "fast-check";
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { cleanText } from "bert/tokenizer/words.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { anyText, SETTINGS } from "../support/arbitrary.ts";

const chars = [
  ...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)),
  ..."éüßσςıﬁか中한🇩🇪👩\u0301\u0327\u3099",
];
const pieces = "un runn the sea ##want ##ed ##ing aa ##aa".split(" ");
const vocab = new Vocab([
  ...new Set([...SPECIAL_TOKENS, ...chars, ...chars.map((char) => `##${char}`), ...pieces]),
]);
const [uncased, cased] = [true, false].map((lowercase) => new BertTokenizer(vocab, { lowercase }));
const anyTokenizer = fc.constantFrom(uncased, cased);

/** A token without the `##` of a piece inside a word. */
const bare = (token: string) => token.length > 2 && token.startsWith("##") ? token.slice(2) : token;

Deno.test("ids() of any string gives ids of the vocabulary, the same ones as encode()", () => {
  fc.assert(
    fc.property(anyTokenizer, anyText, (tokenizer, text) => {
      const ids = tokenizer.ids(text);
      ok(ids.every((id) => Number.isInteger(id) && id >= 0 && id < vocab.size));
      deepStrictEqual(tokenizer.encode(text).tokenIds.slice(1, -1), ids);
    }),
    SETTINGS,
  );
});

Deno.test("offsets lie in the text, in ascending order, and divide no surrogate pair", () => {
  fc.assert(
    fc.property(anyTokenizer, anyText, (tokenizer, text) => {
      let before = 0;
      for (const [start, end] of tokenizer.encode(text).offsets.slice(1, -1)) {
        ok(before <= start && start < end && end <= text.length);
        for (const at of [start, end]) {
          ok(!/^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(at - 1, at + 1)) || at === 0);
        }
        before = start;
      }
    }),
    SETTINGS,
  );
});

Deno.test("the text at a token's offsets is the token, except for what cleaning removes", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const { tokens, offsets } = cased.encode(text);
      for (let i = 1; i + 1 < tokens.length; i++) {
        const slice = text.slice(...offsets[i]);
        if (tokens[i] !== "[UNK]") strictEqual(cleanText(slice), bare(tokens[i]));
      }
    }),
    SETTINGS,
  );
});

Deno.test("the text that decode() returns has the same ids again", () => {
  fc.assert(
    fc.property(anyTokenizer, anyText, (tokenizer, text) => {
      const ids = tokenizer.ids(text);
      const decoded = tokenizer.decode(ids, { skipSpecialTokens: false, cleanUp: "none" });
      deepStrictEqual(tokenizer.ids(decoded), ids);
    }),
    SETTINGS,
  );
});

Deno.test("decode() restores plain words", () => {
  const word = fc.stringMatching(/^[a-z]{1,20}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      const text = words.join(" ");
      strictEqual(uncased.decode(uncased.ids(text)), text);
    }),
    SETTINGS,
  );
});

Deno.test("two texts with a space between them have the ids of the first, then those of the second", () => {
  fc.assert(
    fc.property(anyTokenizer, anyText, anyText, (tokenizer, a, b) => {
      deepStrictEqual(tokenizer.ids(`${a} ${b}`), [...tokenizer.ids(a), ...tokenizer.ids(b)]);
    }),
    SETTINGS,
  );
});

Deno.test("half a surrogate pair changes no ids", () => {
  fc.assert(
    fc.property(anyTokenizer, anyText, (tokenizer, text) => {
      const without = text.toWellFormed().replaceAll("\ufffd", "");
      deepStrictEqual(tokenizer.ids(text), tokenizer.ids(without));
    }),
    SETTINGS,
  );
});

Deno.test("a truncated pair has at most maxLength tokens, and keeps the beginning of both texts", () => {
  fc.assert(
    fc.property(
      anyTokenizer,
      anyText,
      anyText,
      fc.integer({ min: 5, max: 40 }),
      (tokenizer, a, b, maxLength) => {
        const { tokenIds, segmentIds } = tokenizer.encode(a, b, { maxLength });
        ok(tokenIds.length <= maxLength);
        for (const [segment, text] of [[1, a], [2, b]] as const) {
          const kept = tokenIds.filter((_, i) => segmentIds[i] === segment).slice(
            segment === 1 ? 1 : 0,
            -1,
          );
          deepStrictEqual(kept, tokenizer.ids(text).slice(0, kept.length));
        }
      },
    ),
    SETTINGS,
  );
});
