/**
 * What the functions that train and predict are called with, so that arguments in the wrong order are
 * refused by name. An instance is known by its members: it may come from another copy of the library.
 */
import { having, type Kind } from "../checks.ts";

/** A model with both heads of pre-training. */
export const MODEL: Kind = having("a BertPretrainHead", "forward", "bert", "mlm");

/** The backbone alone. */
export const BACKBONE: Kind = having("a BertModel", "forward", "wordEmbeddings");

/** A classifier. */
export const CLASSIFIER: Kind = having("a BertClassifier", "forward", "classes");

/** A tokenizer. */
export const TOKENIZER: Kind = having("a BertTokenizer", "encode", "vocab");

/** An optimizer. */
export const OPTIMIZER: Kind = having("an optimizer such as AdamW", "step", "steps", "state");

/** A padded batch for pre-training. */
export const BATCH: Kind = having(
  "a batch, as batches() and collate() give them",
  "tokenIds",
  "predictedPositions",
  "nspLabels",
);

/** The weights that an optimizer updates. */
export const WEIGHTS: Kind = {
  name: "a map of variables by name, as in model.weights",
  fits: (value) => value instanceof Map,
};
