/** Stretches of documents: sentences that follow each other, or a part of one that is too long. */
import type { TokenizedDocument, TokenizedSentence } from "./document.ts";
import type { Span } from "./example.ts";

/** A piece of a document: its sentences from `start` up to `end`, as positions in the list. */
export interface Stretch {
  /** Where the sentences stand. */
  readonly document: TokenizedDocument;
  /** The first sentence, from 0. */
  readonly start: number;
  /** The sentence behind the last one. */
  readonly end: number;
  /** Tokens left out at the front, where a sentence before was cut; 0 by default. */
  readonly skip?: number;
}

/** What is used of a stretch's tokens: those from `start` up to `end`. */
export interface Kept {
  /** The first token, from 0. */
  readonly start: number;
  /** The token behind the last one. */
  readonly end: number;
}

/** Adds the ids of what is used of a stretch to the end of `to`. */
export function appendIds(
  to: number[],
  { document: { sentences }, start, end, skip = 0 }: Stretch,
  kept: Kept,
): void {
  let before = -skip; // tokens of the stretch before the sentence
  for (let i = start; i < end && before < kept.end; i++) {
    const { ids } = sentences[i];
    const last = Math.min(ids.length, kept.end - before);
    for (let j = Math.max(0, kept.start - before); j < last; j++) to.push(ids[j]);
    before += ids.length;
  }
}

/** How many tokens a stretch has. */
export function tokenCount({ document, start, end, skip = 0 }: Stretch): number {
  let count = -skip;
  for (let i = start; i < end; i++) count += document.sentences[i].ids.length;
  return count;
}

/** Where a stretch stands in its text, and how much of it is used. */
export function spanOf(stretch: Stretch, kept: Kept): Span {
  const { document: { name, sentences }, start, end, skip = 0 } = stretch;
  const span = { document: name, start: sentences[start].index, end: sentences[end - 1].index + 1 };
  const cut = { front: skip + kept.start, end: tokenCount(stretch) - kept.end };
  return cut.front + cut.end === 0 ? span : { ...span, cut };
}

/** Whether a stretch reads like the sentence, as far as both go. */
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
 * A document as stretches of at most `room` tokens that together have every token once. Sentences
 * are put together until there are `target` tokens or the next one has no room; one that is longer
 * than the room itself is cut, and the stretch after it goes on behind the cut.
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
    skip = length > room ? skip + room : 0; // more than the room: it is one sentence
    if (skip === 0) start = end;
  }
}
