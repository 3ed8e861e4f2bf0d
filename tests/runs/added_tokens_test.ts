import { deepStrictEqual } from "node:assert";
import { runTokenizer } from "bert/runs/run_vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { vocabularyFacts, vocabularyText } from "bert/tokenizer/vocab_facts.ts";
import { loadVocab } from "bert/tokenizer/vocab.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";

Deno.test("runTokenizer() restores the tokens that were added to a run's vocabulary", async () => {
  const added = ["[E1]", { content: "whale", singleWord: true }, {
    content: "[MASK]",
    special: true,
    normalized: true,
  }];
  const vocab = TOY_TOKENIZER.vocab.addTokens(added).withSpares(["[spare99]"]);
  const tokenizer = new BertTokenizer(vocab);
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, vocabularyText(tokenizer));
  const facts = JSON.parse(JSON.stringify(vocabularyFacts(tokenizer)));
  const again = runTokenizer(path, (await loadVocab(path)).tokens, facts);
  const text = "the [E1] whale whales [mask]";
  deepStrictEqual(again.ids(text), tokenizer.ids(text));
  deepStrictEqual(again.vocab.tokens, vocab.tokens);
  deepStrictEqual(again.vocab.added, vocab.added);
  deepStrictEqual(Object.keys(vocabularyFacts(TOY_TOKENIZER)).includes("added"), false);
  await Deno.remove(path);
});
