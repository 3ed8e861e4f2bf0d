/** Finding weights that are NaN or infinite, with which every result would be NaN. */
import { ConfigError } from "../errors.ts";

/** How many of the values of a weight are NaN or infinite. */
export interface NotFinite {
  /** Their number, at least 1. */
  readonly count: number;
  /** The first one. */
  readonly first: number;
}

/** Finds values that are NaN or infinite; undefined if all are finite. */
export function notFinite(values: Float32Array): NotFinite | undefined {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
  if (count === 0) return undefined;
  return { count, first: values.find((value) => !Number.isFinite(value))! };
}

/**
 * Checks the values of a weight that is going to be saved.
 *
 * @throws {ConfigError} If some are NaN or infinite. The message names the weight.
 */
export function checkFinite(name: string, values: Float32Array): void {
  const wrong = notFinite(values);
  if (!wrong) return;
  const advice = `must be finite to be saved, and ${wrong.count} of ${values.length} values are ` +
    "not: the training diverged. Take the weights of an earlier step, or train again with a lower " +
    "learning rate";
  throw new ConfigError(`weight ${name}`, wrong.first, advice);
}

/**
 * Checks that values fit into a shorter type.
 *
 * @param most The largest finite number of the type.
 * @param option The option that chose the type, and its value, for the message.
 * @param fix What to do, as a clause.
 * @throws {ConfigError} If a value would become infinite.
 */
export function checkFits(
  name: string,
  values: Float32Array,
  most: number,
  [option, type]: readonly [option: string, type: string],
  fix: string,
): void {
  const large = values.find((value) => Math.abs(value) > most);
  if (large === undefined) return;
  throw new ConfigError(option, type, `cannot hold ${large}, which is in ${name}: ${fix}`);
}

/** The largest finite number in float16. */
export const MOST_IN_HALF = 65504;

/** The largest finite number in bfloat16. */
export const MOST_IN_BFLOAT16 = 2 ** 128 - 2 ** 120;
