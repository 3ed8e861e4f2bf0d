/** Truncating one or two texts so that they fit into one sequence. */
import { checkWhole } from "../checks.ts";

/** The pieces of one text, without `[CLS]` and `[SEP]`. */
export interface Part {
  /** The ids of its pieces. */
  readonly ids: number[];
  /** The start and the end of each piece in the text, in UTF-16 units. */
  readonly offsets: [number, number][];
}

/**
 * Drops tokens from the end of the longer part until all fit. If both parts have to be cut, they get
 * equal room. If the room is odd, the remaining token goes to the part that was longer, or to the
 * second one if they were equal.
 *
 * @param maxLength The most tokens, with `[CLS]` and a `[SEP]` for each part.
 * @throws {ConfigError} If there is no room for a token of each part.
 *
 * Source: `truncate_encodings` with the strategy "longest first" in huggingface/tokenizers.
 */
export function truncate(parts: readonly Part[], maxLength: number): void {
  checkWhole("maxLength", maxLength, 1 + 2 * parts.length);
  const room = maxLength - 1 - parts.length; // [CLS], and a [SEP] for each part
  const lengths = shareRoom(parts.map(({ ids }) => ids.length), room);
  for (const [index, { ids, offsets }] of parts.entries()) {
    ids.splice(lengths[index]);
    offsets.splice(lengths[index]);
  }
}

/** The numbers of tokens that one or two parts may keep. */
function shareRoom([first, second]: readonly number[], room: number): number[] {
  if (second === undefined) return [room];
  const half = Math.floor(room / 2);
  if (Math.min(first, second) <= half) {
    return first < second ? [first, room - first] : [room - second, second];
  }
  return first > second ? [room - half, half] : [half, room - half];
}
