/** The number of threads of the backend `simd`. */
import { ConfigError } from "../../errors.ts";
import { permittedVariable } from "../../permissions.ts";

/** The most threads that a process uses if nothing else is said, as more did not help. */
const MOST_THREADS = 8;

/**
 * The default number of threads: one for each core, at most as many as the environment variable
 * `BERT_THREADS` says, or 8 if it is not set.
 *
 * @param cores The number of cores that this process may use.
 * @throws {ConfigError} If `BERT_THREADS` is not a whole number from 1.
 */
export function defaultThreads(cores: number = navigator.hardwareConcurrency): number {
  const given = permittedVariable("BERT_THREADS");
  if (given === undefined) return Math.min(cores, MOST_THREADS);
  const most = Number(given);
  if (!Number.isSafeInteger(most) || most < 1) {
    throw new ConfigError("BERT_THREADS", given, "must be a whole number from 1, or not be set");
  }
  return Math.min(cores, most);
}
