import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { FormatError } from "bert/errors.ts";
import { IndexedWriter } from "bert/store/indexed_writer.ts";
import { isPrepared, openPrepared } from "bert/store/prepared.ts";
import type { PreparedFacts } from "bert/store/prepared_facts.ts";
import { sealFolder } from "bert/store/seal_prepared.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { SETTINGS } from "../support/arbitrary.ts";

const WORDS = ["the", "sea", "a", "whale", "##s", "."];

const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, ...WORDS]));

/** A prepared corpus of `count` documents of three sentences, of which every tenth is held out. */
async function prepare(count: number): Promise<string> {
  const folder = await Deno.makeTempDir();
  await tokenizer.save(folder);
  const histogram = Array<number>(tokenizer.vocab.size).fill(0);
  using train = IndexedWriter.create(`${folder}/train`, "uint16");
  using heldOut = IndexedWriter.create(`${folder}/held_out`, "uint16");
  for (let i = 0; i < count; i++) {
    const sentences = [[5, 6], [7 + i % 3, 8, 10], [1]];
    (i % 10 === 9 ? heldOut : train).add(sentences);
    if (i % 10 < 9) { for (const id of sentences.flat()) histogram[id]++; }
  }
  for (const writer of [train, heldOut]) writer.finish();
  const facts: Omit<PreparedFacts, "files"> = {
    ...train.place,
    heldOut: heldOut.place,
    histogram,
    unknownShare: histogram[1] / train.place.tokens,
    duplicates: 2,
    short: 1,
    sources: ["mine.txt"],
    tokenizer: tokenizer.options,
    locale: "en",
  };
  await sealFolder(folder, ["train", "held_out"], facts);
  return folder;
}

/** Everything that can be read from a prepared corpus. */
async function contentOf(folder: string) {
  using corpus = await openPrepared(folder);
  const { train, heldOut, facts, tokenizer: { vocab, options } } = corpus;
  const documents = [train, heldOut!].map((reader) =>
    reader.documentRange(0, reader.documents).map(({ sentences }) =>
      sentences.map(({ ids }) => [...ids])
    )
  );
  return { documents, facts, tokens: vocab.tokens, options: { ...options } };
}

Deno.test("a prepared corpus gives its texts, its tokenizer and its facts", async () => {
  const folder = await prepare(100);
  ok(isPrepared(folder));
  using corpus = await openPrepared(`${folder}/`);
  strictEqual(corpus.train.documents, 90);
  strictEqual(corpus.heldOut!.documents, 10);
  deepStrictEqual(corpus.train.document(1).sentences[1].ids, Uint16Array.of(8, 8, 10));
  deepStrictEqual(corpus.tokenizer.ids("The sea."), [5, 6, 10]);
  deepStrictEqual(corpus.facts.histogram.slice(5), [90, 90, 30, 30 + 90, 30, 90]);
  strictEqual(corpus.facts.duplicates, 2);
  const files = ["held_out.bin", "held_out.idx", "held_out.sums", "special_tokens_map.json"];
  const more = ["tokenizer.json", "tokenizer_config.json", "train.bin", "train.idx", "train.sums"];
  deepStrictEqual(Object.keys(corpus.facts.files), [...files, ...more, "vocab.txt"]);
});

Deno.test("two corpora have different digests", async () => {
  const digestOf = async (folder: string) => (await openPrepared(folder)).sha256;
  const [same, again, other] = [await prepare(20), await prepare(20), await prepare(21)];
  strictEqual(await digestOf(same), await digestOf(again));
  ok(await digestOf(same) !== await digestOf(other));
});

/** Damage to a file: a byte is changed, added or dropped, its end is cut off, or it is removed. */
const anyDamage = fc.record({
  file: fc.nat(),
  kind: fc.constantFrom("change", "cut", "add", "drop", "remove"),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  value: fc.integer({ min: 1, max: 255 }),
});

Deno.test("each of a thousand damaged prepared corpora is refused or read as the undamaged one", async () => {
  const folder = await prepare(40);
  const whole = await contentOf(folder);
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  const good = new Map(names.map((name) => [name, Deno.readFileSync(`${folder}/${name}`)]));
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(anyDamage, async ({ file, kind, at, value }) => {
      const name = names[file % names.length];
      const bytes = good.get(name)!;
      const place = Math.floor(at * bytes.length);
      const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
      const damaged = {
        change: () => [...before, after[0] ^ value, ...after.subarray(1)],
        cut: () => [...before],
        add: () => [...before, value, ...after],
        drop: () => [...before, ...after.subarray(1)],
        remove: () => undefined,
      }[kind]!();
      if (damaged) await Deno.writeFile(`${folder}/${name}`, new Uint8Array(damaged));
      else await Deno.remove(`${folder}/${name}`);
      try {
        deepStrictEqual(await contentOf(folder), whole);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        refused++;
      } finally {
        await Deno.writeFile(`${folder}/${name}`, bytes);
      }
    }),
    { ...SETTINGS, numRuns: 1000 },
  );
  ok(refused > 950, `${refused} refused`); // another white space in prepared.json is no damage
});

Deno.test("a folder without prepared.json is not a prepared corpus", async () => {
  const folder = await prepare(10);
  await Deno.remove(`${folder}/prepared.json`);
  strictEqual(isPrepared(folder), false);
  await rejects(openPrepared(folder), {
    name: "FormatError",
    message: `Cannot read ${folder}: expected the folder of a prepared corpus, found no ` +
      'prepared.json in it: was "deno task prepare" stopped? Run it again',
  });
});

Deno.test("a store of Megatron-LM is opened with the vocabulary beside it", async () => {
  const folder = await Deno.makeTempDir();
  using writer = IndexedWriter.create(`${folder}/mine_text_sentence`, "int32");
  for (let i = 0; i < 9; i++) writer.add([[5, 6], [7, 1]]);
  writer.finish();
  const prefix = `${folder}/mine_text_sentence`;
  ok(isPrepared(prefix));
  await rejects(openPrepared(prefix), /expected vocab\.txt or tokenizer\.json beside the store/);
  await Deno.writeTextFile(`${folder}/vocab.txt`, [...SPECIAL_TOKENS, ...WORDS].join("\n"));
  using corpus = await openPrepared(prefix);
  strictEqual(corpus.heldOut, undefined);
  deepStrictEqual(corpus.facts.histogram, [0, 9, 0, 0, 0, 9, 9, 9, 0, 0, 0]);
  strictEqual(corpus.facts.unknownShare, 0.25);
  strictEqual(corpus.facts.documents, 9);
  await Deno.writeTextFile(`${folder}/vocab.txt`, [...SPECIAL_TOKENS, "a"].join("\n"));
  await rejects(openPrepared(prefix), /expected an id below 6 as token 1, found 6/);
});

Deno.test("the digest of a store of Megatron-LM depends on its text and not on its folder", async () => {
  const digestIn = async (sentences: number[][]) => {
    const folder = await Deno.makeTempDir();
    await tokenizer.save(folder);
    using writer = IndexedWriter.create(`${folder}/texts`, "uint16");
    writer.add(sentences);
    writer.finish();
    using corpus = await openPrepared(`${folder}/texts`);
    return corpus.sha256;
  };
  const first = await digestIn([[5, 6], [7]]);
  strictEqual(await digestIn([[5, 6], [7]]), first);
  ok(await digestIn([[5], [6, 7]]) !== first);
  ok(await digestIn([[5, 6], [8]]) !== first);
});

Deno.test("[CLS] and [SEP] around the sentences of a store of Megatron-LM are left out", async () => {
  const folder = await Deno.makeTempDir();
  await tokenizer.save(folder);
  const { clsId, sepId } = tokenizer.vocab;
  using writer = IndexedWriter.create(`${folder}/texts`, "uint16");
  writer.add([[clsId, 5, 6, sepId], [clsId, sepId], [clsId, 7, sepId, sepId]]); // the last by --append-eod
  writer.add([[8, sepId, 9]]);
  writer.finish();
  using corpus = await openPrepared(`${folder}/texts`);
  const idsOf = (document: number) =>
    corpus.train.document(document).sentences.map(({ ids, index }) => [index, ...ids]);
  deepStrictEqual(idsOf(0), [[0, 5, 6], [2, 7]]);
  deepStrictEqual(idsOf(1), [[0, 8, sepId, 9]]);
  deepStrictEqual(corpus.facts.histogram, [0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 0]);
  strictEqual(corpus.facts.tokens, 6);
});

Deno.test("a text beside an .idx of another program is not a store", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/texts`, "Call me.");
  await Deno.writeTextFile(`${folder}/texts.idx`, "of a search engine");
  strictEqual(isPrepared(`${folder}/texts`), false);
  await Deno.remove(`${folder}/texts`);
  await Deno.writeTextFile(`${folder}/texts.bin`, "");
  await tokenizer.save(folder);
  await rejects(openPrepared(`${folder}/texts`), /expected an index of Megatron-LM/);
});

Deno.test("a corpus that was closed says so when it is read, and can be closed again", async () => {
  const folder = await prepare(20);
  using corpus = await openPrepared(folder);
  strictEqual(corpus.train.document(0).sentences.length, 3);
  corpus.close();
  throws(() => corpus.train.document(0), {
    name: "FormatError",
    message: /^Cannot read .*train\.\w+: expected an open file, found a closed one: open it again$/,
  });
  corpus.close();
  using writer = IndexedWriter.create(`${folder}/more`, "uint16");
  writer.close();
  writer.close();
  await Deno.remove(folder, { recursive: true });
});
