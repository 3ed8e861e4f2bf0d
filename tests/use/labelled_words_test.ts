import { deepStrictEqual, throws } from "node:assert";
import { labelledWordBatches } from "bert/use/labelled_words.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";

const { vocab } = TOY_TOKENIZER;
const SIZES = { batchSize: 2, maxLength: 16 };

/** The tokens of each row, each with its label where it has one. */
function shown({ batch, labels }: ReturnType<typeof labelledWordBatches>[number]): string[] {
  return Array.from(
    { length: batch.size },
    (_, row) =>
      Array.from({ length: batch.length }, (_, column) => {
        const at = row * batch.length + column;
        const token = vocab.tokenOf(batch.tokenIds[at]);
        return labels[at] === -1 ? token : `${token}/${labels[at]}`;
      }).join(" "),
  );
}

Deno.test("labelledWordBatches() labels the first piece of each word and nothing else", () => {
  const sentences = [
    { words: ["the", "Ships"], labels: [3, 1] },
    { words: ["red", "ships", "sea"], labels: [0, -1, 2] },
    { words: ["once"], labels: [1] },
  ];
  const batches = labelledWordBatches(sentences, TOY_TOKENIZER, SIZES);
  deepStrictEqual(batches.map(shown), [
    [
      "[CLS] the/3 ship/1 ##s [SEP] [PAD] [PAD] [PAD]",
      "[CLS] red/0 ship ##s sea/2 [SEP] [PAD] [PAD]",
    ],
    ["[CLS] once/1 [SEP] [PAD] [PAD] [PAD] [PAD] [PAD]"],
  ]);
  const [{ batch }] = batches;
  deepStrictEqual([...batch.attentionMask], [1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0]);
  deepStrictEqual([...batch.segmentIds], [...batch.attentionMask]);
});

Deno.test("words of which the tokenizer makes nothing, or several words, do not shift the labels", () => {
  const words = ["", "red", "\u0000\u200b", "the sea", "ship."];
  const [batch] = labelledWordBatches([{ words, labels: [0, 1, 2, 3, 4] }], TOY_TOKENIZER, SIZES);
  deepStrictEqual(shown(batch), [
    "[CLS] [UNK]/0 red/1 [UNK]/2 the/3 sea ship/4 . [SEP] [PAD] [PAD] [PAD] [PAD] [PAD] [PAD] [PAD]",
  ]);
});

Deno.test("words that do not fit are cut off with their labels; a sentence may have no word", () => {
  const sentences = [{ words: ["ships", "sea", "red"], labels: [1, 2, 3] }, {
    words: [],
    labels: [],
  }];
  const cut = (maxLength: number) =>
    shown(labelledWordBatches(sentences, TOY_TOKENIZER, { batchSize: 2, maxLength })[0]);
  deepStrictEqual(cut(5), ["[CLS] ship/1 ##s sea/2 [SEP]", "[CLS] [SEP] [PAD] [PAD] [PAD]"]);
  deepStrictEqual(cut(3), ["[CLS] ship/1 [SEP]", "[CLS] [SEP] [PAD]"]);
  throws(
    () => cut(2),
    /ConfigError: Invalid maxLength = 2: it must be a whole number of at least 3/,
  );
  deepStrictEqual(labelledWordBatches([], TOY_TOKENIZER, SIZES), []);
});
