import { deepStrictEqual, strictEqual, throws } from "node:assert";
import type { ClassScore } from "bert/use/class_scores.ts";
import { entityScores } from "bert/use/entity_scores.ts";
import { assertClose } from "../support/assert_close.ts";

interface Case {
  readonly wanted: readonly string[];
  readonly given: readonly string[];
  readonly all: ClassScore;
  readonly types: Readonly<Record<string, ClassScore>>;
}

const FIXTURE = new URL("../fixtures/entity_scores.json", import.meta.url);
const CASES: readonly Case[] = JSON.parse(await Deno.readTextFile(FIXTURE));

const words = (text: string) => text.split(" ");

function assertScore(found: ClassScore, wanted: ClassScore): void {
  const numbers = ({ precision, recall, f1, count }: ClassScore) => [precision, recall, f1, count];
  assertClose(numbers(found), numbers(wanted), { atol: 1e-12 });
}

/** How many entities of the first labels are found by the second ones. */
function right(wanted: string, given: string): number {
  const { recall, count } = entityScores([words(wanted)], [words(given)]).all;
  return Math.round(recall * count);
}

Deno.test("entityScores() gives the scores of seqeval, also for labels that do not follow each other properly", () => {
  for (const { wanted, given, all, types } of CASES) {
    const found = entityScores(wanted.map(words), given.map(words));
    assertScore(found.all, all);
    deepStrictEqual([...found.types.keys()], Object.keys(types));
    for (const [type, score] of found.types) assertScore(score, types[type]);
  }
});

Deno.test("an entity is found only if its first word, its last word and its type are right", () => {
  strictEqual(right("O B-A I-A O", "O B-A I-A O"), 1);
  strictEqual(right("O B-A I-A O", "B-A I-A I-A O"), 0);
  strictEqual(right("O B-A I-A O", "O B-A O O"), 0);
  strictEqual(right("O B-A I-A O", "O B-A I-A I-A"), 0);
  strictEqual(right("O B-A I-A O", "O B-B I-B O"), 0);
  strictEqual(right("O B-A I-A O", "O B-A B-A O"), 0);
});

Deno.test("an entity of I- alone is the same as one that begins with B-, but neighbours need B-", () => {
  strictEqual(right("O B-A I-A O", "O I-A I-A O"), 1);
  strictEqual(right("B-A I-A B-A", "I-A I-A I-A"), 0);
  strictEqual(right("B-A I-A B-B", "I-A I-A I-B"), 2);
  strictEqual(right("B-A E-A S-A", "B-A I-A B-A"), 2);
});

Deno.test("sentences are scored apart: no entity goes from one to the next", () => {
  const { all } = entityScores([["O", "B-A"], ["I-A", "O"]], [["O", "B-A"], ["O", "O"]]);
  deepStrictEqual([all.count, all.recall, all.precision], [2, 0.5, 1]);
});

Deno.test("without entities all scores are 0, and there are no types", () => {
  const nothing = { all: { precision: 0, recall: 0, f1: 0, count: 0 }, types: new Map() };
  deepStrictEqual(entityScores([], []), nothing);
  deepStrictEqual(entityScores([["O"], []], [["O"], []]), nothing);
});

Deno.test("entityScores() refuses other labels, and other numbers of sentences or words", () => {
  throws(() => entityScores([["O"]], []), {
    name: "RangeError",
    message:
      "Cannot score 0 sentences: expected 1, as many as in `wanted`: give each word one label, " +
      "and O to words in no entity",
  });
  throws(() => entityScores([["O"], ["O", "O"]], [["O"], ["O"]]), {
    name: "RangeError",
    message: /^Cannot score 1 labels of sentence 1: expected 2/,
  });
  for (const label of ["PER", "B-", "B_PER", "o", "", "X-PER", 1, undefined]) {
    throws(() => entityScores([["O", "O"]], [["O", label as string]]), {
      name: "RangeError",
      message:
        /^Cannot score label .* of word 1 of sentence 0 of given: expected O, or B-, I-, E- or S-/,
    });
  }
  throws(() => entityScores([["PER"]], [["O"]]), /word 0 of sentence 0 of wanted/);
  for (const wrong of [undefined, "O", [["O"], "O"]]) {
    throws(() => entityScores(wrong as string[][], [["O"], ["O"]]), TypeError);
  }
});
