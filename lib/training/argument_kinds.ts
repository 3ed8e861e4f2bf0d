/**
 * The kinds of arguments of functions that train and predict, so that arguments in the wrong order
 * are refused by name. An instance is recognised by its members, as it may come from another copy of
 * the library.
 */
import { having, type Kind } from "../checks.ts";

/** A classifier. */
export const CLASSIFIER: Kind = having("a BertClassifier", "forward", "classes");

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
