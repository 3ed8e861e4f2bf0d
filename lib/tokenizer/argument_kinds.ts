/** The kinds of arguments of the functions that handle text. */
import { ARRAY, checkArguments, checkWhole, having, type Kind, TEXT } from "../checks.ts";

/**
 * A vocabulary. An instance is recognised by its members, as it may come from another copy of the
 * library.
 */
export const VOCAB: Kind = having("a Vocab", "tokens", "idOf", "specialIds");

/** A tokenizer. */
export const TOKENIZER: Kind = having("a BertTokenizer", "encode", "ids", "vocab");

/** Throws `TypeError` or `ConfigError` unless these can be the arguments of `new Vocab()`. */
export function checkVocab(
  tokens: readonly string[],
  name: unknown,
  origin: { readonly notes: unknown; readonly added: unknown; readonly pieces: number },
): void {
  checkArguments("new Vocab(tokens, name, origin)", [
    ["tokens", tokens, ARRAY],
    ["name", name, TEXT],
    ["origin.notes", origin.notes, ARRAY],
    ["origin.added", origin.added, ARRAY],
  ]);
  checkWhole("pieces", origin.pieces, 0, tokens.length);
}
