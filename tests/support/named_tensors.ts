/** Tensors and variables by name, made from the numbers in a fixture. */
import * as tf from "@tensorflow/tfjs";

/** The numbers of each tensor, row-major. */
export type Values = Readonly<Record<string, readonly number[]>>;

/** The shape of each tensor. */
export type Shapes = Readonly<Record<string, number[]>>;

/** Makes a variable for each name. The caller disposes of them. */
export function variablesOf(values: Values, shapes: Shapes): Map<string, tf.Variable> {
  return new Map(
    Object.entries(tensorsOf(values, shapes)).map(([name, x]) => [name, tf.variable(x)]),
  );
}

/** Makes a tensor for each name. The caller disposes of them. */
export function tensorsOf(values: Values, shapes: Shapes): tf.NamedTensorMap {
  const entries = Object.entries(values);
  return Object.fromEntries(entries.map(([name, v]) => [name, tf.tensor([...v], shapes[name])]));
}
