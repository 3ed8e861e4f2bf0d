import fc from "fast-check";
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { corpus, readAll } from "bert/data/corpus.ts";
import { type CorpusOptions, type Document } from "bert/data/document.ts";
import { mlmData } from "bert/data/mlm.ts";
import { nspExamples } from "bert/data/nsp.ts";
import { type NspOptions } from "bert/data/pair_maker.ts";
import { type PairExample } from "bert/data/example.ts";
import { NoExamplesError } from "bert/errors.ts";
import { createRng } from "bert/random.ts";
import { fileText, SETTINGS } from "../support/arbitrary.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";

const { vocab } = TOY_TOKENIZER;
const words = vocab.tokens.filter((token) => /^[a-z]+$/.test(token));
const sentence = fc.array(fc.constantFrom(...words, "ships", "?!"), { maxLength: 9 })
  .map((found) => found.join(" "));

/** Any documents: some are empty, have empty sentences, or sentences that are too long for an example. */
const documents: fc.Arbitrary<Document[]> = fc.array(fc.array(sentence, { maxLength: 8 }), {
  maxLength: 6,
}).map((found) => found.map((sentences, i) => ({ name: `d${i}`, sentences })));

const settings: fc.Arbitrary<NspOptions> = fc.record({
  maxLength: fc.integer({ min: 5, max: 40 }),
  pairing: fc.constantFrom("nsp" as const, "sop" as const, "none" as const),
  packing: fc.boolean(),
  balanced: fc.boolean(),
  shortSequenceProbability: fc.constantFrom(0, 0.1, 1),
  windowTokens: fc.constantFrom(1, 30, 4e6),
  rng: fc.nat(1e6).map((seed) => createRng(seed)),
});

/** The pairs; none if none can be made, which is checked. */
function pairsOf(found: readonly Document[], options: NspOptions): PairExample[] {
  try {
    return [...nspExamples(found, TOY_TOKENIZER, options)];
  } catch (error) {
    ok(error instanceof NoExamplesError, String(error));
    const lengths = found.map(({ sentences }) =>
      sentences.filter((text) => TOY_TOKENIZER.ids(text).length > 0).length
    ).filter((length) => length > 0);
    const possible = options.pairing === "none" ? lengths.length > 0 : lengths.some((n) => n > 1);
    ok(!possible, `no pair from documents of ${lengths} sentences: ${error.message}`);
    return [];
  }
}

Deno.test("pairs of any documents have [CLS] and [SEP] in place, fit maxLength, and contain the text of their spans", () => {
  fc.assert(
    fc.property(documents, settings, (found, options) => {
      for (const pair of pairsOf(found, options)) {
        const { tokenIds, segmentIds, nspLabel, first, second } = pair;
        const middle = segmentIds.lastIndexOf(1);
        strictEqual(tokenIds[0], vocab.clsId);
        ok(tokenIds[middle] === vocab.sepId && tokenIds.at(-1) === vocab.sepId);
        ok(tokenIds.length <= options.maxLength && tokenIds.length === segmentIds.length);
        ok(segmentIds.every((segment, i) => segment === (i <= middle ? 1 : 2)));
        const parts = [tokenIds.slice(1, middle), tokenIds.slice(middle + 1, -1)];
        for (const [i, span] of [first, second].entries()) {
          if (!span) continue;
          const { sentences } = found.find(({ name }) => name === span.document)!;
          const whole = sentences.slice(span.start, span.end).flatMap((text) =>
            TOY_TOKENIZER.ids(text)
          );
          ok(parts[i].length > 0 && `,${whole},`.includes(`,${parts[i]},`));
        }
        strictEqual(nspLabel === -1, options.pairing === "none");
      }
    }),
    SETTINGS,
  );
});

Deno.test("label 0 is the true next sentence, label 1 never is, whatever the documents", () => {
  const said = (span: { document: string; end: number }, found: readonly Document[]) => {
    const { sentences } = found.find(({ name }) => name === span.document)!;
    return sentences.findIndex((text, i) => i >= span.end && TOY_TOKENIZER.ids(text).length > 0);
  };
  fc.assert(
    fc.property(documents, settings, (found, options) => {
      if (options.pairing !== "nsp") return;
      for (const { first, second, nspLabel } of pairsOf(found, options)) {
        const same = first.document === second!.document;
        const follows = same && second!.start === said(first, found);
        if (nspLabel === 0 || options.balanced) strictEqual(follows, nspLabel === 0);
        if (nspLabel === 1 && same && options.balanced) {
          ok(second!.end <= first.start || second!.start > first.end);
        }
      }
    }),
    SETTINGS,
  );
});

const masking = fc.record({
  maskProbability: fc.double({ min: 0, max: 1, noNaN: true }),
  maxPredictions: fc.constantFrom(1, 2, 5, Infinity),
  wholeWord: fc.boolean(),
  selection: fc.constantFrom("independent" as const, "exact" as const),
  rng: fc.nat(1e6).map((seed) => createRng(seed)),
});

Deno.test("masking changes ids only at labels, chooses no special token, and keeps to the limit", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(vocab.size - 1), { maxLength: 40 }), masking, (ids, options) => {
      const { tokenIds, labels } = mlmData(ids, vocab, options);
      deepStrictEqual(tokenIds.map((id, i) => labels[i] < 0 ? id : labels[i]), ids);
      const asked = labels.filter((label) => label >= 0);
      const exact = options.selection === "exact";
      ok(asked.every((id) => !vocab.isSpecial(id) || (exact && id === vocab.unkId)));
      ok(asked.length <= options.maxPredictions);
      ok(
        tokenIds.every((id, i) =>
          labels[i] < 0 || id === vocab.maskId || !vocab.isSpecial(id) || id === ids[i]
        ),
      );
      const ordinary = ids.some((id) => !vocab.isSpecial(id) || id === vocab.unkId);
      if (exact && !options.wholeWord) {
        if (ordinary) ok(asked.length > 0);
        const most = Math.max(1, Math.round(ids.length * options.maskProbability));
        ok(asked.length <= most);
      }
    }),
    SETTINGS,
  );
});

Deno.test("whole words are predicted as a whole or not at all", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(vocab.size - 1), { maxLength: 40 }), masking, (ids, options) => {
      const { labels } = mlmData(ids, vocab, { ...options, wholeWord: true });
      let last = -1; // the position of the last token that is not special
      for (const [i, id] of ids.entries()) {
        if (vocab.isSpecial(id) && id !== vocab.unkId) continue;
        if (last >= 0 && vocab.isContinuation(id)) strictEqual(labels[i] >= 0, labels[last] >= 0);
        last = i;
      }
    }),
    SETTINGS,
  );
});

/** Writes a file and reads it as a corpus: the sentences of each document. */
async function sentencesIn(extension: string, content: string, options?: CorpusOptions) {
  const path = await Deno.makeTempFile({ suffix: `.${extension}` });
  try {
    await Deno.writeTextFile(path, content);
    return (await readAll(corpus(path, options))).map(({ sentences }) => sentences);
  } finally {
    await Deno.remove(path);
  }
}

const byteOrderMark = fc.constantFrom("", "\ufeff");
const lineEnd = fc.constantFrom("\n", "\r\n");
const FILES = { ...SETTINGS, numRuns: 100 };

Deno.test("any text is read back from CSV, with quotes, commas, line breaks, a byte-order mark and CRLF", async () => {
  const field = fileText("\n", "\r\n").filter((text) => text.trim() !== "");
  await fc.assert(
    fc.asyncProperty(
      fc.array(field, { minLength: 1, maxLength: 5 }),
      byteOrderMark,
      lineEnd,
      async (fields, mark, end) => {
        const quoted = fields.map((text, i) => `${i},"${text.replaceAll('"', '""')}"`);
        const found = await sentencesIn(
          "csv",
          mark + ["document,sentence", ...quoted].join(end) + end,
        );
        deepStrictEqual(found, fields.map((text) => [text.replaceAll("\r\n", "\n").trim()]));
      },
    ),
    FILES,
  );
});

Deno.test("any text is read back from JSON lines", async () => {
  const field = fileText("\n", "\r\n", "\0", "\ud800").filter((text) => text.trim() !== "");
  await fc.assert(
    fc.asyncProperty(
      fc.array(field, { minLength: 1, maxLength: 5 }),
      byteOrderMark,
      lineEnd,
      async (fields, mark, end) => {
        const lines = fields.map((sentence, i) => JSON.stringify({ document: `${i}`, sentence }));
        const found = await sentencesIn("jsonl", mark + lines.join(end));
        deepStrictEqual(found, fields.map((text) => [text.trim()]));
      },
    ),
    FILES,
  );
});

Deno.test("lines are read back from a text file, as documents separated by empty lines", async () => {
  const line = fileText().filter((text) => text.trim() !== "" && !text.startsWith("\ufeff"));
  const file = fc.array(fc.array(line, { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(file, byteOrderMark, lineEnd, async (found, mark, end) => {
      const content = mark + found.map((lines) => lines.join(end)).join(end + end);
      const read = await sentencesIn("txt", content, { sentencePerLine: true });
      deepStrictEqual(read, found.map((lines) => lines.map((text) => text.trim())));
    }),
    FILES,
  );
});
