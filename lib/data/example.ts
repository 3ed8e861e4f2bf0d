/** Training examples: a pair of segments, and the same pair with some tokens masked. */

/** Where a segment comes from: the sentences from `start` up to, but without, `end` of a document. */
export interface Span {
  /** The document's name. */
  readonly document: string;
  /** The first sentence, counted from 0. */
  readonly start: number;
  /** The sentence after the last. */
  readonly end: number;
  /** The numbers of tokens that were cut off at either end of these sentences; undefined if none was. */
  readonly cut?: { readonly front: number; readonly end: number };
}

/** A pair before masking and padding. */
export interface PairExample {
  /** `[CLS] A [SEP] B [SEP]`, or `[CLS] A [SEP]` without pairing. */
  readonly tokenIds: readonly number[];
  /** 1 for `[CLS] A [SEP]`, 2 for `B [SEP]`. */
  readonly segmentIds: readonly number[];
  /** 0: B follows A. 1: it does not. -1: there is no second segment. */
  readonly nspLabel: 0 | 1 | -1;
  /** Where the first segment comes from. */
  readonly first: Span;
  /** Where the second segment comes from, if there is one. */
  readonly second?: Span;
  /**
   * Whether sentences were cut to fit the length. With pairs, the tokens that were cut off are not
   * used; without pairs, they are in the next example.
   */
  readonly truncated: boolean;
}

/** A pair with some tokens masked. */
export interface MaskedExample extends PairExample {
  /** The original id at each position that has to be predicted, -1 at all others. */
  readonly labels: readonly number[];
}
