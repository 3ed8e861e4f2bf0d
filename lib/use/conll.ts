/**
 * Reading labelled words from files in the format of the shared tasks CoNLL-2000, CoNLL-2002 and
 * CoNLL-2003: a word and its label on each line, and an empty line after each sentence.
 */
import { checkOptions, checkPath, nameOf } from "../checks.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { unpackedBytes } from "../files/compressed.ts";
import { type Line, readLines } from "../files/lines.ts";
import { listed, several } from "../format.ts";
import type { LabelledWords } from "./labelled_words.ts";

/** Options of `readConll()`. */
export interface ConllOptions {
  /**
   * The names of the classes, by whose order the labels are numbered, such as those of the file with
   * which the model was trained. Default: those of the file, in the order in which they first occur.
   */
  readonly labels?: readonly string[];
}

/** The sentences of a file. */
export interface ConllSentences {
  /** The sentences in the order of the file, with numbers for labels. */
  readonly sentences: readonly LabelledWords[];
  /** The names of the classes: label `i` is `labels[i]`. */
  readonly labels: readonly string[];
}

/** What begins a document in the files of CoNLL-2003. It is no word. */
const DOCUMENT = "-DOCSTART-";

/**
 * Reads sentences with a label for each word.
 *
 * Each line has a word in its first column and the label in its last one; those between them are not
 * used. Tabs separate the columns of a line that has tabs, and spaces those of the others. A line
 * without text ends a sentence, as does one of `-DOCSTART-`. A name that ends in `.gz` or `.zst` is
 * decompressed.
 *
 * The format is that of CoNLL-2000, CoNLL-2002 and CoNLL-2003. It has no comments: a line `# hello` is
 * the word `#` with the label `hello`. Files whose first column counts the words, as in CoNLL-U,
 * CoNLL-X, CoNLL-2009 and GermEval, are refused.
 *
 * @throws {FormatError} If the file cannot be read or has no word, or a line has another number of
 * columns than the first one, no word, or a label that is not in `options.labels`. The message names
 * the line. Also if the first column counts the words.
 * @throws {ConfigError} If `path` is empty, an option is unknown, or `labels` are not different texts,
 * none of them empty.
 * @throws {TypeError} If `path` is not a text.
 *
 * @example
 * ```ts
 * import { readConll } from "bert/use/conll.ts";
 * import { deepStrictEqual } from "node:assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "Ann NNP B-PER\nsings VBZ O\n\nRome NNP B-LOC\n");
 * const { sentences, labels } = await readConll(path);
 * deepStrictEqual(labels, ["B-PER", "O", "B-LOC"]);
 * deepStrictEqual(sentences[0], { words: ["Ann", "sings"], labels: [0, 1] });
 * ```
 *
 * Source: Tjong Kim Sang and De Meulder 2003, section 2.2.
 */
export async function readConll(
  path: string,
  options: ConllOptions = {},
): Promise<ConllSentences> {
  checkPath("readConll(path, options)", "path", path);
  checkOptions("readConll()", options, ["labels"]);
  const numbers = new LabelNumbers(path, options.labels);
  const sentences: { words: string[]; labels: number[] }[] = [];
  let isOpen = false; // whether the last sentence goes on
  for await (const row of readRows(path)) {
    if (row === undefined) {
      isOpen = false;
      continue;
    }
    if (!isOpen) sentences.push({ words: [], labels: [] });
    isOpen = true;
    const { words, labels } = sentences.at(-1)!;
    words.push(row.word);
    labels.push(numbers.of(row.label, row.line));
  }
  if (sentences.length === 0) {
    throw new FormatError(path, 'expected lines such as "Rome B-LOC", found none: is it the file?');
  }
  refuseCounted(path, sentences);
  return { sentences, labels: numbers.names };
}

/** Throws if the words of all sentences are 1, 2, 3, …, as only a column that counts them has. */
function refuseCounted(path: string, sentences: readonly LabelledWords[]): void {
  const words = sentences.map((sentence) => sentence.words.filter((word) => !PART.test(word)));
  const isCounted = words.every((some) => some.every((word, i) => word === `${i + 1}`));
  if (!isCounted || !words.some((some) => some.length > 1)) return;
  const found = "found the numbers 1, 2, … of the words, as in CoNLL-U or GermEval";
  const fix = "write lines with the word first and its label last, and leave the numbers out";
  throw new FormatError(path, `expected words in the first column, ${found}: ${fix}`);
}

/** The number of a word that CoNLL-U has divided, as `2-3`, or added, as `8.1`. */
const PART = /^\d+[-.]\d+$/;

/** A word with its label, and the number of its line. */
interface Row {
  readonly word: string;
  readonly label: string;
  readonly line: number;
}

/** The words of a file; undefined stands for the end of a sentence. */
async function* readRows(path: string): AsyncGenerator<Row | undefined> {
  let first: { columns: number; line: number } | undefined;
  for await (const { text, line } of readLines(path, unpackedBytes(path))) {
    const columns = columnsOf(text);
    if (columns.length === 0 || columns[0] === DOCUMENT) {
      yield undefined;
      continue;
    }
    first ??= { columns: columns.length, line };
    checkColumns(path, { text, line }, columns, first);
    yield { word: columns[0], label: columns.at(-1)!, line };
  }
}

/** The columns of a line; none if it has no text. */
function columnsOf(text: string): string[] {
  if (text.trim() === "") return [];
  return text.includes("\t")
    ? text.split("\t").map((column) => column.replaceAll(OUTER_SPACES, ""))
    : text.replaceAll(OUTER_SPACES, "").split(/ +/);
}

/** Spaces at both ends. Others than the plain one may belong to a word. */
const OUTER_SPACES = /^ +| +$/g;

function checkColumns(
  path: string,
  { text, line }: Line,
  columns: readonly string[],
  first: { readonly columns: number; readonly line: number },
): void {
  const found = `found ${nameOf(text)}`;
  if (columns.length < 2) {
    const fix = "separate word and label by a tab or a space, and sentences by an empty line";
    throw new FormatError(path, `expected a word and its label, ${found}: ${fix}`, line);
  }
  if (columns[0] === "" || columns.at(-1) === "") {
    const fix = columns[0] !== "" && columns.length > 2
      ? "fill in the label, or take out the tab at the end"
      : "fill in both, or take the line out";
    throw new FormatError(path, `expected a word and its label, ${found}: ${fix}`, line);
  }
  if (columns.length === first.columns) return;
  const wanted = `expected ${several(first.columns, "column")} as in line ${first.line}`;
  const fix = "separate columns by tabs if words have spaces in them, and take comments out";
  throw new FormatError(
    path,
    `${wanted}, found ${columns.length} in ${nameOf(text)}: ${fix}`,
    line,
  );
}

/** The numbers of labels: given, or in the order in which they first occur. */
class LabelNumbers {
  readonly #path: string;
  readonly #isGiven: boolean;
  readonly #numbers: Map<string, number>;

  constructor(path: string, given: readonly string[] | undefined) {
    if (given !== undefined) checkLabels(given);
    this.#path = path;
    this.#isGiven = given !== undefined;
    this.#numbers = new Map((given ?? []).map((label, i) => [label, i]));
  }

  /** The names, in the order of their numbers. */
  get names(): string[] {
    return [...this.#numbers.keys()];
  }

  /** The number of a label. Throws `FormatError` if other labels were given. */
  of(label: string, line: number): number {
    const known = this.#numbers.get(label);
    if (known !== undefined) return known;
    if (this.#isGiven) {
      const wanted = `expected one of the labels ${listed(this.names)}`;
      const problem = `${wanted}, found ${nameOf(label)}: add it to the option labels, or mend it`;
      throw new FormatError(this.#path, problem, line);
    }
    this.#numbers.set(label, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}

function checkLabels(labels: readonly string[]): void {
  const fits = Array.isArray(labels) && labels.length > 0 &&
    Array.from(labels).every((label) => typeof label === "string" && label !== "") &&
    new Set(labels).size === labels.length;
  if (fits) return;
  throw new ConfigError("labels", labels, "must be different names, at least one, and none empty");
}
