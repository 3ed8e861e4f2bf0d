import { deepStrictEqual, strictEqual } from "node:assert";
import { createHash } from "node:crypto";
import { Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import fixture from "../../fixtures/tokenizer_parity.json" with { type: "json" };
import { BLOCKS, parityVocabulary, textsOfBlock } from "../../support/tokenizer_texts.ts";

const vocab = new Vocab(parityVocabulary());

function digest(lines: readonly string[]): string {
  return createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 8);
}

/** A digest of the ids and offsets of texts, made as the script of the fixture makes it. */
function digestOf(tokenizer: BertTokenizer, texts: readonly string[]): string {
  return digest(texts.map((text) => {
    const { tokenIds, offsets } = tokenizer.encode(text);
    return JSON.stringify([tokenIds.slice(1, -1), offsets.slice(1, -1)]);
  }));
}

Deno.test("the vocabulary and the texts are those of the reference run", () => {
  strictEqual(digest(vocab.tokens), fixture.vocabulary);
  for (const [block, { texts }] of BLOCKS.entries()) {
    strictEqual(digest(textsOfBlock(block)), texts, `block ${block}`);
  }
});

for (const [name, lowercase] of [["uncased", true], ["cased", false]] as const) {
  Deno.test(`ids and offsets of 107,000 texts equal those of transformers, ${name}`, () => {
    const tokenizer = new BertTokenizer(vocab, { lowercase, cacheSize: 200 });
    const differ = [...BLOCKS.keys()].filter((block) =>
      digestOf(tokenizer, textsOfBlock(block)) !== BLOCKS[block][name]
    );
    deepStrictEqual(differ, [], "print a block with the script that made the digests");
  });
}
