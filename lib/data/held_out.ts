/**
 * Choosing the held-out documents: equal documents stay together, and the held-out share of the text is
 * near the wanted one.
 */
import { forkedRandom } from "../random.ts";
import type { Document } from "./document.ts";
import { documentHash } from "./text_hash.ts";

/** Documents in two parts. */
export interface Parts {
  /** The documents to train on. */
  readonly train: Document[];
  /** The documents to evaluate on. */
  readonly heldOut: Document[];
}

/** Documents with the same text, which must be on the same side. */
interface Group {
  /** Their indices. */
  readonly members: number[];
  /**
   * A random number that depends on the names of its members and the seed. Groups are held out in the
   * order of their ranks.
   */
  rank: number;
  /** The number of characters of all members. */
  size: number;
}

/** The largest factor by which the held-out share of the text may differ from the wanted one. */
const TOLERANCE = 2;

/**
 * Splits two or more documents.
 *
 * @param share The share to hold out, above 0 and below 1.
 * @param seed The seed that, with the names of the documents, decides which are held out.
 */
export function partDocuments(documents: readonly Document[], share: number, seed: number): Parts {
  const groups = groupsOf(documents, seed);
  const total = sum(groups.map(({ size }) => size));
  const taken = takeDocuments(groups, heldOutCount(share, documents.length));
  const found = sum(taken.map(({ size }) => size)) / total;
  const reasonable = found <= TOLERANCE * share && found >= share / TOLERANCE;
  if (reasonable || total === 0) return part(documents, taken.flatMap(({ members }) => members));
  return takeText(documents, groups, share * total);
}

/** The number of held-out items among `length`: at least one, and never all. */
export function heldOutCount(share: number, length: number): number {
  return Math.min(length - 1, Math.max(1, Math.round(share * length)));
}

/** The number of characters of a document. */
export function sizeOf({ sentences }: Document): number {
  return sentences.reduce((size, { length }) => size + length, 0);
}

/**
 * Cuts off the end of a document, about `size` characters. The cut is between sentences if a sentence
 * ends near enough, and otherwise between words, as in text without full stops.
 *
 * @returns The beginning and the end; undefined if there is no place for a cut.
 */
export function cutDocument(document: Document, size: number): [Document, Document] | undefined {
  const { name, sentences } = document;
  let index = sentences.length;
  let behind = 0; // characters after sentence `index`
  while (index > 0 && behind + sentences[index - 1].length < size) {
    behind += sentences[--index].length;
  }
  if (index === 0) return undefined; // the document has fewer characters
  const sentence = sentences[--index];
  const split = (head: readonly string[], tail: readonly string[]): [Document, Document] => [
    { ...document, sentences: head },
    { ...document, name: `${name} (held out)`, sentences: tail },
  ];
  const near = (held: number) => held <= TOLERANCE * size && held >= size / TOLERANCE;
  for (const [start, held] of [[index, behind + sentence.length], [index + 1, behind]]) {
    if (start > 0 && near(held)) return split(sentences.slice(0, start), sentences.slice(start));
  }
  const blank = sentence.lastIndexOf(" ", sentence.length - (size - behind));
  if (blank < 1) return undefined;
  return split(
    [...sentences.slice(0, index), sentence.slice(0, blank)],
    [sentence.slice(blank + 1), ...sentences.slice(index + 1)],
  );
}

/** Groups equal documents and sorts the groups by rank. */
function groupsOf(documents: readonly Document[], seed: number): Group[] {
  const groups = new Map<number, Group>();
  const keys = documents.map(documentHash);
  const allEqual = keys.every((key) => key === keys[0]); // then the group has to be split
  for (const [index, document] of documents.entries()) {
    const key = allEqual ? index : keys[index];
    const rank = forkedRandom(seed, `held out/${document.name}`);
    const size = sizeOf(document);
    const group = groups.get(key);
    if (!group) {
      groups.set(key, { members: [index], rank, size });
      continue;
    }
    group.members.push(index);
    group.rank = Math.min(group.rank, rank);
    group.size += size;
  }
  return [...groups.values()].sort((a, b) => a.rank - b.rank || a.members[0] - b.members[0]);
}

/** Takes groups with `count` documents together, or with fewer if no further group fits; at least one group. */
function takeDocuments(groups: readonly Group[], count: number): Group[] {
  const taken: Group[] = [];
  let left = count;
  for (const group of groups) {
    if (left === 0) break;
    if (group.members.length > left) continue;
    left -= group.members.length;
    taken.push(group);
  }
  return taken.length > 0 ? taken : [smallest(groups, ({ members }) => members.length)];
}

/**
 * Holds out `budget` characters: whole groups as long as they fit, then the end of a document. Groups
 * of equal documents that are larger than the budget come last, as a cut would take little of each
 * member.
 */
function takeText(documents: readonly Document[], groups: readonly Group[], budget: number): Parts {
  const cuts = new Map<number, [Document, Document]>();
  const whole: number[] = [];
  const isBulky = ({ members, size }: Group) => members.length > 1 && size > budget;
  const bulkyLast = groups.toSorted((a, b) => Number(isBulky(a)) - Number(isBulky(b)));
  let left = budget;
  for (const { members, size } of bulkyLast) {
    if (left < budget / 10) break;
    if (size <= left) {
      for (const member of members) whole.push(member);
      left -= size;
      continue;
    }
    for (const member of members) { // equal documents are cut at the same place
      const cut = cutDocument(documents[member], left / members.length);
      if (cut) cuts.set(member, cut);
    }
    if (cuts.size > 0) break;
  }
  if (whole.length + cuts.size > 0) return part(documents, whole, cuts);
  return part(documents, smallest(groups, ({ size }) => size).members);
}

/** The group with the smallest measure; the first one of several. */
function smallest(groups: readonly Group[], measure: (group: Group) => number): Group {
  return groups.reduce((least, group) => measure(group) < measure(least) ? group : least);
}

/** Both parts in the order of the documents. The end of each document with a cut is held out. */
function part(
  documents: readonly Document[],
  heldOutIndexes: readonly number[],
  cuts: ReadonlyMap<number, [Document, Document]> = new Map(),
): Parts {
  const chosen = new Set(heldOutIndexes);
  const train: Document[] = [];
  const heldOut: Document[] = [];
  for (const [index, document] of documents.entries()) {
    const cut = cuts.get(index);
    if (cut) {
      train.push(cut[0]);
      heldOut.push(cut[1]);
    } else if (chosen.has(index)) heldOut.push(document);
    else train.push(document);
  }
  return { train, heldOut };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
