/** What the functions of text are called with, so that anything else is refused by name. */
import { having, type Kind } from "../checks.ts";

/** A vocabulary. An instance is known by its members: it may come from another copy of the library. */
export const VOCAB: Kind = having("a Vocab", "tokens", "idOf", "specialIds");

/** A tokenizer. */
export const TOKENIZER: Kind = having("a BertTokenizer", "encode", "ids", "vocab");
