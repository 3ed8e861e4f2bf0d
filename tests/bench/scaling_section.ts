/** How a step's speed depends on threads, batch and length. */
import type { Bench } from "./bench.ts";
import { reach, short } from "./report.ts";
import { ratios } from "./rounds.ts";
import { describe, tokenRates } from "./step_section.ts";
import { PYTORCH_EXPERT, race, type Setting, SIMD, WASM } from "./variants.ts";

const SECTION = "scaling";
const VARIANTS = [WASM, SIMD, PYTORCH_EXPERT];
const HEADER = ["", ...VARIANTS.map(({ name }) => name), "simd x expert's", "reach"];

const TOKENS = 4096; // in a batch, where only the length of its sequences changes

/** Steps of `mini` with one thread, and with all. */
export async function threadSection(bench: Bench): Promise<void> {
  const counts = [...new Set([1, bench.threads])];
  await scale(bench, "threads", counts.map((threads) => ({ ...usual(bench), threads })));
}

/** Steps of `mini` with few and with many sequences. */
export async function batchSection(bench: Bench): Promise<void> {
  const sizes = bench.quick ? [8, 64] : [8, 32, 64];
  await scale(bench, "sequences in a batch", sizes.map((batch) => ({ ...usual(bench), batch })));
}

/** Steps of `mini` with the same number of tokens in short and in long sequences. */
export async function lengthSection(bench: Bench): Promise<void> {
  const lengths = bench.quick ? [64, 512] : [64, 128, 256, 512];
  const settings = lengths.map((length) => ({ ...usual(bench), length, batch: TOKENS / length }));
  await scale(bench, `length, ${TOKENS} tokens each`, settings);
}

function usual({ threads, dropout }: Bench): Setting {
  return { preset: "mini", vocabSize: 8192, batch: 32, length: 128, threads, dropout };
}

async function scale(bench: Bench, what: string, settings: readonly Setting[]): Promise<void> {
  const rows: string[][] = [];
  for (const setting of settings) rows.push(await measure(bench, setting));
  bench.report.table(`Tokens a second by ${what}`, HEADER, rows);
}

async function measure(bench: Bench, setting: Setting): Promise<string[]> {
  const name = `${describe(setting)}, ${setting.threads} ${
    setting.threads > 1 ? "threads" : "thread"
  }`;
  const pace = { ...bench.pace, rounds: Math.min(bench.pace.rounds, 3) };
  const rates = tokenRates(await race(VARIANTS, setting, { ...bench, pace }), setting);
  for (const [variant, rate] of rates) {
    const figure = { section: SECTION, setting: name, variant, metric: "speed", unit: "tokens/s" };
    bench.report.add(figure, rate);
  }
  const [simd, expert] = [SIMD, PYTORCH_EXPERT].map((variant) => rates.get(variant.name));
  const ratio = simd && expert ? ratios(simd, expert) : undefined;
  const cells = VARIANTS.map((variant) => short(rates.get(variant.name)?.median ?? NaN));
  return [name, ...cells, short(ratio?.median ?? NaN), ratio ? reach(ratio) : ""];
}
