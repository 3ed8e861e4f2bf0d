import {
  deepStrictEqual,
  notDeepStrictEqual,
  notStrictEqual,
  ok,
  strictEqual,
  throws,
} from "node:assert";
import { createRng, forkedRandom } from "bert/random.ts";
import cases from "./fixtures/random_cases.json" with { type: "json" };

for (const { seed, draws, integers, shuffled, far } of cases) {
  Deno.test(`createRng(${seed}) equals CPython's random.Random`, () => {
    const rng = createRng(seed);
    deepStrictEqual([rng.random(), rng.random(), rng.random()], draws);
    deepStrictEqual(
      [rng.between(0, 9), rng.below(1), rng.below(2 ** 31), rng.between(-5, 5)],
      integers,
    );
    const items = Array.from({ length: 12 }, (_, i) => i);
    rng.shuffle(items);
    deepStrictEqual(items, shuffled);
    let last = 0;
    for (let i = 0; i < 700; i++) last = rng.random();
    strictEqual(last, far);
  });
}

Deno.test("fork() depends on seed and label, not on what was drawn before", () => {
  const [fresh, used] = [createRng(7), createRng(7)];
  for (let i = 0; i < 10; i++) used.random();
  strictEqual(used.fork("mlm").random(), fresh.fork("mlm").random());
  notStrictEqual(fresh.fork("mlm").random(), fresh.fork("nsp").random());
  notStrictEqual(fresh.fork("mlm").random(), createRng(8).fork("mlm").random());
});

Deno.test("fork() gives different streams for many labels and seeds", () => {
  const seen = new Set<number>();
  for (let seed = 0; seed < 50; seed++) {
    for (let label = 0; label < 50; label++) seen.add(createRng(seed).fork(label).random());
  }
  strictEqual(seen.size, 2500);
});

Deno.test("state is a copy, and is equal for streams at the same position only", () => {
  const [one, other] = [createRng(3), createRng(3)];
  const { state } = one;
  for (let i = 0; i < 1000; i++) one.random();
  notDeepStrictEqual(one.state, state);
  deepStrictEqual(other.state, state);
  for (let i = 0; i < 1000; i++) other.random();
  deepStrictEqual(other.state, one.state);
});

Deno.test("below() is uniform: a die with six sides falls on each equally often", () => {
  const rng = createRng(1);
  const counts = new Array(6).fill(0);
  for (let i = 0; i < 60_000; i++) counts[rng.below(6)]++;
  ok(counts.every((count) => Math.abs(count - 10_000) < 400), `${counts}`); // 4.4 standard deviations
});

Deno.test("createRng() and below() refuse negative, fractional and too large numbers", () => {
  for (const seed of [-1, 0.5, NaN, 2 ** 53]) {
    throws(() => createRng(seed), { name: "ConfigError" });
  }
  for (const n of [0, -1, 1.5, 2 ** 32]) {
    throws(() => createRng(1).below(n), { name: "ConfigError" });
  }
});

Deno.test("forkedRandom() is the first number of the forked stream with that label", () => {
  for (const seed of [0, 1, 42, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER]) {
    for (const label of ["", "held out/a", "é中", 7]) {
      strictEqual(forkedRandom(seed, label), createRng(seed).fork(label).random());
    }
  }
});
