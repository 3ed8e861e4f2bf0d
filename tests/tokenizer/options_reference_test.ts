/** Options, vocabulary files and decoding, compared with transformers. */
import { deepStrictEqual, strictEqual } from "node:assert";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { loadVocab, Vocab } from "bert/tokenizer/vocab.ts";
import reference from "../fixtures/tokenizer_options.json" with { type: "json" };

const { turkish, lines, decoded } = reference;

for (const [name, stripAccents] of [["kept", false], ["stripped", null]] as const) {
  Deno.test(`locale tr gives the ids and offsets of transformers with Turkish steps, accents ${name}`, () => {
    const tokenizer = new BertTokenizer(new Vocab(turkish.tokens), {
      locale: "tr",
      stripAccents,
      cacheSize: 0, // so that ids() and encode() each do their own work
    });
    for (const { text, ids, offsets } of turkish[name]) {
      const encoding = tokenizer.encode(text);
      deepStrictEqual(encoding.tokenIds.slice(1, -1), ids.slice(1, -1), text);
      deepStrictEqual(tokenizer.ids(text), ids.slice(1, -1), text);
      deepStrictEqual(encoding.offsets.slice(1, -1), offsets.slice(1, -1), text);
    }
  });
}

Deno.test("a vocabulary with empty and repeated lines and blanks gives the ids of transformers", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, `${lines.lines.join("\n")}\n`);
    const tokenizer = new BertTokenizer(await loadVocab(path));
    for (const { text, ids } of lines.texts) deepStrictEqual(tokenizer.encode(text).tokenIds, ids);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("decode() leaves out spaces in each token alone, as the decoder of transformers does", () => {
  const vocab = new Vocab(decoded.tokens);
  const tokenizer = new BertTokenizer(vocab, { lowercase: false });
  for (const [tokens, text] of decoded.texts) {
    const ids = tokens.split(" ").map((token) => vocab.idOf(token));
    strictEqual(tokenizer.decode(ids, { skipSpecialTokens: false }), text);
  }
});
