/** Checks that all ranks of a team have the same program, texts and weights. */
import type { Team } from "./team.ts";

/**
 * Compares facts about each rank with those about rank 0.
 *
 * @param team The team, in which every rank makes this call.
 * @param facts What has to be equal, by its name in messages. Each value is a short text.
 * @throws {Error} On every rank, if one of them differs from rank 0. The message names the first such
 * rank.
 *
 * @example
 * ```ts
 * import { checkAgreement } from "bert/team/agreement.ts";
 * import { SOLO } from "bert/team/team.ts";
 * await checkAgreement(SOLO, { "version of Deno": "2.9.6" }); // one process always agrees with itself
 * ```
 */
export async function checkAgreement(
  team: Team,
  facts: Readonly<Record<string, string>>,
): Promise<void> {
  if (team.size === 1) return;
  const said = await team.gather(new TextEncoder().encode(JSON.stringify([team.name, facts])));
  const all = said.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Said);
  const [[, first]] = all;
  for (const [name, found] of all) {
    const fact = Object.keys(first).find((fact) => first[fact] !== found[fact]);
    if (fact === undefined) continue;
    throw new Error(
      `The processes do not agree: ${name} has another ${fact} (${found[fact]}) than ` +
        `rank 0 (${first[fact]})`,
    );
  }
}

/** The name of a rank, and its facts. */
type Said = readonly [string, Readonly<Record<string, string>>];
