/** Folders of many kinds: each gives the ids of transformers or is refused, and never gives other ids. */
import { deepStrictEqual, match, ok } from "node:assert";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { FormatError } from "bert/errors.ts";

interface Ids {
  readonly size: number;
  readonly texts: number[][];
  readonly decoded: string[];
  readonly pair: number[];
  readonly cut: number[];
  readonly padded: number[] | null;
}

interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, unknown>>;
  /** Null where transformers cannot open the folder. */
  readonly ids: Ids | null;
}

const url = new URL("../fixtures/tokenizer_folders.json", import.meta.url);
const { texts, decoded, cases }: { texts: string[]; decoded: number[]; cases: Case[] } = JSON.parse(
  await Deno.readTextFile(url),
);

async function inFolder<T>({ files }: Case, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const text = typeof content === "string" ? content : JSON.stringify(content);
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The ids and texts of this library, in the form in which the fixture has those of transformers. */
function idsOf(tokenizer: BertTokenizer, { padded }: Ids): Ids {
  const ids = (...args: Parameters<BertTokenizer["encode"]>) => tokenizer.encode(...args).tokenIds;
  return {
    size: new Set(tokenizer.vocab.tokens).size, // transformers counts a repeated token once
    texts: texts.map((text) => ids(text)),
    decoded: decoded.map((i) => tokenizer.decode(ids(texts[i]), { skipSpecialTokens: false })),
    pair: ids(texts[0], texts[1]),
    cut: ids(texts[0], undefined, { maxLength: 9 }),
    padded: padded && ids("the cat", undefined, { padTo: 9 }),
  };
}

/** The tokenizer of a folder, or the message of the refusal. */
async function load(folder: string): Promise<BertTokenizer | string> {
  try {
    return await BertTokenizer.fromPretrained(folder);
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
}

/** The folders that are refused, and a part of the message. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  "PreTrainedTokenizerFast without tokenizer.json": /tokenizer\.json: there is no such file/,
  "Bert class, ideographs not set apart": /tokenize_chinese_chars/,
  "PreTrainedTokenizerFast, ideographs not set apart in the pipeline": /handle_chinese_chars/,
  "another class in config.json": /config\.json: expected tokenizer_class .*BertJapaneseTokenizer/,
  "vocab.txt with a token twice, and an added token": /after pieces that occur twice/,
  "vocab.txt differs from the pipeline": /vocab\.txt, line 6: found "dog"/,
  "PreTrainedTokenizerFast, no post-processor": /post_processor/,
  "PreTrainedTokenizerFast, a template without [CLS]": /post_processor/,
  "PreTrainedTokenizerFast, a template with two [SEP]": /post_processor/,
  "a loose mask in the pipeline, a strict one in the decoder": /"\[MASK\]" to be the same/,
  "special tokens are split": /split_special_tokens/,
  "special tokens are split, PreTrainedTokenizerFast": /split_special_tokens/,
  "another unknown token": /unk_token/,
  "another mask in special_tokens_map.json": /special_tokens_map\.json: expected mask_token/,
  "PreTrainedTokenizerFast, no added tokens in the pipeline": /"\[PAD\]" among added_tokens/,
  "no mask token": /mask_token/,
  "added_tokens.json with a gap": /added_tokens\.json: expected id 56/,
  "added_tokens.json with the id of a piece": /added_tokens\.json: expected id 56/,
  "added_tokens_decoder with a gap": /tokenizer_config\.json: expected id 56/,
  "flags of a decoder against those of the pipeline": /"newtok" to be the same/,
  "added_tokens in the pipeline with a gap": /tokenizer\.json: expected id 56/,
  "two tokens that are one in lower case": /"newtok" and "NewTok" are both "newtok"/,
  "vocab.txt with a byte-order mark": /vocab\.txt, line 1: found a byte-order mark/,
  "custom code": /auto_map/,
  "cuts on the left": /truncation_side/,
  "pads on the left": /padding_side/,
};

for (const one of cases) {
  const { name, ids: expected } = one;
  Deno.test(`a folder of another program gives transformers' ids, or is refused: ${name}`, () =>
    inFolder(one, async (folder) => {
      const tokenizer = await load(folder);
      if (Object.hasOwn(REFUSED, name)) return match(`${tokenizer}`, REFUSED[name]);
      ok(typeof tokenizer !== "string", `${tokenizer}`);
      ok(expected, "transformers cannot open it");
      deepStrictEqual(idsOf(tokenizer, expected), expected);
      await tokenizer.save(`${folder}/saved`);
      const again = await BertTokenizer.fromPretrained(`${folder}/saved`);
      deepStrictEqual(idsOf(again, expected), expected);
      deepStrictEqual(again.vocab.specialIds, tokenizer.vocab.specialIds);
    }));
}
