import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { bertConfig, type ModelPreset } from "bert/config.ts";
import { randomBatch, stepConfig, stepFlops } from "./arithmetic.ts";
import { Child } from "./child.ts";
import { short } from "./report.ts";
import { ratios, sample, takeTurns } from "./rounds.ts";
import { describe } from "./step_section.ts";
import { PYTORCH_EXPERT, SIMD } from "./variants.ts";

const SHAPE = { batch: 32, length: 128 };

Deno.test("a step's arithmetic: 6 operations a parameter and token, attention, predictions", () => {
  const gigaflops = (preset: ModelPreset, vocabSize: number) =>
    Math.round(stepFlops(bertConfig(preset, { vocabSize }), SHAPE) / 1e9);
  deepStrictEqual([gigaflops("tiny", 8192), gigaflops("mini", 8192)], [15, 92]);
  deepStrictEqual([gigaflops("small", 8192), gigaflops("base", 30522)], [339, 2234]);
});

Deno.test("the batch is full, has 15 % labels, and both kinds of pairs", () => {
  const batch = randomBatch(SHAPE, 8192);
  strictEqual(batch.mlmLabels.filter((label) => label >= 0).length, 614);
  ok(batch.attentionMask.every((value) => value === 1));
  ok(batch.tokenIds.every((id) => id >= 5 && id < 8192));
  strictEqual(batch.nspLabels.filter((label) => label === 1).length, 16);
});

Deno.test("the rate of dropout reaches both sides, and the title of the table", () => {
  const setting = { preset: "tiny", vocabSize: 8192, threads: 1, dropout: 0, ...SHAPE } as const;
  const { hiddenDropoutProb, attentionProbsDropoutProb } = stepConfig(setting);
  deepStrictEqual([hiddenDropoutProb, attentionProbsDropoutProb], [0, 0]);
  const python = { command: "python3", versions: { torch: "2", transformers: "5" } };
  const specOf = ({ start }: typeof SIMD) => JSON.parse(start(setting, python)!.args.at(-1)!);
  strictEqual(specOf(SIMD).dropout, 0);
  const theirs = specOf(PYTORCH_EXPERT);
  deepStrictEqual([theirs.hiddenDropoutProb, theirs.attentionProbsDropoutProb], [0, 0]);
  strictEqual(describe(setting), "tiny, 32 x 128, dropout 0");
});

Deno.test("medians are those of all rounds, and ratios are taken round by round", () => {
  deepStrictEqual([sample([3, 1, 2]).median, sample([4, 1, 2, 3]).median], [2, 2.5]);
  const { lowest, highest } = sample([3, 1, 2]);
  deepStrictEqual([lowest, highest], [1, 3]);
  deepStrictEqual(ratios(sample([2, 30, 4]), sample([1, 10])).values, [2, 3]);
});

Deno.test("numbers keep three digits", () => {
  deepStrictEqual([1234.5, 12.345, 1.2345, 0.012345].map(short), [
    "1,235",
    "12.3",
    "1.23",
    "0.0123",
  ]);
});

/** A child that answers with its name and how often it was asked. */
function counter(name: string): Promise<Child> {
  const url = new URL("./child.ts", import.meta.url);
  const code = `import { serve } from "${url}"; let n = 0; await serve({}, () => ({ n: ++n }));`;
  return Child.start({ command: Deno.execPath(), args: ["eval", code, name] });
}

Deno.test("child processes are asked in turn, and none after its last round", async () => {
  const [a, b] = [await counter("a"), await counter("b")];
  const contenders = [
    { name: "a", child: a, request: {} },
    { name: "b", child: b, request: {}, rounds: 1 },
  ];
  const answers = await takeTurns(contenders, 2);
  await a.close();
  await b.close();
  deepStrictEqual(answers.get("a"), [{ n: 1 }, { n: 2 }]);
  deepStrictEqual(answers.get("b"), [{ n: 1 }]);
});

Deno.test("a child process that ends early is an error", async () => {
  const args = ["eval", "Deno.exit(3)"];
  await rejects(Child.start({ command: Deno.execPath(), args }), /ended early, with code 3/);
});
