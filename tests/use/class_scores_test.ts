import { deepStrictEqual, throws } from "node:assert";
import { classScores } from "bert/use/class_scores.ts";
import { assertClose } from "../support/assert_close.ts";

Deno.test("classScores() gives the numbers of scikit-learn", () => {
  // precision_recall_fscore_support([0]*6 + [1]*4 + [2]*2, [0,0,0,0,1,2, 1,1,0,0, 2,2], zero_division=0)
  const scores = classScores([[4, 1, 1], [2, 2, 0], [0, 0, 2]]);
  assertClose(scores.map(({ precision }) => precision), [2 / 3, 2 / 3, 2 / 3], { atol: 1e-12 });
  assertClose(scores.map(({ recall }) => recall), [2 / 3, 1 / 2, 1], { atol: 1e-12 });
  assertClose(scores.map(({ f1 }) => f1), [2 / 3, 4 / 7, 4 / 5], { atol: 1e-12 });
  deepStrictEqual(scores.map(({ count }) => count), [6, 4, 2]);
});

Deno.test("classScores() gives the same for the shares of a matrix as for its counts", () => {
  const counts = [[4, 1, 1], [2, 2, 0], [0, 0, 2]];
  const wanted = classScores(counts);
  const scores = classScores(counts.map((row) => row.map((value) => value / 12)));
  for (const field of ["precision", "recall", "f1"] as const) {
    const values = scores.map((one) => one[field]);
    assertClose(values, wanted.map((one) => one[field]), { atol: 1e-12 });
  }
  assertClose(scores.map(({ count }) => count), [6 / 12, 4 / 12, 2 / 12], { atol: 1e-12 });
});

Deno.test("classScores() gives 0 for a class that does not occur and is never predicted", () => {
  const nothing = { precision: 0, recall: 0, f1: 0, count: 0 };
  deepStrictEqual(classScores([[3, 0], [0, 0]]), [
    { precision: 1, recall: 1, f1: 1, count: 3 },
    nothing,
  ]);
  deepStrictEqual(classScores([]), []);
});

Deno.test("classScores() refuses a matrix that is not square, and entries that are no counts", () => {
  throws(() => classScores([[1, 2]]), {
    name: "ShapeError",
    message: "Cannot compute classScores(confusion) from row 0: expected shape [1], got [2]",
  });
  throws(() => classScores([[1, 2], [NaN, 0]]), {
    name: "ConfigError",
    message: "Invalid confusion[1][0] = NaN: it must be a number of at least 0",
  });
  for (const wrong of [-1, Infinity, "1", undefined]) {
    throws(() => classScores([[1, 2], [0, wrong as number]]), {
      name: "ConfigError",
      message: /^Invalid confusion\[1\]\[1\] = /,
    });
  }
  throws(() => classScores([[1, 2], new Array(2)]), /^ConfigError: Invalid confusion\[1\]\[0\]/);
});
