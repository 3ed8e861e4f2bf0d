/** What a person should know about a vocabulary, and what to do about it. */

/** Something that a person should know about a vocabulary. */
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
  /** What was found, as a sentence without its full stop. */
  readonly finding: string;
  /** What to do about it in the library, as a clause. */
  readonly advice: string;
}

/** What to say of empty lines and of tokens that stand twice. */
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
