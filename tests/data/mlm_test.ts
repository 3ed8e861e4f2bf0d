import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { corruptToken, mlmData, type MlmOptions } from "bert/data/mlm.ts";
import { createRng } from "bert/random.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";

const WORDS = Array.from({ length: 50 }, (_, i) => `w${i}`);
const vocab = new Vocab([...SPECIAL_TOKENS, ...WORDS, "##ing", "##s"]);
const [ING, S] = [vocab.idOf("##ing"), vocab.idOf("##s")];
const { clsId, sepId, padId, unkId, maskId } = vocab;

/** `[CLS] 60 words [SEP] 60 words [SEP]`, then padding. */
const words = (count: number) => Array.from({ length: count }, (_, i) => 5 + i % WORDS.length);
const SEQUENCE = [clsId, ...words(60), sepId, ...words(60), sepId, padId, padId];

function run(times: number, options: Partial<MlmOptions> = {}, sequence = SEQUENCE) {
  const rng = createRng(7);
  return Array.from({ length: times }, () => mlmData(sequence, vocab, { rng, ...options }));
}

Deno.test("labels restore the original, and are -1 where nothing is predicted", () => {
  for (const { tokenIds, labels } of run(200)) {
    const restored = tokenIds.map((id, i) => labels[i] === -1 ? id : labels[i]);
    deepStrictEqual(restored, SEQUENCE);
  }
});

for (const selection of ["independent", "exact"] as const) {
  for (const wholeWord of [false, true]) {
    Deno.test(`[CLS], [SEP] and [PAD] are never chosen, ${selection}, whole words ${wholeWord}`, () => {
      for (const { labels } of run(200, { selection, wholeWord })) {
        for (const [i, id] of SEQUENCE.entries()) {
          if (id === clsId || id === sepId || id === padId) strictEqual(labels[i], -1);
        }
      }
    });
  }
}

Deno.test("15 % of the tokens are chosen; of those 80 % masked, 10 % random, 10 % kept", () => {
  const counts = { chosen: 0, masked: 0, kept: 0, random: 0 };
  for (const { tokenIds, labels } of run(2000)) {
    for (const [i, label] of labels.entries()) {
      if (label === -1) continue;
      counts.chosen++;
      if (tokenIds[i] === maskId) counts.masked++;
      else if (tokenIds[i] === label) counts.kept++;
      else counts.random++;
    }
  }
  const near = (part: number, whole: number, expected: number, tolerance: number) =>
    ok(Math.abs(part / whole - expected) < tolerance, `${part / whole} is not near ${expected}`);
  near(counts.chosen, 2000 * 120, 0.15, 0.004); // five standard deviations each
  near(counts.masked, counts.chosen, 0.8, 0.011);
  near(counts.random, counts.chosen, 0.1 * 51 / 52, 0.008); // a random token may equal the original
  near(counts.kept, counts.chosen, 0.1 + 0.1 / 52, 0.008);
});

Deno.test("a random token is never special, unless randomSpecials is set", () => {
  const draws = (randomSpecials: boolean) => {
    const rng = createRng(3);
    return Array.from({ length: 20_000 }, () => corruptToken(20, vocab, { rng, randomSpecials }));
  };
  ok(!draws(false).some((id) => id !== maskId && vocab.isSpecial(id)));
  ok(draws(true).some((id) => id === unkId || id === padId));
});

Deno.test("exact selection takes round-half-to-even(15 %) of the length, up to the limit", () => {
  const count = (length: number, maxPredictions?: number) => {
    const sequence = [clsId, ...words(length - 2), sepId];
    const [{ labels }] = run(1, { selection: "exact", maxPredictions }, sequence);
    return labels.filter((label) => label !== -1).length;
  };
  deepStrictEqual([count(30), count(50), count(70), count(3)], [4, 8, 10, 1]); // 4.5, 7.5, 10.5, 0.45
  strictEqual(count(120, 5), 5);
});

Deno.test("the limit holds with independent selection, too, and drops random positions", () => {
  const runs = run(300, { maxPredictions: 5 });
  ok(runs.every(({ labels }) => labels.filter((label) => label !== -1).length <= 5));
  const late = runs.filter(({ labels }) => labels.slice(62).some((label) => label !== -1));
  ok(late.length > 150, "the limit must not favour the beginning");
});

Deno.test("all pieces of a word are chosen together", () => {
  const sequence = [clsId, 5, ING, S, 6, 7, ING, 8, 9, S, 10, 11, ING, sepId];
  const wordsOf = [[1, 2, 3], [4], [5, 6], [7], [8, 9], [10], [11, 12]];
  for (const { labels } of run(500, { wholeWord: true, maskProbability: 0.3 }, sequence)) {
    for (const positions of wordsOf) {
      const chosen = positions.filter((i) => labels[i] !== -1).length;
      ok(chosen === 0 || chosen === positions.length);
    }
  }
});

/** For each position how often it was chosen in many draws. */
function askedByPosition(draws: number, sequence: number[], options: Partial<MlmOptions> = {}) {
  const rng = createRng(28);
  const asked = sequence.map(() => 0);
  for (let i = 0; i < draws; i++) {
    const { labels } = mlmData(sequence, vocab, { rng, ...options });
    for (const [position, label] of labels.entries()) if (label !== -1) asked[position]++;
  }
  return asked;
}

const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);

Deno.test("every position is chosen equally often: chi-squared over 100,000 draws", () => {
  for (const share of [0.15, 0.4]) {
    const sequence = [clsId, ...words(29), sepId];
    const asked = askedByPosition(100_000, sequence, { maskProbability: share }).slice(1, -1);
    const [expected, variance] = [100_000 * share, 100_000 * share * (1 - share)];
    const chiSquared = sum(asked.map((count) => (count - expected) ** 2 / variance));
    ok(chiSquared < 52.3, `${chiSquared}`); // 29 degrees of freedom: 0.5 % lie above
    ok(Math.abs(sum(asked) / (29 * 100_000) - share) < 0.001);
  }
});

Deno.test("the share is the wanted one to 0.1 %, whatever the length of the sequence", () => {
  for (const length of [4, 8, 32, 64, 128, 512]) {
    const draws = Math.ceil(700_000 / length);
    const asked = askedByPosition(draws, [clsId, ...words(length - 2), sepId]);
    const share = sum(asked) / (draws * (length - 2));
    ok(Math.abs(share - 0.15) < 0.001, `${share} of ${length}`);
  }
});

Deno.test("whole words of any number of pieces are chosen equally often", () => {
  const sequence = [clsId];
  for (let pieces = 1; pieces <= 6; pieces++) sequence.push(5, ...Array(pieces - 1).fill(ING));
  for (const length of [1, 8]) { // the words once, and eight times
    const long = [clsId, ...Array(length).fill(sequence.slice(1)).flat(), sepId];
    const draws = 160_000 / length;
    const asked = askedByPosition(draws, long, { wholeWord: true });
    for (let pieces = 1, start = 1; pieces <= 6; start += pieces++) {
      const times = sum(Array.from({ length }, (_, i) => asked[start + 21 * i]));
      ok(Math.abs(times / (draws * length) - 0.15) < 0.004, `${times} of ${pieces} pieces`);
    }
    ok(Math.abs(sum(asked) / (draws * 21 * length) - 0.15) < 0.001);
  }
});

Deno.test("[UNK] is never chosen by default, but may be by exact selection", () => {
  const sequence = [clsId, 5, unkId, 6, unkId, sepId];
  for (const { labels } of run(500, { maskProbability: 0.9 }, sequence)) {
    deepStrictEqual([labels[2], labels[4]], [-1, -1]);
  }
  deepStrictEqual(run(1, {}, [clsId, unkId, unkId, sepId])[0].labels, [-1, -1, -1, -1]);
  const reference = run(500, { selection: "exact", maskProbability: 0.9 }, sequence);
  ok(reference.some(({ labels }) => labels[2] === unkId));
});

Deno.test("exact selection always chooses a token if there is a word", () => {
  const exact = { selection: "exact", maskProbability: 0.01 } as const;
  for (const { labels } of run(500, exact, [clsId, 5, 6, sepId])) {
    ok(labels.some((label) => label !== -1));
  }
  deepStrictEqual(run(1, exact, [clsId, sepId, padId])[0].labels, [-1, -1, -1]);
});

Deno.test("mlmData() does not change its input, and gives the same result for the same seed", () => {
  const sequence = [...SEQUENCE];
  const first = mlmData(sequence, vocab, { rng: createRng(5) });
  deepStrictEqual(sequence, SEQUENCE);
  deepStrictEqual(mlmData(sequence, vocab, { rng: createRng(5) }), first);
});

Deno.test("mlmData() refuses impossible shares and limits", () => {
  const rng = createRng(1);
  for (const maskProbability of [-0.1, 1.1, NaN]) {
    throws(() => mlmData(SEQUENCE, vocab, { maskProbability, rng }), { name: "ConfigError" });
  }
  throws(() => mlmData(SEQUENCE, vocab, { maxPredictions: 0, rng }), {
    name: "ConfigError",
    message: "Invalid maxPredictions = 0: it must be a whole number of at least 1",
  });
});

Deno.test("a [MASK] in the text is never chosen", () => {
  for (const { labels } of run(500, { maskProbability: 0.5 }, [clsId, 5, maskId, 6, sepId])) {
    strictEqual(labels[2], -1);
  }
});

Deno.test("corruptToken() draws a special token if the vocabulary has no others", () => {
  const bare = new Vocab(SPECIAL_TOKENS);
  const rng = createRng(1);
  for (let i = 0; i < 100; i++) ok(bare.isSpecial(corruptToken(unkId, bare, { rng })));
});

Deno.test("a word of any number of pieces is chosen whole, also where the number is limited", () => {
  const sequence = [5, ...Array(300_000).fill(S)];
  for (const selection of ["independent", "exact"] as const) {
    const options = { wholeWord: true, maskProbability: 1, maxPredictions: 300_001, selection };
    const [{ labels }] = run(1, options, [...sequence, clsId, ...sequence]);
    strictEqual(labels.filter((label) => label >= 0).length, 300_001);
  }
});
