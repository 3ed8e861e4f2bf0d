import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { collate } from "bert/data/batch.ts";
import { type MaskedExample } from "bert/data/example.ts";

const FIRST = { document: "a", start: 0, end: 1 };

function example(labels: number[], nspLabel: 0 | 1 | -1 = 0): MaskedExample {
  const tokenIds = labels.map((label, i) => label < 0 ? 10 + i : 4);
  const segmentIds = labels.map((_, i) => i < 2 ? 1 : 2);
  return { tokenIds, segmentIds, labels, nspLabel, first: FIRST, truncated: false };
}

const SHORT = example([-1, 7, -1], 1);
const LONG = example([-1, -1, 8, -1, 0, -1, -1, -1, 9]);

Deno.test("collate() pads rows to the longest, rounded up to a multiple of 8", () => {
  const batch = collate([SHORT, LONG], { padTokenId: 99 });
  strictEqual(batch.size, 2);
  strictEqual(batch.length, 16);
  const row = (values: Int32Array, i: number) => [...values.subarray(16 * i, 16 * i + 16)];
  const rest = (count: number, value: number) => Array<number>(count).fill(value);
  deepStrictEqual(row(batch.tokenIds, 0), [10, 4, 12, ...rest(13, 99)]);
  deepStrictEqual(row(batch.tokenIds, 1), [10, 11, 4, 13, 4, 15, 16, 17, 4, ...rest(7, 99)]);
  deepStrictEqual(row(batch.segmentIds, 0), [1, 1, 2, ...rest(13, 0)]);
  deepStrictEqual(row(batch.attentionMask, 1), [...rest(9, 1), ...rest(7, 0)]);
  deepStrictEqual(row(batch.mlmLabels, 0), [-1, 7, ...rest(14, -1)]);
  deepStrictEqual(row(batch.positionIds, 1), [...rest(16, 0).keys()]);
  deepStrictEqual([...batch.nspLabels], [1, 0]);
});

Deno.test("collate() lists the predictions, with label 0 among them, padded with ignored ones", () => {
  const batch = collate([SHORT, LONG]);
  deepStrictEqual([...batch.predictedPositions], [1, 16 + 2, 16 + 4, 16 + 8, 0, 0, 0, 0]);
  deepStrictEqual([...batch.predictedLabels], [7, 8, 0, 9, -1, -1, -1, -1]);
  const nine = collate([example(Array(9).fill(5))]);
  strictEqual(nine.predictedLabels.length, 16);
  const none = collate([example([-1, -1])]);
  deepStrictEqual([...none.predictedLabels], Array(8).fill(-1));
});

Deno.test("collate() rounds up to maxLength at most, and pads to padTo if it is given", () => {
  strictEqual(collate([LONG], { maxLength: 12 }).length, 12);
  strictEqual(collate([LONG], { maxLength: 64 }).length, 16);
  strictEqual(collate([SHORT], { padTo: 20 }).length, 20);
  strictEqual(collate([example(Array(8).fill(1))]).length, 8);
});

Deno.test("collate() refuses an empty list, arrays of unequal length, and examples longer than the row", () => {
  throws(() => collate([]), { name: "ConfigError", message: /at least one/ });
  throws(() => collate([{ ...SHORT, labels: [-1] }]), {
    name: "ShapeError",
    message: /expected shape \[T,T,T\], got \[3,3,1\]/,
  });
  throws(() => collate([LONG], { padTo: 8 }), {
    name: "ShapeError",
    message: /at most 8.*got \[9/,
  });
});

Deno.test("collate() takes any number of examples", () => {
  strictEqual(collate(Array(200_000).fill(SHORT)).predictedLabels.length, 200_000);
});

Deno.test("collate() refuses ids and labels that are no whole numbers, by the example and the field", () => {
  const cases: [keyof MaskedExample, unknown, RegExp][] = [
    [
      "tokenIds",
      [5, NaN, 5],
      /example 1: expected whole numbers in tokenIds, found NaN at place 1/,
    ],
    ["tokenIds", [5, 4.5, 5], /in tokenIds, found 4\.5 at place 1/],
    ["tokenIds", [5, 2 ** 32, 5], /in tokenIds, found 4294967296 at place 1/],
    ["segmentIds", ["1", 1, 1], /in segmentIds, found "1" at place 0/],
    ["labels", [-1, -1, undefined], /in labels, found undefined at place 2/],
    ["nspLabel", undefined, /in nspLabel, found undefined at place 0/],
  ];
  for (const [field, value, message] of cases) {
    const wrong = { ...SHORT, [field]: value } as MaskedExample;
    throws(() => collate([SHORT, wrong]), { message: new RegExp(message.source) });
  }
});
