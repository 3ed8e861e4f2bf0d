/**
 * What training learns from: a pair of segments, and the same pair with some tokens hidden.
 */

/** Where a segment comes from: sentences `start` up to, not including, `end` of a document. */
export interface Span {
  readonly document: string;
  readonly start: number;
  readonly end: number;
}

/** A pair before masking and padding. */
export interface PairExample {
  /** `[CLS] A [SEP] B [SEP]`, or `[CLS] A [SEP]` without pairing. */
  readonly tokenIds: readonly number[];
  /** 1 for `[CLS] A [SEP]`, 2 for `B [SEP]`. */
  readonly segmentIds: readonly number[];
  /** 0: B follows A. 1: it does not. -1: there is no second segment. */
  readonly nspLabel: 0 | 1 | -1;
  readonly first: Span;
  readonly second?: Span;
  /** Whether tokens had to be cut off to fit the length. */
  readonly truncated: boolean;
}

/** A pair in which some tokens are hidden; `labels` holds the original id there and -1 elsewhere. */
export interface MaskedExample extends PairExample {
  readonly labels: readonly number[];
}
