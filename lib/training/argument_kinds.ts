/**
 * The kinds of arguments of functions that train and predict, so that arguments in the wrong order
 * are refused by name. An instance is recognised by its members, as it may come from another copy of
 * the library.
 */
import { having, type Kind } from "../checks.ts";

/** A classifier of texts or of words. */
export const ANY_CLASSIFIER: Kind = having(
  "a BertClassifier or a BertTokenClassifier",
  "forward",
  "classes",
  "pooling",
);

/** A classifier of texts. */
export const CLASSIFIER: Kind = {
  name: "a BertClassifier",
  fits: (value) => ANY_CLASSIFIER.fits(value) && !isOfWords(value),
};

/** A classifier of words. */
export const TOKEN_CLASSIFIER: Kind = {
  name: "a BertTokenClassifier",
  fits: (value) => ANY_CLASSIFIER.fits(value) && isOfWords(value),
};

/** Whether a classifier judges each word, not the whole text. */
function isOfWords(value: unknown): boolean {
  return (value as { readonly pooling: unknown }).pooling === "none";
}

/** An optimizer. */
export const OPTIMIZER: Kind = having("an optimizer such as AdamW", "step", "steps", "state");

/** The processes that train together. */
export const TEAM: Kind = having("a team, as openTeam() gives it", "size", "sum");

/** A padded batch for pre-training. */
export const BATCH: Kind = having(
  "a batch, as batches() and collate() give them",
  "tokenIds",
  "predictedPositions",
  "nspLabels",
);
