/** Notes about a vocabulary for the person who uses it, with what to do about them. */

/** A note about a vocabulary. */
export interface VocabNote {
  /**
   * What it is about: `"size"`, fewer pieces than were asked for; `"characters"` that the vocabulary
   * has no room for; `"accents"` or a `"dotless i"` without which words fall together; `"lines"`,
   * empty or repeated ones of a file; `"unknown"` words of a text, and `"unspaced"` ones that are
   * unknown for their length.
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
  /** What to do about it in the library, as a clause. */
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
    token === "" ? `line ${id + 1} is empty` : `"${token}" of line ${id + 1} stands again later`
  );
  const more = lost.length > shown.length ? `, and ${lost.length - shown.length} more` : "";
  const finding = `The vocabulary has ids that no text gets: ${shown.join(", ")}${more}`;
  const advice = "the later line counts, as in transformers. Leave the lines as they are: " +
    "deleting one would change the ids behind it";
  return [{ about: "lines", finding, advice }];
}
