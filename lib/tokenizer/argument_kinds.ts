/** The kinds of arguments of functions that handle text, so that other arguments are refused by name. */
import { having, type Kind } from "../checks.ts";

/**
 * A vocabulary. An instance is recognised by its members, as it may come from another copy of the
 * library.
 */
export const VOCAB: Kind = having("a Vocab", "tokens", "idOf", "specialIds");

/** A tokenizer. */
export const TOKENIZER: Kind = having("a BertTokenizer", "encode", "ids", "vocab");
