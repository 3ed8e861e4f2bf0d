/** The check that all processes that train one model have equal weights. */
import { createHash } from "node:crypto";
import type * as tf from "@tensorflow/tfjs";
import { checkAgreement } from "../team/agreement.ts";
import type { Team } from "../team/team.ts";

/**
 * Compares the weights of all ranks by their SHA-256.
 *
 * @throws {Error} On every rank, if the weights of one rank differ.
 *
 * @example
 * ```ts
 * import { checkSameWeights } from "bert/runs/same_weights.ts";
 * import { SOLO } from "bert/team/team.ts";
 * await checkSameWeights(SOLO, new Map(), 0);
 * ```
 */
export async function checkSameWeights(
  team: Team,
  weights: ReadonlyMap<string, tf.Variable>,
  step: number,
): Promise<void> {
  if (team.size === 1) return;
  await checkAgreement(team, { [`model at step ${step}`]: digestOf(weights).slice(0, 12) });
}

/** The SHA-256 of all weights, in their order. */
export function digestOf(weights: ReadonlyMap<string, tf.Variable>): string {
  const hash = createHash("sha256");
  for (const weight of weights.values()) {
    const { buffer, byteOffset, byteLength } = weight.dataSync<"float32">();
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}
