import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { gzipSync } from "node:zlib";
import { corpus, readAll } from "bert/data/corpus.ts";
import type { Document } from "bert/data/document.ts";
import { prepare } from "bert/store/prepare.ts";
import { openPrepared } from "bert/store/prepared.ts";
import type { PrepareOptions } from "bert/store/prepare_settings.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { trainVocab } from "bert/tokenizer/train_vocab.ts";

/** A folder of texts of three kinds, some of them equal, and a vocabulary. */
async function makeTexts(): Promise<{ folder: string; texts: string; vocab: string }> {
  const folder = await Deno.makeTempDir();
  const texts = `${folder}/texts`;
  await Deno.mkdir(`${texts}/deep`, { recursive: true });
  const paragraph = (i: number) =>
    `Text ${i} has a whale. It swam ${i * 7919 % 101} miles, e.g. to Peru! Dr. ${i % 13} saw Ünal.`;
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => JSON.stringify({ text: paragraph(from + i) }));
  await Deno.writeTextFile(`${texts}/a.jsonl`, lines(0, 400).join("\n"));
  const packed = gzipSync([...lines(400, 700), ...lines(0, 50)].join("\n"));
  await Deno.writeFile(`${texts}/deep/b.jsonl.gz`, new Uint8Array(packed));
  await Deno.writeTextFile(`${texts}/c.txt`, "Short.\n\n...\n\n\n" + paragraph(900) + "\n");
  const learnt = await trainVocab(lines(0, 700), { size: 200 });
  await Deno.writeTextFile(`${folder}/vocab.txt`, learnt.tokens.join("\n"));
  return { folder, texts, vocab: `${folder}/vocab.txt` };
}

const { folder, texts, vocab } = await makeTexts();

let made = 0;

const newOut = () => `${folder}/out${made++}`;

const common = { corpus: [texts], vocab, workers: 1 };

/** The texts of a prepared corpus, as ids. */
async function idsOf(out: string): Promise<{ train: number[][][]; heldOut: number[][][] }> {
  using corpus = await openPrepared(out);
  const [train, heldOut] = [corpus.train, corpus.heldOut].map((reader) =>
    reader?.documentRange(0, reader.documents).map(({ sentences }) =>
      sentences.map(({ ids }) => [...ids])
    ) ?? []
  );
  return { train, heldOut };
}

async function encoded(): Promise<number[][][]> {
  const tokenizer = await tokenizerOf();
  const documents = await readAll(corpus(texts)) as Document[];
  return documents.map(({ sentences }) => sentences.map((text) => tokenizer.ids(text)));
}

async function tokenizerOf(): Promise<BertTokenizer> {
  const { loadVocab } = await import("bert/tokenizer/vocab.ts");
  return new BertTokenizer(await loadVocab(vocab));
}

/** The bytes of every file of a corpus by name. */
function bytesOf(out: string): Map<string, Uint8Array> {
  const names = Array.from(Deno.readDirSync(out), ({ name }) => name).sort();
  return new Map(names.map((name) => [name, Deno.readFileSync(`${out}/${name}`)]));
}

const whole = newOut();
const { facts } = await prepare({ ...common, out: whole });

Deno.test("every document is in the store once, nearly in order, as the ids of its sentences", async () => {
  const { train, heldOut } = await idsOf(whole);
  const key = (sentences: number[][]) => JSON.stringify(sentences);
  const expected = [...new Set((await encoded()).map(key))];
  deepStrictEqual([...train, ...heldOut].map(key).sort(), expected.toSorted());
  ok(heldOut.length > 15 && heldOut.length < 65, `${heldOut.length} of 703 held out`);
  const places = train.map((document) => expected.indexOf(key(document)));
  const late = places.filter((place, i) => place < Math.max(...places.slice(0, i))).length;
  ok(late < 9, `${late} documents were held out for a while`);
  strictEqual(facts!.duplicates, 50);
  strictEqual(facts!.short, 0);
  strictEqual(facts!.histogram.reduce((a, b) => a + b), train.flat(2).length);
  const counts = new Map<number, number>();
  for (const id of train.flat(2)) counts.set(id, (counts.get(id) ?? 0) + 1);
  deepStrictEqual(facts!.histogram, facts!.histogram.map((_, id) => counts.get(id) ?? 0));
});

Deno.test("several threads write the same bytes as one", async () => {
  const out = newOut();
  await prepare({ ...common, out, workers: 3 });
  deepStrictEqual(bytesOf(out), bytesOf(whole));
});

Deno.test("preparing that is stopped anywhere, again and again, gives the same bytes", async () => {
  for (const saveSeconds of [0, 1000]) {
    const out = newOut();
    let stops = 0;
    for (let patience = 1;; patience++) {
      const controller = new AbortController();
      let seen = 0;
      const onProgress = () => ++seen >= patience && controller.abort();
      const { signal } = controller;
      const { facts } = await prepare({ ...common, out, saveSeconds }, { onProgress, signal });
      if (facts) break;
      await rejects(openPrepared(out), /was "deno task prepare" stopped\?/);
      stops++;
    }
    ok(stops >= 3, `${stops} stops`);
    deepStrictEqual(bytesOf(out), bytesOf(whole));
  }
});

Deno.test("preparing can be stopped while it computes the digests, too, and the same call continues", async () => {
  const out = newOut();
  const controller = new AbortController();
  const { signal } = controller;
  let encodings = 0;
  const onProgress = ({ stage }: { stage: string }) => {
    if (stage === "encoding") encodings++;
    if (stage === "finishing") controller.abort();
  };
  strictEqual((await prepare({ ...common, out }, { onProgress, signal })).facts, undefined);
  await rejects(openPrepared(out), /was "deno task prepare" stopped\?/);
  const before = encodings;
  await prepare({ ...common, out }, { onProgress });
  strictEqual(encodings, before); // nothing is encoded again
  deepStrictEqual(bytesOf(out), bytesOf(whole));
});

Deno.test("the same call finds the corpus finished, and another call is refused", async () => {
  deepStrictEqual(await prepare({ ...common, out: whole }), { facts, wasThere: true });
  await rejects(prepare({ ...common, out: whole, seed: 2 }), {
    name: "ConfigError",
    message:
      /it holds a corpus that was prepared from other texts or with other settings: choose a/,
  });
  await rejects(prepare({ ...common, out: texts }), /it holds .*: choose a new folder/);
  await rejects(prepare({ ...common, out: `${texts}/a.jsonl` }), /it is a file, or below one/);
});

Deno.test("the held-out text is limited by a share and by a number of tokens, and does not depend on the order", async () => {
  const [one, none, few] = [newOut(), newOut(), newOut()];
  const both = [`${texts}/a.jsonl`, `${texts}/c.txt`];
  const sorted = async (out: string) => (await idsOf(out)).heldOut.map(String).sort();
  await prepare({ ...common, corpus: both, out: one, heldOutTokens: 200 });
  const { heldOut: { tokens } } =
    (await prepare({ ...common, corpus: both, out: one, heldOutTokens: 200 })).facts!;
  ok(tokens <= 200 && tokens > 100, `${tokens} tokens`);
  const two = newOut();
  await prepare({ ...common, corpus: both.toReversed(), out: two, heldOutTokens: 200 });
  deepStrictEqual(await sorted(two), await sorted(one));
  await prepare({ ...common, out: none, heldOut: 0 });
  deepStrictEqual((await idsOf(none)).heldOut, []);
  const fewer = await prepare({ ...common, corpus: [`${texts}/c.txt`], out: few, heldOut: 0.001 });
  strictEqual(fewer.facts!.heldOut.documents, 1); // one, although no document has so low a rank
});

Deno.test("documents of few tokens are left out and counted", async () => {
  const out = newOut();
  const { facts } = await prepare({ ...common, out, minTokens: 20 });
  ok((await idsOf(out)).train.every((sentences) => sentences.flat().length >= 20));
  strictEqual(facts!.short, 2);
});

Deno.test("a vocabulary is learnt with the given options, and the prepared folder can be named as a tokenizer", async () => {
  const [out, again] = [newOut(), newOut()];
  const options = { corpus: [texts], vocabSize: 150, workers: 2 };
  const tokenizer = { lowercase: false };
  const learnt = await prepare({ ...options, tokenizer, out });
  using corpus = await openPrepared(out);
  strictEqual(corpus.tokenizer.vocab.size, 150);
  strictEqual(corpus.tokenizer.options.lowercase, false);
  const { facts } = await prepare({ corpus: [texts], workers: 2, vocab: out, out: again });
  strictEqual(facts!.tokenizer.lowercase, false);
  deepStrictEqual(facts!.histogram, learnt.facts!.histogram);
  await rejects(
    prepare({ ...common, vocab: out, out: newOut(), tokenizer: { lowercase: true } }),
    /Invalid lowercase = true: it must be false/,
  );
});

Deno.test("a truncated file is named, and the same call continues when the file is restored", async () => {
  const [own, out] = [`${folder}/cut`, newOut()];
  await Deno.mkdir(own);
  const good = await Deno.readFile(`${texts}/deep/b.jsonl.gz`);
  await Deno.copyFile(`${texts}/a.jsonl`, `${own}/a.jsonl`);
  await Deno.writeFile(`${own}/b.jsonl.gz`, good.subarray(0, good.length - 40));
  const options: PrepareOptions = { ...common, corpus: [own], out, saveSeconds: 0 };
  await rejects(prepare(options), /b\.jsonl\.gz: expected a whole gzip file, found a damaged/);
  await rejects(
    prepare({ ...options, seed: 9 }),
    /it was begun with other texts or settings: continue with/,
  );
  await Deno.writeFile(`${own}/b.jsonl.gz`, good);
  const { facts } = await prepare(options);
  strictEqual(facts!.documents + facts!.heldOut.documents, 700);
  const fresh = newOut();
  await prepare({ ...options, out: fresh });
  deepStrictEqual(bytesOf(out), bytesOf(fresh));
});

Deno.test("texts that changed since they were encoded are refused by name", async () => {
  const [own, out] = [`${folder}/changing`, newOut()];
  await Deno.mkdir(own);
  await Deno.copyFile(`${texts}/a.jsonl`, `${own}/a.jsonl`);
  await Deno.copyFile(`${texts}/c.txt`, `${own}/c.txt`);
  const options = { ...common, corpus: [own], out, saveSeconds: 0 };
  const controller = new AbortController();
  const onProgress = ({ documents }: { documents: number }) =>
    documents >= 400 && controller.abort();
  await prepare(options, { signal: controller.signal, onProgress });
  const text = await Deno.readTextFile(`${own}/a.jsonl`);
  await Deno.writeTextFile(`${own}/a.jsonl`, text.replace("Text 7 ", "Text VII "));
  await rejects(prepare(options), /a\.jsonl: expected the texts that were encoded before, found/);
});

Deno.test("texts that are added after all others were read are refused and not ignored", async () => {
  const finishing = (then: () => void) => ({
    onProgress: ({ stage }: { stage: string }) => stage === "finishing" && then(),
  });
  const stops = {
    "before the facts are written": () => {
      throw new Error("killed");
    },
    "before the folder has its name": (out: string) => {
      Deno.mkdirSync(`${out}/in the way`, { recursive: true });
    },
  };
  for (const [name, stop] of Object.entries(stops)) {
    const [own, out] = [`${folder}/${name}`, newOut()];
    await Deno.mkdir(own);
    await Deno.copyFile(`${texts}/c.txt`, `${own}/c.txt`);
    const options = { ...common, corpus: [own], out };
    await rejects(prepare(options, finishing(() => stop(out))));
    await Deno.remove(out, { recursive: true }).catch(() => {});
    await Deno.copyFile(`${texts}/a.jsonl`, `${own}/d.jsonl`);
    await rejects(
      prepare(options),
      /d\.jsonl: expected the texts that were|begun with other texts/,
    );
    await Deno.remove(`${own}/d.jsonl`);
    strictEqual((await prepare(options)).wasThere, false, name);
  }
});

Deno.test("a tokenizer.json that is named or lies alone in its folder gives the tokenizer that it holds", async () => {
  const own = new BertTokenizer((await tokenizerOf()).vocab, { lowercase: false });
  await own.save(`${folder}/cased`);
  const alone = `${folder}/alone`;
  await Deno.mkdir(alone);
  const json = JSON.parse(await Deno.readTextFile(`${folder}/cased/tokenizer.json`));
  const trained = { ...json, "post_processor": null }; // as the library tokenizers leaves it
  await Deno.writeTextFile(`${alone}/tokenizer.json`, JSON.stringify(trained));
  for (const where of [`${folder}/cased`, alone]) {
    const out = newOut();
    await prepare({ ...common, vocab: `${where}/tokenizer.json`, out });
    using corpus = await openPrepared(out);
    deepStrictEqual(corpus.tokenizer.options, own.options);
    deepStrictEqual(corpus.tokenizer.vocab.tokens, own.vocab.tokens);
  }
});

Deno.test("a vocabulary that changed since a corpus was prepared with it is refused", async () => {
  const [own, out, begun] = [`${folder}/own.txt`, newOut(), newOut()];
  await Deno.copyFile(vocab, own);
  const options = { ...common, vocab: own };
  await prepare({ ...options, out });
  await prepare({ ...options, out: begun }, { signal: AbortSignal.abort() });
  const tokens = (await Deno.readTextFile(own)).split("\n");
  await Deno.writeTextFile(own, [...tokens.slice(0, -1), "narwhal"].join("\n"));
  await rejects(
    prepare({ ...options, out }),
    /it holds a corpus that was prepared from other texts/,
  );
  await rejects(
    prepare({ ...options, out: begun }),
    /it was begun with other texts or settings: continue/,
  );
});

Deno.test("settings that cannot work are refused before anything is written", async () => {
  const refused = (more: object, why: RegExp) =>
    rejects(prepare({ ...common, out: `${folder}/never`, ...more }), why);
  await refused({ corpus: [] }, /Invalid corpus = \[\]: it must be a list/);
  await refused(
    { vocabSize: 100 },
    /Invalid vocabSize = 100: it is for a vocabulary that is learnt/,
  );
  await refused({ heldOut: 1 }, /Invalid heldOut = 1/);
  await refused({ locale: "?" }, /Invalid locale/);
  await refused({ wokers: 2 }, /Unknown option wokers of prepare\(\): did you mean workers\?/);
  await refused({ corpus: [`${folder}/nothing`] }, /nothing: expected a file or folder/);
  ok(!(await Array.fromAsync(Deno.readDir(folder))).some(({ name }) => name.startsWith("never")));
  await refused(
    { corpus: [`${texts}/a.jsonl`, whole] },
    /found a corpus that is prepared already: /,
  );
  await refused({ corpus: [`${whole}/train.bin`] }, /expected a store without the ending \.bin/);
  await Deno.writeTextFile(`${folder}/other.json`, "{}");
  await refused({ vocab: `${folder}/other.json` }, /found other JSON: name it tokenizer\.json/);
  await refused({ vocab: `${folder}/no` }, /no: expected a vocab\.txt, a tokenizer\.json or a/);
});
