/**
 * Co-occurrence counts of pieces with their neighbours and with passages, and their positive
 * pointwise mutual information.
 */
import {
  checkArguments,
  checkEntries,
  checkNotNegative,
  checkOptions,
  checkWhole,
  type Kind,
} from "../checks.ts";
import { TOKENIZER } from "../tokenizer/argument_kinds.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { DOCUMENT, DOCUMENTS } from "./argument_kinds.ts";
import type { Document } from "./document.ts";

/** A text as the ids of its pieces. */
export interface PieceStream {
  /** The ids of all pieces, document after document. */
  readonly ids: Int32Array;
  /** The index in `ids` at which each document begins, and at the end the length of `ids`. */
  readonly starts: Int32Array;
  /** The number of pieces in the vocabulary, V. */
  readonly vocabSize: number;
}

/** A matrix with a row for each piece of the vocabulary and a column for each context. */
export interface ContextMatrix {
  /** The number of rows, V. */
  readonly rows: number;
  /** The number of columns, C. */
  readonly columns: number;
  /** `[V, C]`, row-major. */
  readonly values: Float32Array;
}

const PIECES: Kind = {
  name: "a result of pieceStream()",
  fits: (value) => {
    const { ids, starts, vocabSize } = (value ?? {}) as Partial<PieceStream>;
    return ids instanceof Int32Array && starts instanceof Int32Array &&
      Number.isSafeInteger(vocabSize) && ids.every((id) => id >= 0 && id < vocabSize!);
  },
};
const MATRIX: Kind = {
  name: "counts, { rows, columns, values: Float32Array of rows x columns }",
  fits: (value) => {
    const { rows, columns, values } = (value ?? {}) as Partial<ContextMatrix>;
    return values instanceof Float32Array && typeof rows === "number" &&
      typeof columns === "number" && values.length === rows * columns;
  },
};

/** Which pieces count as neighbours. */
export interface NeighbourOptions {
  /** The number of pieces on either side that are neighbours, at least 1. Default 5. */
  readonly window?: number;
  /** How many of the most frequent pieces are contexts, at least 1; all if V is smaller. Default 2000. */
  readonly contexts?: number;
}

/**
 * The pieces of all documents, one after the other, without special tokens.
 *
 * @example
 * ```ts
 * import { pieceStream } from "bert/data/contexts.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { deepStrictEqual } from "node:assert";
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "sea", "land"]));
 * const documents = [{ name: "x", sentences: ["sea land", "sea"] }, { name: "y", sentences: ["sea"] }];
 * const { ids, starts } = pieceStream(documents, tokenizer);
 * deepStrictEqual([...ids], [5, 6, 5, 5]);
 * deepStrictEqual([...starts], [0, 3, 4]);
 * ```
 */
export function pieceStream(
  documents: readonly Document[],
  tokenizer: BertTokenizer,
): PieceStream {
  const call = "pieceStream(documents, tokenizer)";
  checkArguments(call, [
    ["documents", documents, DOCUMENTS],
    ["tokenizer", tokenizer, TOKENIZER],
  ]);
  checkEntries(call, "documents", documents, DOCUMENT);
  const ids: number[] = [];
  const starts = [0];
  for (const { sentences } of documents) {
    for (const sentence of sentences) {
      for (const id of tokenizer.ids(sentence)) ids.push(id);
    }
    starts.push(ids.length);
  }
  return {
    ids: Int32Array.from(ids),
    starts: Int32Array.from(starts),
    vocabSize: tokenizer.vocab.size,
  };
}

/**
 * Counts how often each piece occurs near each of the frequent ones in the same document.
 *
 * A neighbour at distance d adds (window + 1 - d) / window.
 *
 * @returns `[V, C]`: a row for each piece, a column for each context, the most frequent first.
 * @throws {ConfigError} If an option is unknown, or not a whole number of at least 1.
 *
 * Source: the weights by distance are those of word2vec, as Levy, Goldberg and Dagan 2015 describe
 * them, "Improving Distributional Similarity with Lessons Learned from Word Embeddings", section 3.1;
 * frequent words as the only contexts: Bullinaria and Levy 2007, "Extracting Semantic Representations
 * from Word Co-occurrence Statistics", section 6.
 *
 * @example
 * ```ts
 * import { neighbourCounts } from "bert/data/contexts.ts";
 * import { deepStrictEqual } from "node:assert";
 * const text = { ids: Int32Array.of(0, 1, 2), starts: Int32Array.of(0, 3), vocabSize: 3 };
 * const { values } = neighbourCounts(text, { window: 2 });
 * deepStrictEqual([...values], [0, 1, 0.5, 1, 0, 1, 0.5, 1, 0]);
 * ```
 */
export function neighbourCounts(
  stream: PieceStream,
  options: NeighbourOptions = {},
): ContextMatrix {
  checkArguments("neighbourCounts(stream)", [["stream", stream, PIECES]]);
  const { ids, starts, vocabSize } = stream;
  checkOptions("neighbourCounts()", options, ["window", "contexts"]);
  const { window = 5, contexts = 2000 } = options;
  checkWhole("window", window, 1);
  checkWhole("contexts", contexts, 1);
  const columns = Math.min(contexts, vocabSize);
  const columnOf = mostFrequent(ids, vocabSize, columns);
  const values = new Float32Array(vocabSize * columns);
  const add = (id: number, context: number, weight: number) => {
    if (columnOf[context] >= 0) values[id * columns + columnOf[context]] += weight;
  };
  for (let document = 0; document + 1 < starts.length; document++) {
    const end = starts[document + 1];
    for (let place = starts[document]; place < end; place++) {
      for (let distance = 1; distance <= window && place + distance < end; distance++) {
        const weight = (window + 1 - distance) / window;
        add(ids[place], ids[place + distance], weight);
        add(ids[place + distance], ids[place], weight);
      }
    }
  }
  return { rows: vocabSize, columns, values };
}

/**
 * Counts how often each piece occurs in each passage of a text.
 *
 * @param passages The number of passages of equal length into which the text is cut, regardless of
 * documents. At least 1; there are fewer if the text has fewer pieces.
 * @returns `[V, passages]`.
 * @throws {ConfigError} If `passages` is not a whole number of at least 1.
 *
 * Source: Deerwester et al. 1990, "Indexing by Latent Semantic Analysis": words by documents.
 *
 * @example
 * ```ts
 * import { passageCounts } from "bert/data/contexts.ts";
 * import { deepStrictEqual } from "node:assert";
 * const text = { ids: Int32Array.of(0, 0, 1, 0), starts: Int32Array.of(0, 4), vocabSize: 2 };
 * deepStrictEqual([...passageCounts(text, 2).values], [2, 1, 0, 1]);
 * ```
 */
export function passageCounts(stream: PieceStream, passages: number): ContextMatrix {
  checkArguments("passageCounts(stream, passages)", [["stream", stream, PIECES]]);
  const { ids, vocabSize } = stream;
  checkWhole("passages", passages, 1);
  const length = Math.max(1, Math.ceil(ids.length / passages));
  const columns = Math.max(1, Math.ceil(ids.length / length));
  const values = new Float32Array(vocabSize * columns);
  for (const [place, id] of ids.entries()) values[id * columns + Math.floor(place / length)]++;
  return { rows: vocabSize, columns, values };
}

/** `[V]`: the column of each of the most frequent pieces, -1 for all others. */
function mostFrequent(ids: Int32Array, vocabSize: number, columns: number): Int32Array {
  const counts = new Int32Array(vocabSize);
  for (const id of ids) counts[id]++;
  const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b);
  const columnOf = new Int32Array(vocabSize).fill(-1);
  for (const [column, id] of order.slice(0, columns).entries()) columnOf[id] = column;
  return columnOf;
}

/**
 * The positive pointwise mutual information max(0, ln(p(r, c) / (p(r) q(c)))): how much more often a
 * row and a column occur together than by chance.
 *
 * @param counts The counts, `[V, C]`. They are not changed.
 * @param smoothing The power to which the counts of the columns are raised in q, at least 0, so that
 * rare columns do not get too large values. Default 0.75.
 * @returns A matrix `[V, C]`; a row or column without any count stays 0.
 *
 * Source: Church and Hanks 1990, "Word Association Norms, Mutual Information, and Lexicography"; the
 * smoothing is that of Levy, Goldberg and Dagan 2015, section 3.2.
 *
 * @example Two words that never occur together, each always beside itself: ln(0.5 / (0.5 · 0.5))
 * ```ts
 * import { positivePmi } from "bert/data/contexts.ts";
 * import { ok } from "node:assert";
 * const counts = { rows: 2, columns: 2, values: Float32Array.of(1, 0, 0, 1) };
 * ok(Math.abs(positivePmi(counts).values[0] - Math.LN2) < 1e-6);
 * ```
 */
export function positivePmi(counts: ContextMatrix, smoothing = 0.75): ContextMatrix {
  checkArguments("positivePmi(counts, smoothing)", [["counts", counts, MATRIX]]);
  checkNotNegative("smoothing", smoothing);
  const { rows, columns, values } = counts;
  const ofRow = new Float64Array(rows);
  const ofColumn = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const count = values[row * columns + column];
      ofRow[row] += count;
      ofColumn[column] += count;
    }
  }
  const smoothed = ofColumn.map((count) => count ** smoothing);
  const all = smoothed.reduce((sum, value) => sum + value, 0);
  const pmi = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const count = values[row * columns + column];
      if (count === 0) continue;
      const ratio = count * all / (ofRow[row] * smoothed[column]);
      pmi[row * columns + column] = Math.max(0, Math.log(ratio));
    }
  }
  return { rows, columns, values: pmi };
}
