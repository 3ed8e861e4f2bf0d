/** Notes about a vocabulary for the person who uses it, with what to do about them. */

/** A note about a vocabulary. */
export interface VocabNote {
  /**
   * The subject of the note:
   *
   * - `"size"`: there are fewer pieces than were asked for.
   * - `"characters"`: the vocabulary has no room for some characters.
   * - `"accents"`: words become equal without their accents.
   * - `"dotless i"`: words become equal because `I` is lower-cased to `i`.
   * - `"lines"`: the file has empty or repeated lines.
   * - `"unknown"`: a text has words for which there are no pieces.
   * - `"unspaced"`: a text has words that are too long to be cut.
   */
  readonly about:
    | "size"
    | "characters"
    | "accents"
    | "dotless i"
    | "lines"
    | "unknown"
    | "unspaced";
  /** The finding, as a sentence without its full stop. */
  readonly finding: string;
  /** What to do about it in the library, as a clause that follows the finding. */
  readonly advice: string;
}

/** A note about empty lines, and tokens that occur twice. */
export function repeatNotes(tokens: readonly string[]): VocabNote[] {
  const last = new Map(tokens.map((token, id) => [token, id]));
  const lost = [...tokens.entries()].filter(([id, token]) =>
    token === "" || last.get(token) !== id
  );
  if (lost.length === 0) return [];
  const shown = lost.slice(0, 3).map(([id, token]) =>
    token === "" ? `line ${id + 1} is empty` : `"${token}" of line ${id + 1} occurs again later`
  );
  const more = lost.length > shown.length ? `, and ${lost.length - shown.length} more` : "";
  const finding = `The vocabulary has ids that no text gets: ${shown.join(", ")}${more}`;
  const advice = "the later line counts, as in transformers. Leave the lines as they are: " +
    "deleting one would change the ids after it";
  return [{ about: "lines", finding, advice }];
}

/** What to do about words that are longer than a word may be. */
export const PUT_SPACES: string =
  "put spaces between the words first, for Thai and other languages without them by " +
  'new Intl.Segmenter("th", { granularity: "word" })';
