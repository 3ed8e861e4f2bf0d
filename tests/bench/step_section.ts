/** Training steps side by side, at several sizes of the model. */
import type { ModelPreset } from "bert/config.ts";
import { stepConfig, stepFlops } from "./arithmetic.ts";
import type { Bench } from "./bench.ts";
import { percent, reach, short } from "./report.ts";
import { ratios, type Sample, sample } from "./rounds.ts";
import {
  type Outcome,
  PYTORCH,
  PYTORCH_BF16,
  PYTORCH_EXPERT,
  race,
  type Setting,
  SIMD,
  SIMD_BF16,
  SIMD_BLAS,
  STOCK,
  WASM,
  WEBGPU,
} from "./variants.ts";

const SECTION = "step";
const HEADER = ["", "tokens/s", "reach", "x WebAssembly", "x expert's", "x bf16"]
  .concat(["x written", "x stock", "GFLOP/s", "of machine", "peak MB", "start ms"]);

/** Races all variants on each preset. */
export async function stepSection(bench: Bench): Promise<void> {
  for (const preset of bench.presets) await racePreset(bench, preset);
}

/** Steps on a GPU beside `simd`, from tiny to base: for a machine that has one. */
export async function gpuSection(bench: Bench): Promise<void> {
  const quick = { ...bench, pace: { rounds: 2, seconds: 1 } };
  for (const preset of ["tiny", "mini", "small", "medium", "base"] as const) {
    const setting = settingOf(preset, bench);
    show(bench, setting, await race([SIMD, WEBGPU], setting, quick));
  }
}

async function racePreset(bench: Bench, preset: ModelPreset): Promise<void> {
  const setting = settingOf(preset, bench);
  const stock = preset === "mini" && bench.stock ? [STOCK] : [];
  const ours = [WASM, SIMD, SIMD_BF16, SIMD_BLAS];
  const variants = [...ours, PYTORCH, PYTORCH_EXPERT, PYTORCH_BF16, ...stock];
  const outcome = await race(variants, setting, bench);
  show(bench, setting, outcome);
}

/** The batch of each preset; `base` as it was published, in a batch that fits into 4 GiB. */
function settingOf(preset: ModelPreset, { threads, dropout }: Bench): Setting {
  const own = preset === "base" ? { vocabSize: 30522, batch: 8 } : { vocabSize: 8192, batch: 32 };
  return { preset, length: 128, threads, dropout, ...own };
}

/** Tokens a second of each variant. */
export function tokenRates({ steps }: Outcome, { batch, length }: Setting): Map<string, Sample> {
  const rates = [...steps].map(([name, answers]) => {
    const values = answers.map(({ seconds }) => batch * length / Number(seconds));
    return [name, sample(values)] as const;
  });
  return new Map(rates);
}

/** Operations a second of the fastest product that anyone did here: the machine's own rate. */
export function machineRate({ products }: Outcome): { rate: Sample; name: string } {
  const rates = [...products].map(([name, answers]) => ({
    name,
    rate: sample(answers.map(({ flops }) => Number(flops))),
  }));
  return rates.reduce((best, other) => other.rate.highest > best.rate.highest ? other : best);
}

/** A setting in words. */
export function describe({ preset, batch, length, dropout }: Setting): string {
  return `${preset}, ${batch} x ${length}, dropout ${dropout}`;
}

function show({ report, threads }: Bench, setting: Setting, outcome: Outcome): void {
  const rates = tokenRates(outcome, setting);
  const machine = machineRate(outcome);
  const flops = stepFlops(stepConfig(setting), setting);
  const perToken = flops / (setting.batch * setting.length);
  const figure = { section: SECTION, setting: describe(setting) };
  const machineFigure = { variant: `product by ${machine.name}`, metric: "rate", unit: "FLOP/s" };
  report.add({ ...figure, ...machineFigure }, machine.rate);
  const rows = [...rates].map(([name, rate]) => {
    const add = (metric: string, unit: string, value: Sample | number) =>
      report.add({ ...figure, variant: name, metric, unit }, value);
    add("speed", "tokens/s", rate);
    const against = [WASM, PYTORCH_EXPERT, PYTORCH_BF16, PYTORCH, STOCK].map((other) => {
      const base = rates.get(other.name);
      if (!base || other.name === name) return "";
      const ratio = ratios(rate, base);
      add(`speed against ${other.name}`, "ratio", ratio);
      return short(ratio.median);
    });
    const share = rate.median * perToken / machine.rate.highest;
    const peak = Math.max(...outcome.steps.get(name)!.map(({ peakBytes }) => Number(peakBytes)));
    const startMs = Number(outcome.hellos.get(name)?.startMs);
    add("share of the machine's product rate", "ratio", share);
    add("peak memory", "bytes", peak);
    if (startMs > 0) add("start of the backend", "ms", startMs);
    const work = [short(rate.median * perToken / 1e9), percent(share)];
    const start = startMs > 0 ? short(startMs) : "";
    return [name, short(rate.median), reach(rate), ...against, ...work, short(peak / 1e6), start];
  });
  const size = `${short(flops / 1e9)} GFLOP a step, ${threads} threads`;
  const product = `${short(machine.rate.highest / 1e9)} GFLOP/s (product by ${machine.name})`;
  report.table(`Training step: ${describe(setting)}; ${size}; machine ${product}`, HEADER, rows);
  const library = String(outcome.hellos.get(SIMD_BLAS.name)?.library ?? "");
  if (library) report.line(`\nBLAS: ${library.slice(library.lastIndexOf("/") + 1)}`);
}
