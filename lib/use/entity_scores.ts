/** Precision, recall and F1 of entities, which are names of one word or several. */
import { ARRAY, checkArguments, checkEntries, nameOf } from "../checks.ts";
import { type ClassScore, scoreOf } from "./class_scores.ts";

/** How well entities are found. */
export interface EntityScores {
  /** The score of all types together. */
  readonly all: ClassScore;
  /** The score of each type that occurs, in alphabetical order. */
  readonly types: ReadonlyMap<string, ClassScore>;
}

/**
 * Scores labels such as `B-PER`, `I-PER` and `O` entity by entity: an entity is found only if its first
 * word, its last word and its type are right.
 *
 * An entity is a run of words of one type. `B-` and `S-` begin a new one; after `E-` and `S-` it has
 * ended. It may begin with any of the prefixes, so that labels which do not follow each other properly
 * count, too, and files that write `B-` only between neighbours are read rightly.
 *
 * @param wanted The right labels of the words of each sentence: `O`, or `B-`, `I-`, `E-` or `S-` and a
 * type.
 * @param given The labels that a classifier gave the same words.
 * @throws {RangeError} If there are more or fewer sentences or words in one than in the other, or a
 * label is none of these. The message names the sentence and the word.
 * @throws {TypeError} If an argument is not an array of arrays.
 *
 * @example Half of a name is not found, although two of three words are right
 * ```ts
 * import { entityScores } from "bert/use/entity_scores.ts";
 * import { strictEqual } from "node:assert";
 * const { all, types } = entityScores([["B-PER", "I-PER", "B-LOC"]], [["B-PER", "O", "B-LOC"]]);
 * strictEqual(all.f1, 0.5);
 * strictEqual(types.get("LOC")!.f1, 1);
 * strictEqual(types.get("PER")!.f1, 0);
 * ```
 *
 * Source: `conlleval` of the shared task CoNLL-2000; `seqeval`, whose default mode gives the same.
 */
export function entityScores(
  wanted: readonly (readonly string[])[],
  given: readonly (readonly string[])[],
): EntityScores {
  checkPairs(wanted, given);
  const all = noCounts();
  const types = new Map<string, Counts>();
  const count = (type: string, what: keyof Counts) => {
    if (!types.has(type)) types.set(type, noCounts());
    types.get(type)![what]++;
    all[what]++;
  };
  for (const [i, labels] of wanted.entries()) {
    const [there, found] = [entitiesOf(labels), entitiesOf(given[i])];
    for (const [entity, type] of there) {
      count(type, "wanted");
      if (found.has(entity)) count(type, "right");
    }
    for (const type of found.values()) count(type, "given");
  }
  const sorted = [...types].sort(([a], [b]) => a < b ? -1 : 1);
  return { all: score(all), types: new Map(sorted.map(([type, one]) => [type, score(one)])) };
}

/** How many entities are right, were given, and are there. */
interface Counts {
  right: number;
  given: number;
  wanted: number;
}

function noCounts(): Counts {
  return { right: 0, given: 0, wanted: 0 };
}

function score({ right, given, wanted }: Counts): ClassScore {
  return scoreOf(right, given, wanted);
}

/** The entities of a sentence: their types by "first word, last word, type". */
function entitiesOf(labels: readonly string[]): Map<string, string> {
  const entities = new Map<string, string>();
  let first = 0;
  for (const [at, label] of labels.entries()) {
    if (label === OUTSIDE) continue;
    if (begins(labels[at - 1] ?? OUTSIDE, label)) first = at;
    const next = labels[at + 1] ?? OUTSIDE;
    if (next !== OUTSIDE && !begins(label, next)) continue; // it goes on
    entities.set(`${first} ${at} ${typeOf(label)}`, typeOf(label));
  }
  return entities;
}

/** The label of a word that belongs to no entity. */
const OUTSIDE = "O";

/** Whether a word of an entity begins a new one, by its label and that of the word before. */
function begins(before: string, label: string): boolean {
  return typeOf(before) !== typeOf(label) || /^[BS]/.test(label) || /^[ES]/.test(before);
}

/** The type in a label; `""` in `O`. */
function typeOf(label: string): string {
  return label.slice(2);
}

function checkPairs(
  wanted: readonly (readonly string[])[],
  given: readonly (readonly string[])[],
): void {
  const call = "entityScores(wanted, given)";
  checkArguments(call, [["wanted", wanted, ARRAY], ["given", given, ARRAY]]);
  checkEntries(call, "wanted", wanted, ARRAY);
  checkEntries(call, "given", given, ARRAY);
  checkSame("sentences", wanted, given, "");
  for (const [i, labels] of wanted.entries()) {
    checkSame("labels", labels, given[i], ` of sentence ${i}`);
    checkLabels("wanted", labels, i);
    checkLabels("given", given[i], i);
  }
}

function checkSame(
  what: string,
  wanted: readonly unknown[],
  given: readonly unknown[],
  where: string,
): void {
  if (wanted.length === given.length) return;
  throw new RangeError(
    `Cannot score ${given.length} ${what}${where}: expected ${wanted.length}, as many as in \`wanted\`: ` +
      "give each word one label, and O to words in no entity",
  );
}

function checkLabels(name: string, labels: readonly string[], sentence: number): void {
  const wrong = Array.from(labels).findIndex((label) =>
    label !== OUTSIDE && !(typeof label === "string" && /^[BIES]-./.test(label))
  );
  if (wrong < 0) return;
  throw new RangeError(
    `Cannot score label ${
      nameOf(labels[wrong])
    } of word ${wrong} of sentence ${sentence} of ${name}: ` +
      "expected O, or B-, I-, E- or S- and a type, as in B-PER: for labels without parts use classScores()",
  );
}
