/**
 * The parts of documents from which segments are made: stretches of consecutive sentences, or a part
 * of a sentence that is too long.
 */
import type { TokenizedDocument, TokenizedSentence } from "./document.ts";
import type { Span } from "./example.ts";

/** A part of a document: its sentences from index `start` up to, but without, `end`. */
export interface Stretch {
  /** The document. */
  readonly document: TokenizedDocument;
  /** The first sentence, from 0. */
  readonly start: number;
  /** The sentence after the last one. */
  readonly end: number;
  /** The number of tokens to leave out at the front, as they are in the stretch before. Default 0. */
  readonly skip?: number;
}

/** The tokens of a stretch that are used: from `start` up to, but without, `end`. */
export interface Kept {
  /** The first token, from 0. */
  readonly start: number;
  /** The token after the last one. */
  readonly end: number;
}

/** Appends the ids of the used tokens of a stretch to `to`. */
export function appendIds(
  to: number[],
  { document: { sentences }, start, end, skip = 0 }: Stretch,
  kept: Kept,
): void {
  let before = -skip; // the number of tokens of the stretch before sentence i
  for (let i = start; i < end && before < kept.end; i++) {
    const { ids } = sentences[i];
    const last = Math.min(ids.length, kept.end - before);
    for (let j = Math.max(0, kept.start - before); j < last; j++) to.push(ids[j]);
    before += ids.length;
  }
}

/** The number of tokens of a stretch. */
export function tokenCount({ document, start, end, skip = 0 }: Stretch): number {
  let count = -skip;
  for (let i = start; i < end; i++) count += document.sentences[i].ids.length;
  return count;
}

/** The position of a stretch in its document, and how much of it is used. */
export function spanOf(stretch: Stretch, kept: Kept): Span {
  const { document: { name, sentences }, start, end, skip = 0 } = stretch;
  const span = { document: name, start: sentences[start].index, end: sentences[end - 1].index + 1 };
  const cut = { front: skip + kept.start, end: tokenCount(stretch) - kept.end };
  return cut.front + cut.end === 0 ? span : { ...span, cut };
}

/** Whether the tokens of a stretch and of a sentence are equal up to the length of the shorter one. */
export function readsLike({ document, start, end }: Stretch, sentence: TokenizedSentence): boolean {
  let at = 0;
  for (let i = start; i < end; i++) {
    for (const id of document.sentences[i].ids) {
      if (at === sentence.ids.length) return true;
      if (id !== sentence.ids[at++]) return false;
    }
  }
  return true;
}

/**
 * Divides a document into stretches of at most `room` tokens that together contain every token once.
 * Sentences are joined until there are `target` tokens or the next sentence does not fit. A sentence
 * longer than `room` is cut, and the next stretch begins after the cut.
 */
export function* singleStretches(
  document: TokenizedDocument,
  target: number,
  room: number,
): Generator<{ stretch: Stretch; kept: Kept }> {
  const { sentences } = document;
  let start = 0;
  let skip = 0;
  while (start < sentences.length) {
    let end = start + 1;
    let length = sentences[start].ids.length - skip;
    while (
      end < sentences.length && length < target && length + sentences[end].ids.length <= room
    ) {
      length += sentences[end++].ids.length;
    }
    const kept = { start: 0, end: Math.min(length, room) };
    yield { stretch: { document, start, end, skip }, kept };
    skip = length > room ? skip + room : 0; // only a single sentence can be longer than the room
    if (skip === 0) start = end;
  }
}
