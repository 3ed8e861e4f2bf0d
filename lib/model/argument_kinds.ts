/**
 * The kinds of arguments of functions that use models, so that arguments in the wrong order are
 * refused by name. An instance is recognised by its members, as it may come from another copy of the
 * library.
 */
import { having, type Kind } from "../checks.ts";

/** A model with both heads of pre-training. */
export const MODEL: Kind = having("a BertPretrainHead", "forward", "bert", "mlm");

/** The backbone alone. */
export const BACKBONE: Kind = having("a BertModel", "forward", "wordEmbeddings");

/** A tensor. */
export const TENSOR: Kind = having("a tensor, as from tf.tensor()", "shape", "dtype", "dataSync");

/** A matrix of weights with its bias. */
export const DENSE: Kind = having("weights, { weight, bias }", "weight", "bias");

/** Weights by name. */
export const WEIGHTS: Kind = {
  name: "a map of variables by name, as in model.weights",
  fits: (value) => value instanceof Map,
};
