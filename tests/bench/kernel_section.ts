/** Single operations against what bounds them: the rate of products, or of moving memory. */
import type { Bench } from "./bench.ts";
import { Child, denoChild } from "./child.ts";
import type { Work } from "./kernel_child.ts";
import { percent, short } from "./report.ts";
import { type Answers, type Sample, sample, takeTurns } from "./rounds.ts";

const SECTION = "kernels";
const NAMES = ["WebAssembly alone", "simd"] as const;

const COPIED = 4 * 4096 * 1024; // bytes of the largest tensor in a layer of mini
const PRODUCT = 2048;

/** Operations and bytes a second; nothing can be faster than the fastest of their rounds. */
interface Bounds {
  readonly product: ReadonlyMap<string, Sample>;
  readonly copy: Sample;
}

/** Runs every operation on both kinds of the backend, by turns. */
export async function kernelSection(bench: Bench): Promise<void> {
  const children = await startBoth(bench.threads);
  try {
    const rounds = Math.min(bench.pace.rounds, 3);
    const before = await measureBounds(children, bench.threads, rounds);
    const found = await measureAll(children, rounds);
    const bounds = joined(before, await measureBounds(children, bench.threads, rounds));
    const rows = [...found].flatMap(([name, answers]) => rowsOf(bench, name, answers, bounds));
    show(bench, bounds, rows);
  } finally {
    for (const child of children.values()) await child.close();
  }
}

/** The answers for each operation by its name. */
async function measureAll(
  children: ReadonlyMap<string, Child>,
  rounds: number,
): Promise<Map<string, Answers>> {
  const found = new Map<string, Answers>();
  for (const kernel of children.get(NAMES[0])!.hello.kernels as string[]) {
    const request = { kernel };
    const contenders = [...children].map(([name, child]) => ({ name, child, request }));
    found.set(kernel, await takeTurns(contenders, rounds));
  }
  return found;
}

/** Both kinds; without native code only one, as the other would be the same. */
async function startBoth(threads: number): Promise<Map<string, Child>> {
  const children = new Map<string, Child>();
  for (const name of NAMES) {
    const child = await start(name, threads);
    if (child.hello.native || name === NAMES[0]) children.set(name, child);
    else await child.close();
  }
  return children;
}

/** One row, and another for the gradient where there is one. */
function rowsOf(bench: Bench, kernel: string, answers: Answers, bounds: Bounds): string[][] {
  const { gradientWork } = answers.get(NAMES[0])![0];
  const kinds = gradientWork ? [false, true] : [false];
  return kinds.map((gradient) => row(bench, kernel, answers, bounds, gradient));
}

async function start(name: string, threads: number): Promise<Child> {
  const native = name === "simd";
  return await Child.start(denoChild("kernel_child.ts", { native, threads }, { ffi: native }));
}

async function measureBounds(
  children: ReadonlyMap<string, Child>,
  threads: number,
  rounds: number,
): Promise<Bounds> {
  const request = { product: PRODUCT };
  const contenders = [...children].map(([name, child]) => ({ name, child, request }));
  const answers = await takeTurns(contenders, rounds);
  const product = [...answers].map(([name, replies]) =>
    [name, sample(replies.map(({ rate }) => Number(rate)))] as const
  );
  return { product: new Map(product), copy: await copyRate(threads, rounds) };
}

/** The rounds of two measurements. */
function joined(a: Bounds, b: Bounds): Bounds {
  const both = (x: Sample, y: Sample) => sample([...x.values, ...y.values]);
  const product = [...a.product].map(([name, rate]) =>
    [name, both(rate, b.product.get(name)!)] as const
  );
  return { product: new Map(product), copy: both(a.copy, b.copy) };
}

/** All cores copying at once, each its part of a tensor: a process each, as threads share nothing. */
async function copyRate(threads: number, rounds: number): Promise<Sample> {
  const start = () => Child.start(denoChild("kernel_child.ts", { native: false, threads: 1 }));
  const copiers = await Promise.all(Array.from({ length: threads }, start));
  const totals: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const replies = await Promise.all(
      copiers.map((child) => child.ask({ copy: COPIED / threads })),
    );
    totals.push(replies.reduce((sum, { rate }) => sum + Number(rate), 0));
  }
  for (const child of copiers) await child.close();
  return sample(totals);
}

/** The cells of an operation, or of its gradient. */
function row(
  { report }: Bench,
  kernel: string,
  answers: Answers,
  bounds: Bounds,
  gradient: boolean,
): string[] {
  const title = gradient ? `${kernel}, gradient` : kernel;
  const cells = [...answers].flatMap(([variant, replies]) => {
    const work = (gradient ? replies[0].gradientWork : replies[0].work) as Work;
    const seconds = sample(
      replies.map((reply) => Number(gradient ? reply.gradientSeconds : reply.seconds)),
    );
    const rate = (work.flops ?? work.bytes ?? 0) / seconds.median;
    const bound = work.flops ? bounds.product.get(variant)!.highest : bounds.copy.highest;
    const figure = { section: SECTION, setting: title, variant };
    report.add({ ...figure, metric: "time", unit: "s" }, seconds);
    const metric = `share of the ${work.flops ? "product" : "copying"} rate`;
    report.add({ ...figure, metric, unit: "ratio" }, rate / bound);
    return [short(1000 * seconds.median), short(rate / 1e9), percent(rate / bound)];
  });
  const { flops } = answers.get(NAMES[0])![0].work as Work;
  return [title, flops ? "products" : "memory", ...cells];
}

function show({ report, threads }: Bench, { product, copy }: Bounds, rows: string[][]): void {
  const figure = { section: SECTION, setting: "bound", metric: "rate" };
  report.add({ ...figure, variant: "copying", unit: "B/s" }, copy);
  const rates = [...product].map(([variant, rate]) => {
    report.add({ ...figure, variant, unit: "FLOP/s" }, rate);
    return `${short(rate.highest / 1e9)} GFLOP/s (${variant})`;
  });
  const bounds = `products ${rates.join(", ")}; copying ${short(copy.highest / 1e9)} GB/s`;
  const title = `Operations of mini, 32 x 128, ${threads} threads; ${bounds}`;
  const columns = [...product.keys()].flatMap((name) => [`${name} ms`, "rate", "of bound"]);
  report.table(title, ["", "bound", ...columns], rows);
}
