/** Native code for rows has to give the same bits as the kernels without it, for all inputs. */
import { ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { ROW_KERNELS } from "bert/backend/native/row_kernels.ts";
import { type RowJob, rowJobs, type RowSizes, runBothWays } from "bert/backend/simd/row_trial.ts";
import { lanesHere, RowMachine } from "../../support/row_machine.ts";

const LENGTH = fc.oneof(
  fc.integer({ min: 1, max: 12 }).map((vectors) => 16 * vectors),
  fc.integer({ min: 1, max: 100 }),
  fc.constantFrom(1008, 1024, 1040),
);

interface Case extends RowSizes {
  readonly odd: readonly number[];
  /**
   * Whether the second buffer, which attention has as its mask, is all 0: all scores are negative.
   */
  readonly masked: boolean;
  readonly seed: number;
}

const CASE: fc.Arbitrary<Case> = fc.record({
  rows: LENGTH.map((length) => Math.min(length, 80)),
  width: LENGTH,
  each: fc.integer({ min: 1, max: 5 }),
  least: fc.constantFrom(0, 429496730, 2 ** 31 | 0),
  odd: fc.array(fc.constantFrom(NaN, Infinity, -Infinity, -0, 1e-42, 3e38, -90, 2 ** -126), {
    maxLength: 5,
  }),
  masked: fc.boolean(),
  seed: fc.nat(1e6),
});

/** Numbers of many sizes, some of them special. */
function valueOf({ odd, masked, seed }: Case, buffer: number, i: number): number {
  if (masked && buffer === 1) return 0;
  const hash = Math.imul(i + seed * (buffer + 1) ^ i >>> 7, 2654435761) >>> 0;
  if (hash % 61 < odd.length) return odd[hash % 61];
  return (hash / 2 ** 31 - 1) * 2 ** (hash % 9 - 4);
}

/** The index of the first difference, where all NaN are equal; -1 if there is none. */
function firstDifference(a: Float32Array, b: Float32Array): number {
  const [x, y] = [a, b].map(({ buffer }) => new Uint32Array(buffer));
  return x.findIndex((bits, i) => bits !== y[i] && !(Number.isNaN(a[i]) && Number.isNaN(b[i])));
}

function check(machine: RowMachine, job: RowJob, one: Case): void {
  const both = runBothWays(machine, job, (buffer, i) => valueOf(one, buffer, i));
  ok(both);
  const [own, native] = both;
  own.forEach((values, buffer) => {
    const i = firstDifference(values, native[buffer]);
    ok(i < 0, `${job.kernel}, buffer ${buffer}, at ${i}: ${native[buffer][i]} for ${values[i]}`);
  });
}

for (const lanes of lanesHere()) {
  Deno.test(`native code for rows, ${lanes} numbers at a time, has the bits of the kernels`, () => {
    let called = 0;
    const machine = new RowMachine(lanes, (rows, kernel, parameters) => {
      called |= 1 << kernel;
      rows(kernel, ...parameters);
    });
    fc.assert(
      fc.property(CASE, (one) => {
        for (const job of rowJobs(one)) check(machine, job, one);
      }),
      { numRuns: 25 },
    );
    ok(called === 2 ** ROW_KERNELS.length - 1, `not all kernels ran: ${called.toString(2)}`);
  });
}

/** A machine whose memory is full. */
class FullMachine extends RowMachine {
  override reserveScratch(): void {
    throw new RangeError("Out of memory");
  }
}

Deno.test("native code for rows is not tried if memory is full, which is no error", () => {
  for (const lanes of lanesHere()) {
    const [job] = rowJobs({ rows: 16, width: 16, each: 1, least: 0 });
    strictEqual(runBothWays(new FullMachine(lanes), job, () => 1), undefined);
  }
});
