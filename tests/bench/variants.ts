/** Who trains: three kinds of PyTorch, our backend in four ways, tfjs's on a GPU, and stock tfjs. */
import { type BatchShape, predictionsOf, stepConfig, type StepModel } from "./arithmetic.ts";
import { Child, type ChildOptions, denoChild, type Message, pythonChild } from "./child.ts";
import type { Python } from "./hardware.ts";
import type { Report } from "./report.ts";
import { type Answers, type Contender, takeTurns } from "./rounds.ts";

/** What is trained, on what, with how many threads. */
export interface Setting extends BatchShape, StepModel {
  readonly threads: number;
}

/** How a variant is started; undefined where it cannot be. */
export interface Variant {
  readonly name: string;
  readonly start: (setting: Setting, python: Python | undefined) => ChildOptions | undefined;
  /** It is nothing without a native library: the one that `BERT_BLAS` names, or macOS's own. */
  readonly library?: boolean;
  /** The variant without which it says nothing. */
  readonly beside?: Variant;
  /** It takes half a minute a step: no warming up, two rounds of one step. */
  readonly slow?: boolean;
}

export const STOCK: Variant = {
  name: "tfjs wasm, stock",
  slow: true,
  start: (setting) => denoChild("step_child.ts", { backend: "stock", ...setting }),
};

export const WASM: Variant = {
  name: "WebAssembly alone",
  start: (setting) =>
    denoChild("step_child.ts", { backend: "simd", blas: false, native: false, ...setting }),
};

export const SIMD: Variant = {
  name: "simd, nothing installed",
  start: (setting) => {
    const spec = { backend: "simd", blas: false, native: true, ...setting };
    return denoChild("step_child.ts", spec, { ffi: true });
  },
};

export const SIMD_BF16: Variant = {
  name: "simd, bf16",
  start: (setting) => {
    const spec = { backend: "simd", blas: false, native: true, precision: "bf16", ...setting };
    return denoChild("step_child.ts", spec, { ffi: true });
  },
};

export const SIMD_BLAS: Variant = {
  name: "simd + BLAS",
  library: true,
  start: (setting) => {
    const spec = { backend: "simd", blas: true, native: true, ...setting };
    return denoChild("step_child.ts", spec, { ffi: true });
  },
};

export const WEBGPU: Variant = {
  name: "webgpu",
  start: (setting) => denoChild("step_child.ts", { backend: "webgpu", ...setting }),
};

export const PYTORCH: Variant = {
  name: "PyTorch as written",
  start: (setting, python) => pytorch("user", setting, python),
};

export const PYTORCH_EXPERT: Variant = {
  name: "PyTorch, expert's",
  start: (setting, python) => pytorch("expert", setting, python),
};

/** Without AVX512_BF16 it takes many times as long as in float32, and has nothing to be compared with. */
export const PYTORCH_BF16: Variant = {
  name: "PyTorch, bf16 autocast",
  beside: SIMD_BF16,
  start: (setting, python) => pytorch("autocast", setting, python),
};

function pytorch(
  style: string,
  setting: Setting,
  python: Python | undefined,
): ChildOptions | undefined {
  if (!python?.versions.torch || !python.versions.transformers) return undefined;
  const spec = { style, ...stepConfig(setting), ...setting };
  return pythonChild(python.command, "pytorch_step.py", {
    ...spec,
    predictions: predictionsOf(setting),
  });
}

/** How long one turn of a variant should last, at least, and how many turns each gets. */
export interface Pace {
  readonly rounds: number;
  readonly seconds: number;
}

/** What the variants answered: their steps, and the products of those that can multiply fast. */
export interface Outcome {
  readonly hellos: ReadonlyMap<string, Message>;
  readonly steps: Answers;
  readonly products: Answers;
}

const PRODUCT = 2048; // rows and columns of the matrices that measure the machine

/** Starts the variants that can be, lets them train by turns, and ends them. */
export async function race(
  variants: readonly Variant[],
  setting: Setting,
  { python, pace, report }: {
    python: Python | undefined;
    pace: Pace;
    report: Report;
  },
): Promise<Outcome> {
  const children = new Map<string, Child>();
  try {
    const contenders: Contender[] = [];
    for (const variant of variants) {
      const { name, beside } = variant;
      if (beside && !children.has(beside.name)) {
        report.line(`${name} skipped: there is no ${beside.name} to compare it with`);
        continue;
      }
      const contender = await enter(variant, setting, { python, pace, report });
      if (!contender) continue;
      children.set(name, contender.child);
      contenders.push(contender);
    }
    const quick = contenders.filter(({ name }) => name !== STOCK.name);
    const multipliers = quick.map((contender) => ({ ...contender, request: { product: PRODUCT } }));
    return {
      hellos: new Map([...children].map(([name, { hello }]) => [name, hello])),
      steps: await takeTurns(contenders, pace.rounds),
      products: await takeTurns(multipliers, Math.min(pace.rounds, 3)),
    };
  } finally {
    for (const child of children.values()) await child.close();
  }
}

/** Starts and warms one variant; says so where that fails, as out of memory. */
async function enter(
  variant: Variant,
  setting: Setting,
  { python, pace, report }: { python: Python | undefined; pace: Pace; report: Report },
): Promise<Contender | undefined> {
  const options = variant.start(setting, python);
  if (!options) return undefined;
  try {
    const child = await Child.start(options);
    if (variant.library && !child.hello.library) {
      await child.close();
      throw new Error("BERT_BLAS names no library");
    }
    if (child.hello.missing) {
      await child.close();
      throw new Error(`${child.hello.missing}`);
    }
    if (variant.slow) return { name: variant.name, child, request: { steps: 1 }, rounds: 2 };
    await child.ask({ steps: 2 });
    const { seconds } = await child.ask({ steps: 1 });
    const steps = Math.max(1, Math.ceil(pace.seconds / Number(seconds)));
    await child.ask({ steps }); // PyTorch's first ten steps may take twice the time of later ones
    return { name: variant.name, child, request: { steps } };
  } catch (error) {
    report.line(`${variant.name} skipped: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}
