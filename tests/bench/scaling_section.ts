/** How a step's speed depends on threads, batch and length. */
import type { Bench } from "./bench.ts";
import { reach, short } from "./report.ts";
import { ratios } from "./rounds.ts";
import { describe, tokenRates } from "./step_section.ts";
import { PYTORCH_EXPERT, race, type Setting, SIMD, SIMD_BLAS } from "./variants.ts";

const SECTION = "scaling";
const VARIANTS = [SIMD, SIMD_BLAS, PYTORCH_EXPERT];
const HEADER = ["", ...VARIANTS.map(({ name }) => name), "BLAS x expert's", "reach"];

/** Steps of `mini` with one thing changed at a time. */
export async function scalingSection(bench: Bench): Promise<void> {
  const { threads, quick } = bench;
  const usual = { preset: "mini", vocabSize: 8192, batch: 32, length: 128, threads } as const;
  const counts = threads > 1 ? [1, threads] : [1];
  const tokens = 4096;
  const lengths = quick ? [64, 512] : [64, 128, 256, 512];
  await scale(bench, "threads", counts.map((threads) => ({ ...usual, threads })));
  await scale(
    bench,
    "sequences",
    (quick ? [8, 64] : [8, 32, 64]).map((batch) => ({ ...usual, batch })),
  );
  const equal = lengths.map((length) => ({ ...usual, length, batch: tokens / length }));
  await scale(bench, "length, 4096 tokens each", equal);
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
  const [blas, expert] = [SIMD_BLAS, PYTORCH_EXPERT].map((variant) => rates.get(variant.name));
  const ratio = blas && expert ? ratios(blas, expert) : undefined;
  const cells = VARIANTS.map((variant) => short(rates.get(variant.name)?.median ?? NaN));
  return [name, ...cells, short(ratio?.median ?? NaN), ratio ? reach(ratio) : ""];
}
