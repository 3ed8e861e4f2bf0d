import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { tokenizerOptions } from "bert/tokenizer/options.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";

const TOKENS = [...SPECIAL_TOKENS, "sea", "##s", "7", "1", "__proto__", "é"];
const TOKENIZER = new BertTokenizer(new Vocab(TOKENS), {
  lowercase: false,
  stripAccents: true,
  maxWordLength: 7,
});

/** Runs a test in a folder that holds the four files of a tokenizer. */
async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await TOKENIZER.save(folder);
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

type Json = Record<string, unknown>;

/** Changes a JSON file. A key with dots is a path to a nested one, and undefined removes the key. */
async function edit(path: string, changes: Json): Promise<void> {
  const json = JSON.parse(await Deno.readTextFile(path).catch(() => "{}"));
  for (const [key, value] of Object.entries(changes)) {
    const steps = key.split(".");
    const last = steps.pop()!;
    const target = steps.reduce((at: Json, step) => at[step] as Json, json);
    target[last] = value;
  }
  await Deno.writeTextFile(path, JSON.stringify(json));
}

function assertSame(tokenizer: BertTokenizer): void {
  deepStrictEqual(tokenizer.vocab.tokens, TOKENS);
  deepStrictEqual(tokenizer.options, TOKENIZER.options);
}

Deno.test("fromPretrained() restores what save() wrote, from either of the two files with the pieces", () =>
  inFolder(async (folder) => {
    const whole = await BertTokenizer.fromPretrained(folder);
    assertSame(whole);
    strictEqual(whole.options.maxWordLength, 7);
    await Deno.remove(`${folder}/vocab.txt`);
    assertSame(await BertTokenizer.fromPretrained(folder));
    await TOKENIZER.save(folder);
    await Deno.remove(`${folder}/tokenizer.json`);
    // only tokenizer.json has the length of the longest word
    await rejects(BertTokenizer.fromPretrained(folder), /tokenizer\.json: there is no such file/);
    const usual = new BertTokenizer(TOKENIZER.vocab, { ...TOKENIZER.options, maxWordLength: 100 });
    await usual.save(folder);
    await Deno.remove(`${folder}/tokenizer.json`);
    const plain = await BertTokenizer.fromPretrained(folder);
    deepStrictEqual(plain.vocab.tokens, TOKENS);
    deepStrictEqual(plain.options, usual.options);
    const given = await BertTokenizer.fromPretrained(folder, { maxWordLength: 9 });
    strictEqual(given.options.maxWordLength, 9);
  }));

Deno.test("save() keeps added tokens with their ids and flags, and removes those of an older save", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/added_tokens.json`, '{"[OLD]": 11}');
    const tokens = ["[E1]", { content: "Lake", lstrip: true }, {
      content: "sea",
      singleWord: true,
    }];
    const tokenizer = new BertTokenizer(TOKENIZER.vocab.addTokens(tokens), TOKENIZER.options);
    await tokenizer.save(folder);
    const { vocab, options } = await BertTokenizer.fromPretrained(folder);
    deepStrictEqual(vocab.tokens, tokenizer.vocab.tokens);
    const byContent = ({ added }: Vocab) => new Map(added.map((token) => [token.content, token]));
    deepStrictEqual(byContent(vocab), byContent(tokenizer.vocab));
    deepStrictEqual(vocab.specialIds, tokenizer.vocab.specialIds);
    deepStrictEqual([vocab.pieces, options], [TOKENS.length, TOKENIZER.options]);
    const lines = (await Deno.readTextFile(`${folder}/vocab.txt`)).split("\n");
    deepStrictEqual(lines, [...TOKENS, ""]);
  }));

Deno.test("a folder with vocab.txt alone is an uncased tokenizer, as in transformers", () =>
  inFolder(async (folder) => {
    for (const { name } of [...Deno.readDirSync(folder)]) {
      if (name !== "vocab.txt") await Deno.remove(`${folder}/${name}`);
    }
    const { options } = await BertTokenizer.fromPretrained(folder);
    deepStrictEqual(options, tokenizerOptions());
  }));

Deno.test("the class BertTokenizer reads the settings, PreTrainedTokenizerFast reads tokenizer.json", () =>
  inFolder(async (folder) => {
    const settings = `${folder}/tokenizer_config.json`;
    await edit(settings, { "do_lower_case": true, "strip_accents": null });
    assertSame(await BertTokenizer.fromPretrained(folder));
    await edit(settings, { "tokenizer_class": "BertTokenizer" });
    const { options } = await BertTokenizer.fromPretrained(folder);
    deepStrictEqual(options, tokenizerOptions());
    await Deno.remove(settings);
    deepStrictEqual((await BertTokenizer.fromPretrained(folder)).options, tokenizerOptions());
  }));

Deno.test("special tokens may be objects, as in older files, and unused settings are ignored", () =>
  inFolder(async (folder) => {
    const token = { content: "[MASK]", lstrip: false, special: true };
    const changes = { "mask_token": token, "never_split": ["[UNK]"], "name_or_path": "x" };
    await edit(`${folder}/tokenizer_config.json`, changes);
    await edit(`${folder}/tokenizer.json`, {
      "truncation": { "max_length": 128 },
      "model.type": undefined,
    });
    assertSame(await BertTokenizer.fromPretrained(folder));
  }));

Deno.test("a setting that would give other ids is refused by name", () =>
  inFolder(async (folder) => {
    const cases: [string, Json, RegExp][] = [
      ["tokenizer_config.json", { "tokenizer_class": "BertJapaneseTokenizer" }, /tokenizer_class/],
      [
        "tokenizer_config.json",
        { "tokenizer_class": "BertTokenizer", "tokenize_chinese_chars": false },
        /tokenize_chinese_chars to be true/,
      ],
      ["tokenizer_config.json", { "do_basic_tokenize": false }, /do_basic_tokenize/],
      [
        "tokenizer_config.json",
        { "pad_token": "<pad>" },
        /pad_token to be "\[PAD\]", found "<pad>"/,
      ],
      ["tokenizer_config.json", { "never_split": ["x"] }, /never_split/],
      [
        "tokenizer_config.json",
        { "tokenizer_class": "BertTokenizer", "do_lower_case": "yes" },
        /do_lower_case to be true or false, found "yes"/,
      ],
      ["tokenizer.json", { "model.type": "BPE" }, /type to be "WordPiece", found "BPE"/],
      ["tokenizer.json", { "model.continuing_subword_prefix": "@@" }, /continuing_subword_prefix/],
      ["tokenizer.json", { "model.unk_token": "<unk>" }, /unk_token/],
      ["tokenizer.json", { "model.max_input_chars_per_word": 0 }, /max_input_chars_per_word/],
      ["tokenizer.json", { normalizer: null }, /normalizer to be an object/],
      ["tokenizer.json", { "normalizer.type": "Lowercase" }, /type to be "BertNormalizer"/],
      ["tokenizer.json", { "normalizer.clean_text": false }, /clean_text/],
      ["tokenizer.json", { "normalizer.handle_chinese_chars": false }, /handle_chinese_chars/],
      ["tokenizer.json", { "pre_tokenizer.type": "Whitespace" }, /BertPreTokenizer/],
      [
        "tokenizer.json",
        { "added_tokens": [{ content: "<new>", id: 12 }] },
        /expected id 11 for the added token "<new>", found 12/,
      ],
      ["tokenizer.json", { "added_tokens": {} }, /added_tokens to be a list/],
      ["tokenizer.json", { "added_tokens": [{ content: "[PAD]" }] }, /id of an added token/],
      ["added_tokens.json", { "[E1]": "11" }, /id of an added token, .* found "11"/],
      ["tokenizer_config.json", { "added_tokens_decoder": [] }, /decoder to be an object/],
      [
        "tokenizer_config.json",
        { "added_tokens_decoder": { "0": { content: "[PAD]", lstrip: 1 } } },
        /lstrip of an added token as true or false, found 1/,
      ],
      ["tokenizer.json", { "model.vocab.sea": 99 }, /ids from 0 to 10, found 99 for "sea"/],
      ["tokenizer.json", { "model.vocab.sea": 7 }, /each id once, found 7 again/],
      [
        "tokenizer.json",
        { "model.vocab.lake": 5, "model.vocab.sea": 11 },
        /vocab\.txt, line 6: found "sea", and tokenizer\.json has "lake"/,
      ],
    ];
    for (const [file, changes, message] of cases) {
      await TOKENIZER.save(folder);
      await edit(`${folder}/${file}`, changes);
      const expected = { name: "FormatError", message };
      await rejects(BertTokenizer.fromPretrained(folder), expected, JSON.stringify(changes));
    }
  }));

Deno.test("added tokens after a gap in the ids of tokenizer.json are refused, as transformers gives them other ids", () =>
  inFolder(async (folder) => {
    await Deno.remove(`${folder}/vocab.txt`);
    await edit(`${folder}/tokenizer.json`, { "model.vocab.sea": undefined });
    deepStrictEqual((await BertTokenizer.fromPretrained(folder)).vocab.tokens[5], "");
    await Deno.writeTextFile(`${folder}/added_tokens.json`, '{"[E1]": 11}');
    const message = /tokenizer\.json: expected the ids 0 to 10 in vocab .* found 10 pieces/;
    await rejects(BertTokenizer.fromPretrained(folder), { name: "FormatError", message });
  }));

Deno.test("a folder without a vocabulary is refused, and a save that fails leaves no files", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/empty`);
    const message = /vocab\.txt: there is neither this file nor tokenizer\.json/;
    await rejects(BertTokenizer.fromPretrained(`${folder}/empty`), {
      name: "FormatError",
      message,
    });
    await Deno.mkdir(`${folder}/taken/special_tokens_map.json`, { recursive: true });
    await rejects(TOKENIZER.save(`${folder}/taken`));
    const left = [...Deno.readDirSync(`${folder}/taken`)].map(({ name }) => name);
    ok(!left.some((name) => name.startsWith(".saving")), `${left}`);
  }));
