/** The text half, one thread, beside the `tokenizers` package: in tokens a second. */
import type { Bench } from "./bench.ts";
import { Child, denoChild, pythonChild } from "./child.ts";
import { percent, reach, short } from "./report.ts";
import { type Contender, ratios, type Sample, sample, takeTurns } from "./rounds.ts";
import type { TextJob } from "./text_child.ts";
import { tokenRates } from "./step_section.ts";
import { race, SIMD } from "./variants.ts";

const SECTION = "text";
const HERE = "here";
const THERE = "tokenizers";
const HEADER = ["", "here M/s", "reach", "tokenizers M/s", "reach", "here x"];

const JOBS: Readonly<Record<TextJob, string>> = {
  train: "vocabulary of 8,000 learnt",
  encode: "encoding, a new tokenizer",
  encodeAgain: "encoding again, words known",
  offsets: "encoding with offsets",
  examples: "encoding + nspData + mlmData",
  batches: "all that training takes in: batches()",
};

/** Jobs that only exist here; what they are compared with is the encoding over there. */
const OWN: readonly TextJob[] = ["examples", "batches"];

/** Measures each job on both sides by turns, then what examples cost of a step. */
export async function textSection(bench: Bench): Promise<void> {
  const children = await startChildren(bench);
  try {
    const rates = new Map<TextJob, ReadonlyMap<string, Sample>>();
    for (const job of Object.keys(JOBS) as TextJob[]) {
      rates.set(job, await measure(children, job, bench.pace.rounds));
    }
    show(bench, rates);
    await showShare(bench, rates.get("batches")!.get(HERE)!);
  } finally {
    for (const child of children.values()) await child.close();
  }
}

/** One thread is all of V8 too: neither its collector nor its compiler has others. */
async function startChildren({ python }: Bench): Promise<Map<string, Child>> {
  const options = denoChild("text_child.ts", {}, { flags: ["--v8-flags=--single-threaded"] });
  const here = await Child.start(options);
  const children = new Map([[HERE, here]]);
  if (!python?.versions.tokenizers) return children;
  const there = await Child.start(pythonChild(python.command, "tokenizers_text.py", {}));
  await there.ask(await here.ask({ forOthers: true }));
  return children.set(THERE, there);
}

/** Tokens a second of a job on both sides. */
async function measure(
  children: ReadonlyMap<string, Child>,
  job: TextJob,
  rounds: number,
): Promise<Map<string, Sample>> {
  const able = [...children].filter(([name]) => name === HERE || !OWN.includes(job));
  const contenders = able.map(([name, child]): Contender => ({ name, child, request: { job } }));
  const answers = await takeTurns(contenders, rounds);
  const rate = ({ tokens, seconds }: Record<string, unknown>) => Number(tokens) / Number(seconds);
  return new Map([...answers].map(([name, replies]) => [name, sample(replies.map(rate))]));
}

function show({ report }: Bench, rates: ReadonlyMap<TextJob, ReadonlyMap<string, Sample>>): void {
  const rows = [...rates].map(([job, both]) => {
    const setting = JOBS[job];
    const here = both.get(HERE)!;
    const there = both.get(THERE) ??
      (OWN.includes(job) ? rates.get("encode")?.get(THERE) : undefined);
    const figure = { section: SECTION, setting, metric: "speed", unit: "tokens/s" };
    for (const [variant, rate] of both) report.add({ ...figure, variant }, rate);
    if (!there) return [setting, short(here.median / 1e6), reach(here), "", "", ""];
    const ratio = ratios(here, there);
    const against = { metric: `speed against ${THERE}`, unit: "ratio", variant: HERE };
    report.add({ ...figure, ...against }, ratio);
    const cells = [here, there].flatMap((rate) => [short(rate.median / 1e6), reach(rate)]);
    return [setting, ...cells, short(ratio.median)];
  });
  const title =
    "Text: million tokens a second, one thread, State of the Union addresses (2 M words)";
  report.table(`${title}; the last two rows against its encoding`, HEADER, rows);
}

/** What the batches of training cost, as a share of the steps that they are for. */
async function showShare(bench: Bench, batches: Sample): Promise<void> {
  const usual = { preset: "mini", vocabSize: 8192, batch: 32, length: 128 } as const;
  const setting = { ...usual, threads: bench.threads, dropout: bench.dropout };
  const rates = tokenRates(await race([SIMD], setting, bench), setting);
  const step = rates.get(SIMD.name);
  if (!step) return;
  const share = step.median / batches.median;
  const figure = { section: SECTION, setting: "mini, 32 x 128", variant: HERE, unit: "ratio" };
  bench.report.add({ ...figure, metric: "batches, share of a step" }, share);
  bench.report.line(`\nMaking batches takes ${percent(share)} of a step of mini on simd`);
}
