/**
 * Masked language modelling: some tokens are hidden, and their original ids are the labels.
 *
 * Of the chosen tokens 80 % become `[MASK]`, 10 % become a random token, and 10 % stay as they are, so
 * that the model cannot rely on `[MASK]` at every position that it has to predict.
 */
import { VOCAB } from "../tokenizer/argument_kinds.ts";
import { DATA_DEFAULTS } from "../config.ts";
import {
  ARRAY,
  checkArguments,
  checkChoice,
  checkOptions,
  checkShare,
  checkSwitches,
  checkWhole,
  nameOf,
} from "../checks.ts";
import { checkRng, type Rng } from "../random.ts";
import type { Vocab } from "../tokenizer/vocab.ts";

/** How positions are chosen, and what replaces their tokens. */
export interface MlmOptions {
  /** The share of the tokens to choose, from 0 to 1. Default 0.15. */
  readonly maskProbability?: number;
  /**
   * The most positions that are chosen in a sequence, at least 1. Default: no limit. A limit near the
   * mean, `maskProbability` times the number of tokens, makes the share smaller than
   * `maskProbability`; with whole words it also makes long words rarer than short ones.
   */
  readonly maxPredictions?: number;
  /** Whether all pieces of a word are chosen together. Default false. */
  readonly wholeWord?: boolean;
  /**
   * `"independent"`, the default: each token (each word, with `wholeWord`) is chosen independently
   * with probability `maskProbability`, so that the share does not depend on positions, lengths or
   * words. `"exact"`, as in google-research/bert: the number of chosen tokens depends on the length
   * only and is at least one, which ones they are is random, and `[UNK]` may be chosen.
   */
  readonly selection?: "independent" | "exact";
  /** Whether a random token may be a special one, as in google-research/bert. Default false. */
  readonly randomSpecials?: boolean;
  /** The generator of all random numbers. Each call advances it. */
  readonly rng: Rng;
}

/** A sequence with some tokens hidden. */
export interface MaskedTokens {
  /** The ids that the model sees, as many as were given. */
  readonly tokenIds: number[];
  /** The original id where the model has to predict, -1 everywhere else. */
  readonly labels: number[];
}

/**
 * Hides tokens of one sequence for masked language modelling.
 *
 * Special tokens are never chosen: `[CLS]`, `[SEP]`, `[PAD]` and a `[MASK]` of the text. By default
 * `[UNK]` is not chosen either, as it is not a word that could be learnt. As tokens are chosen
 * independently by default, a short sequence may have no prediction at all.
 *
 * @param tokenIds The ids of a sequence, special tokens included. It is not changed.
 * @param vocab The vocabulary that the ids belong to.
 * @returns A copy in which tokens are replaced, and the labels.
 * @throws {ConfigError} If `maskProbability` is not in [0, 1], `maxPredictions` is below 1, or an
 * option is unknown.
 * @throws {RangeError} If an id is not in the vocabulary.
 *
 * @example
 * ```ts
 * import { mlmData } from "bert/data/mlm.ts";
 * import { createRng } from "bert/random.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { strictEqual } from "node:assert";
 * const vocab = new Vocab([...SPECIAL_TOKENS, "sea", "ship"]);
 * const { tokenIds, labels } = mlmData([2, 5, 6, 3], vocab, { rng: createRng(1) });
 * strictEqual(labels.length, tokenIds.length);
 * strictEqual(labels[0], -1); // [CLS] is never predicted
 * ```
 *
 * Source: Devlin et al. 2018 section 3.1 and appendix A.1; `create_masked_lm_predictions` in
 * google-research/bert, which `selection: "exact"` with `randomSpecials` follows draw for draw. The
 * defaults differ from it: positions are drawn independently, `[UNK]` is never predicted, and a random
 * token is never special.
 */
export function mlmData(
  tokenIds: readonly number[],
  vocab: Vocab,
  options: MlmOptions,
): MaskedTokens {
  checkArguments("mlmData(tokenIds, vocab, options)", [
    ["tokenIds", tokenIds, ARRAY],
    ["vocab", vocab, VOCAB],
  ]);
  checkOptions("mlmData()", options, OPTIONS);
  const { maskProbability = 0.15, maxPredictions = Infinity, selection = "independent" } = options;
  checkMasking(options, maskProbability, maxPredictions);
  checkIds(tokenIds, vocab);
  const settings = { maskProbability, maxPredictions, length: tokenIds.length };
  const chosen = choose(tokenIds, vocab, { ...options, selection }, settings);
  const masked = [...tokenIds];
  const labels = new Array<number>(tokenIds.length).fill(-1);
  for (const position of chosen) {
    labels[position] = tokenIds[position];
    masked[position] = corrupted(tokenIds[position], vocab, options);
  }
  return { tokenIds: masked, labels };
}

/**
 * Draws the token that the model sees at a chosen position: `[MASK]` in 80 % of cases, the token
 * itself in 10 %, and a random token in 10 %.
 *
 * @param id The original id.
 * @returns The id that the model sees.
 *
 * @example
 * ```ts
 * import { corruptToken } from "bert/data/mlm.ts";
 * import { createRng } from "bert/random.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { ok } from "node:assert";
 * const vocab = new Vocab([...SPECIAL_TOKENS, "sea", "ship"]);
 * const rng = createRng(1);
 * const seen = Array.from({ length: 1000 }, () => corruptToken(5, vocab, { rng }));
 * ok(Math.abs(seen.filter((id) => id === vocab.maskId).length - 800) < 40);
 * ok(Math.abs(seen.filter((id) => id === 6).length - 50) < 20); // half of the random tokens
 * ```
 *
 * Source: `create_masked_lm_predictions` in google-research/bert, which this follows draw for draw.
 * There, as here with `randomSpecials`, the random token may be any one of the vocabulary.
 */
export function corruptToken(
  id: number,
  vocab: Vocab,
  options: Pick<MlmOptions, "rng" | "randomSpecials">,
): number {
  checkArguments("corruptToken(id, vocab, options)", [["vocab", vocab, VOCAB]]);
  checkOptions("corruptToken()", options, ["rng", "randomSpecials"]);
  checkSwitches(options, ["randomSpecials"]);
  checkRng(options.rng);
  checkIds([id], vocab);
  return corrupted(id, vocab, options);
}

function corrupted(
  id: number,
  vocab: Vocab,
  { rng, randomSpecials = false }: Pick<MlmOptions, "rng" | "randomSpecials">,
): number {
  if (rng.random() < 0.8) return vocab.maskId;
  if (rng.random() < 0.5) return id;
  let drawn = rng.below(vocab.size);
  const allSpecial = vocab.size === vocab.specialIds.size;
  while (!randomSpecials && !allSpecial && vocab.isSpecial(drawn)) drawn = rng.below(vocab.size);
  return drawn;
}

/** How many positions are chosen in a sequence of a length. */
interface Selection {
  readonly maskProbability: number;
  readonly maxPredictions: number;
  readonly length: number;
}

/**
 * The known options. Those of `DataConfig` are among them, so that one object of settings can be
 * passed for pairs and for masks.
 */
const OPTIONS = [
  ...Object.keys(DATA_DEFAULTS),
  "maxPredictions",
  "selection",
  "randomSpecials",
  "rng",
];

function checkMasking(options: MlmOptions, maskProbability: number, maxPredictions: number): void {
  checkSwitches(options, ["wholeWord", "randomSpecials"]);
  checkChoice("selection", options.selection, [undefined, "independent", "exact"]);
  checkRng(options.rng);
  checkShare("maskProbability", maskProbability);
  if (maxPredictions !== Infinity) checkWhole("maxPredictions", maxPredictions, 1);
}

function checkIds(tokenIds: readonly number[], { size }: Vocab): void {
  const at = tokenIds.findIndex((id) => !(Number.isInteger(id) && id >= 0 && id < size));
  if (at < 0) return;
  const problem = `Cannot mask token id ${nameOf(tokenIds[at])} at position ${at}`;
  const advice = "so make the ids with the same tokenizer";
  throw new RangeError(`${problem}: ids of this vocabulary are 0 to ${size - 1}, ${advice}`);
}

/** The positions to hide, in the order in which they were chosen. */
function choose(
  tokenIds: readonly number[],
  vocab: Vocab,
  { selection, wholeWord, rng }: MlmOptions,
  settings: Selection,
): readonly number[] {
  if (selection === "exact") {
    return chooseExactly(
      candidates(tokenIds, vocab, { wholeWord, askUnknown: true }),
      settings,
      rng,
    );
  }
  if (wholeWord) {
    return chooseIndependently(
      candidates(tokenIds, vocab, { wholeWord, askUnknown: false }),
      settings,
      rng,
    );
  }
  return chooseTokens(tokenIds, vocab, settings, rng);
}

/** `chooseIndependently()` for single tokens, with the same draws, but faster. */
function chooseTokens(
  tokenIds: readonly number[],
  vocab: Vocab,
  { maskProbability, maxPredictions }: Selection,
  rng: Rng,
): number[] {
  const chosen: number[] = [];
  for (let position = 0; position < tokenIds.length; position++) {
    if (vocab.isSpecial(tokenIds[position])) continue;
    if (rng.random() < maskProbability) chosen.push(position);
  }
  if (chosen.length <= maxPredictions) return chosen;
  rng.shuffle(chosen);
  return chosen.slice(0, maxPredictions);
}

/** The positions that may be chosen, in units that are chosen together: single pieces or whole words. */
function candidates(
  tokenIds: readonly number[],
  vocab: Vocab,
  { wholeWord = false, askUnknown }: { wholeWord?: boolean; askUnknown: boolean },
): number[][] {
  const units: number[][] = [];
  for (const [position, id] of tokenIds.entries()) {
    if (vocab.isSpecial(id) && !(askUnknown && id === vocab.unkId)) continue;
    const last = units.at(-1);
    if (wholeWord && last && vocab.isContinuation(id)) last.push(position);
    else units.push([position]);
  }
  return units;
}

/** Chooses each unit independently. If there are more positions than the limit, units are dropped at random. */
function chooseIndependently(
  units: readonly number[][],
  { maskProbability, maxPredictions }: Selection,
  rng: Rng,
): number[] {
  const chosen = units.filter(() => rng.random() < maskProbability);
  if (chosen.flat().length > maxPredictions) {
    rng.shuffle(chosen);
    return take(chosen, maxPredictions);
  }
  return chosen.flat();
}

/** Chooses as many positions as the share of the length says, in random order. */
function chooseExactly(
  units: readonly number[][],
  { maskProbability, maxPredictions, length }: Selection,
  rng: Rng,
): number[] {
  const shuffled = [...units];
  rng.shuffle(shuffled);
  const count = Math.min(maxPredictions, Math.max(1, roundHalfToEven(length * maskProbability)));
  return take(shuffled, count);
}

/**
 * Takes whole units, in order, as far as they fit into `count` positions. A later, shorter unit may fit
 * if an earlier one did not.
 */
function take(units: readonly number[][], count: number): number[] {
  const taken: number[] = [];
  for (const unit of units) {
    if (taken.length >= count) break;
    if (taken.length + unit.length > count) continue;
    for (const position of unit) taken.push(position);
  }
  return taken;
}

/** Python's `round()`: 4.5 becomes 4, 5.5 becomes 6. */
function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
