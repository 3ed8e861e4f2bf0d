import { deepStrictEqual, rejects } from "node:assert";
import { encodeBatch } from "bert/store/encode_batch.ts";
import { EncodePool } from "bert/store/encode_pool.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";

const raw = (name: string, text: string) => ({ name, texts: [{ text, isSentence: false }] });

Deno.test("encode() gives the results of encodeBatch(), even before begin(), with added tokens and cased text", async () => {
  const tokens = [...SPECIAL_TOKENS, "The", "sea", "the", "##s", "[X]"];
  const added = [{ content: "[X]" }];
  const vocab = new Vocab(tokens, "it", { repeats: "later", pieces: 9, added });
  const tokenizer = new BertTokenizer(vocab, { lowercase: false });
  const rules = { locale: "de", seed: 3 };
  using pool = new EncodePool(2);
  const batches = Array.from({ length: 9 }, (_, i) => [
    raw(`a ${i}`, `The seas [X] [MASK] sea. ${"The sea. ".repeat(i)} Am 3. Oktober.`),
    raw(`b ${i}`, " "),
  ]);
  const early = pool.encode(batches[0]);
  pool.begin(tokenizer, rules);
  const later = batches.slice(1).map((batch) => pool.encode(batch));
  const found = await Promise.all([early, ...later]);
  deepStrictEqual(found, batches.map((batch) => encodeBatch(batch, tokenizer, rules)));
});

Deno.test("if a thread fails, every batch is refused, and so are later ones", async () => {
  const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a"]));
  using pool = new EncodePool(1);
  pool.begin(tokenizer, { locale: "?", seed: 1 });
  const failed = /A helper thread failed: .*Invalid locale = "\?"/;
  const first = ["a", "b", "c"].map((name) => pool.encode([raw(name, "a")])); // one has to wait
  for (const batch of first) await rejects(batch, failed);
  await rejects(pool.encode([raw("d", "a")]), failed);
});
