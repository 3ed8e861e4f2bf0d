/**
 * The native code for rows in its AVX-512 form, run on an emulated processor: it has to write the
 * same bytes as its AVX2 form on a real one. Skipped with a message if there is no emulator.
 */
import { deepStrictEqual, strictEqual } from "node:assert";
import { assembleRows, ROW_KERNELS } from "bert/backend/native/row_kernels.ts";
import { parameterAt, rowParameters } from "bert/backend/native/row_code.ts";
import { rowJobs, runBothWays } from "bert/backend/simd/row_trial.ts";
import { emulate, emulator, type Job, MEMORY_AT } from "../../support/emulator.ts";
import { lanesHere, RowMachine } from "../../support/row_machine.ts";

const CONVENTIONS = ["systemV", "windows"] as const;

/**
 * Digests of the code that these tests have run. After a change of the code, they have to be run
 * again.
 */
const EXECUTED: Readonly<Record<string, string>> = {
  "biasGelu systemV": "05ae312f8afb2264",
  "biasGelu windows": "93ce2b1f47263c03",
  "norm systemV": "d29ec5d296316dd1",
  "norm windows": "12e52e4aa73e1f4e",
  "normGradient systemV": "c944d75ab471a111",
  "normGradient windows": "1459101ed0e98e79",
  "openWeights systemV": "198dc395246137b7",
  "openWeights windows": "41e19ac93055e2a3",
  "scaledExps systemV": "6877025118be6d11",
  "scaledExps windows": "469693d95233f854",
  "sumOfExps systemV": "33185d5c7e6fd8cc",
  "sumOfExps windows": "191e93ac46c73afb",
  "weights systemV": "1f6d29555e22038d",
  "weights windows": "860c0862f2941b67",
  "weightsGradient systemV": "b68c6aedec660551",
  "weightsGradient windows": "d0c0b75ec384dc05",
};

Deno.test("the AVX-512 code for rows is the code that was run on the emulated processor", async () => {
  const digests: Record<string, string> = {};
  for (const convention of CONVENTIONS) {
    for (const name of ROW_KERNELS) {
      const code = assembleRows(name, convention, 16);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", code)).toHex();
      digests[`${name} ${convention}`] = digest.slice(0, 16);
    }
  }
  deepStrictEqual(
    digests,
    EXECUTED,
    "run this file with BERT_EMULATOR, then write these digests into EXECUTED",
  );
});

/** A call of native code: the memory before and after it. */
interface Call {
  readonly kernel: number;
  readonly parameters: readonly number[];
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

const ODD = [NaN, Infinity, -Infinity, -0, 1e-42, 3e38];

/** The first calls of each kernel in some jobs, with the results of the AVX2 form. */
function callsOf(odd: boolean): Call[] {
  const calls: Call[] = [];
  const machine = new RowMachine(8, (rows, kernel, parameters) => {
    const known = calls.filter((call) => call.kernel === kernel).length;
    if (known === CALLS) return rows(kernel, ...parameters);
    const before = new Uint8Array(machine.memory.buffer).slice(0, MEMORY);
    rows(kernel, ...parameters);
    const after = new Uint8Array(machine.memory.buffer).slice(0, MEMORY);
    calls.push({ kernel, parameters, before, after });
  });
  const value = (buffer: number, i: number) => {
    if (buffer === 1) return 0; // a mask that makes all scores negative
    const hash = Math.imul(i + 97 * buffer + 1, 2654435761) >>> 0;
    return odd && hash % 41 < ODD.length ? ODD[hash % 41] : hash / 2 ** 29 - 4;
  };
  for (const job of rowJobs({ rows: 32, width: 64, each: 7, least: odd ? 0 : 2 ** 29 })) {
    runBothWays(machine, job, value);
  }
  return calls;
}

/** The number of calls of each kernel. */
const CALLS = 2;

/** The bytes of memory that the jobs use. */
const MEMORY = 3 * 2 ** 20;

function jobOf(call: Call, convention: Job["convention"]): Job {
  const words = rowParameters();
  words[0] = MEMORY_AT;
  call.parameters.forEach((value, i) => words[parameterAt(i) / 4] = value);
  const code = assembleRows(ROW_KERNELS[call.kernel], convention, 16);
  return { code, convention, block: new Uint8Array(words.buffer), memory: call.before };
}

Deno.test("AVX-512 code for rows writes the same bytes as AVX2 code, on an emulated processor", async () => {
  const python = emulator();
  if (!python || lanesHere().length === 0) return;
  for (const odd of [false, true]) {
    const calls = callsOf(odd);
    strictEqual(new Set(calls.map(({ kernel }) => kernel)).size, ROW_KERNELS.length);
    for (const convention of CONVENTIONS) {
      for (const call of calls) {
        const [{ memory }] = await emulate(python, [jobOf(call, convention)]); // one at a time, as the emulator fails with many
        const at = firstDifference(memory, call.after);
        strictEqual(at, -1, `${ROW_KERNELS[call.kernel]}, ${convention}: word ${at}`);
      }
    }
  }
});

/** The index of the first word that differs, where all NaN are equal; -1 if there is none. */
function firstDifference(a: Uint8Array<ArrayBuffer>, b: Uint8Array): number {
  const [x, y] = [a, b.slice()].map(({ buffer }) => new Float32Array(buffer));
  return x.findIndex((value, i) => !Object.is(value, y[i]));
}
