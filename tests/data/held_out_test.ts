import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { splitHeldOut } from "bert/data/corpus.ts";
import type { Document } from "bert/data/document.ts";

const textOf = ({ sentences }: Document) => sentences.join(" ");
const sizeOf = (documents: readonly Document[]) =>
  documents.reduce((sum, document) => sum + textOf(document).replaceAll(" ", "").length, 0);

/** Documents with the given numbers of sentences, all of which are different. */
function documentsOf(...counts: number[]): Document[] {
  return counts.map((count, i) => ({
    name: `d${i}`,
    sentences: Array.from({ length: count }, (_, j) => `Sentence ${j} of document ${i} is here.`),
  }));
}

Deno.test("equal documents are held out together, or not at all", () => {
  const originals = documentsOf(...Array(40).fill(3));
  const twice = [...originals, ...originals.map((d) => ({ ...d, name: `copy of ${d.name}` }))];
  for (const share of [0.05, 0.1, 0.33]) {
    for (let seed = 1; seed <= 20; seed++) {
      const { train, heldOut } = splitHeldOut(twice, share, seed);
      const trained = new Set(train.map(textOf));
      ok(heldOut.every((document) => !trained.has(textOf(document))));
      strictEqual(heldOut.length, 2 * Math.floor(Math.round(share * 80) / 2));
      strictEqual(train.length + heldOut.length, 80);
    }
  }
});

Deno.test("documents with the same text are equal, however it is divided into sentences", () => {
  const documents = documentsOf(...Array(20).fill(2));
  const joined = documents.map((d) => ({ name: `whole ${d.name}`, sentences: [textOf(d)] }));
  for (let seed = 1; seed <= 10; seed++) {
    const { train, heldOut } = splitHeldOut([...documents, ...joined], 0.1, seed);
    const trained = new Set(train.map(textOf));
    ok(heldOut.length === 4 && heldOut.every((document) => !trained.has(textOf(document))));
  }
});

Deno.test("a text that most documents repeat is not held out if there is another", () => {
  const repeated = Array.from({ length: 19 }, (_, i) => ({ name: `r${i}`, sentences: ["Same."] }));
  const [other] = documentsOf(1);
  const documents = [...repeated, { ...other, sentences: ["Other"] }];
  for (let seed = 1; seed <= 10; seed++) {
    deepStrictEqual(splitHeldOut(documents, 0.05, seed).heldOut.map(textOf), ["Other"]);
  }
});

Deno.test("equal documents with more text than is held out are not cut if there are other documents", () => {
  const copies = Array.from({ length: 30 }, (_, i) => ({
    name: `copy ${i}`,
    sentences: ["It is the same text.", "The sea is old.", "The sea is old."],
  }));
  const documents = [...copies, ...documentsOf(...Array(10).fill(30))];
  for (let seed = 1; seed <= 20; seed++) {
    const { heldOut } = splitHeldOut(documents, 0.05, seed);
    ok(heldOut.length > 0 && heldOut.every(({ name }) => !name.startsWith("copy")), `${seed}`);
  }
});

Deno.test("with few or unequal documents the held-out share is within a factor of two of the wanted one", () => {
  const corpora = [[400, 100], [100, 100, 100], [1000, 10, 10, 10], [1000, ...Array(30).fill(2)]];
  for (const counts of corpora) {
    const documents = documentsOf(...counts);
    for (const share of [0.05, 0.1, 0.3]) {
      for (let seed = 1; seed <= 20; seed++) {
        const { train, heldOut } = splitHeldOut(documents, share, seed);
        const found = sizeOf(heldOut) / sizeOf(documents);
        ok(found <= 2 * share && found >= share / 2, `${found} of ${counts} for ${share}`);
        const all = [...train, ...heldOut].flatMap(({ sentences }) => sentences).sort();
        deepStrictEqual(all, documents.flatMap(({ sentences }) => sentences).sort());
      }
    }
  }
});

Deno.test("the end of a document that is cut is held out under a name that says so", () => {
  const { train, heldOut } = splitHeldOut(documentsOf(400, 100), 0.05, 1);
  deepStrictEqual(train.map(({ name }) => name), ["d0", "d1"]);
  strictEqual(heldOut.length, 1);
  const whole = documentsOf(400, 100)[Number(heldOut[0].name[1])];
  strictEqual(heldOut[0].name, `${whole.name} (held out)`);
  deepStrictEqual(heldOut[0].sentences, whole.sentences.slice(-heldOut[0].sentences.length));
});

Deno.test("text without full stops is cut between words", () => {
  const words = Array.from({ length: 20_000 }, (_, i) => `word${i}`);
  const parts = [words.slice(0, 16_000), words.slice(16_000)];
  const documents = parts.map((part, i) => ({ name: `d${i}`, sentences: [part.join(" ")] }));
  for (const some of [documents, documents.slice(0, 1)]) {
    for (let seed = 1; seed <= 5; seed++) {
      const { train, heldOut } = splitHeldOut(some, 0.05, seed);
      const found = sizeOf(heldOut) / sizeOf(some);
      ok(found > 0.025 && found < 0.1, `${found}`);
      deepStrictEqual(
        [...train, ...heldOut].flatMap((d) => textOf(d).split(" ")).sort(),
        some.flatMap((d) => textOf(d).split(" ")).sort(),
      );
    }
  }
});

Deno.test("which documents are held out does not depend on their order, even if there are copies", () => {
  const originals = documentsOf(...Array(30).fill(2));
  const some = [...originals, ...originals.slice(0, 10).map((d) => ({ ...d, name: `${d.name}'` }))];
  const names = (documents: Document[]) =>
    splitHeldOut(documents, 0.2, 3).heldOut.map(({ name }) => name).sort();
  deepStrictEqual(names(some.toReversed()), names(some));
});

Deno.test("many documents are split in time proportional to their number", () => {
  const documents = Array.from({ length: 50_000 }, (_, i) => ({ name: `${i}`, sentences: ["a"] }));
  strictEqual(splitHeldOut(documents, 0.05, 1).heldOut.length, 2500);
});
