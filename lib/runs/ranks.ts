/**
 * A run of several processes (ranks): the facts that they compare before it begins, and the files that
 * only rank 0 reads and sends to the others.
 */
import type { Team } from "../team/team.ts";
import { packCheckpoint, sealCheckpoint, unpackCheckpoint } from "./checkpoint.ts";
import {
  checkNothingLost,
  newestCheckpoint,
  tidyCheckpoints,
  tidyModels,
} from "./checkpoint_files.ts";
import type { RunConfig } from "./config_file.ts";
import type { RunFolder } from "./run_folder.ts";

/** The facts that must be equal in all processes that begin a run together. */
export function agreedFacts(
  { run, settings, corpus, vocabulary }: RunConfig,
): Record<string, string> {
  const fixed = Object.entries(settings).filter(([, value]) => value !== undefined);
  return {
    "setting": fixed.map(([name, value]) => `${name} ${value}`).join(", "),
    "corpus": `SHA-256 ${corpus.sha256.slice(0, 12)}`,
    "vocabulary": `SHA-256 ${vocabulary.sha256.slice(0, 12)}`,
    "run": run,
  };
}

/**
 * Lets rank 0 read something and sends it to all ranks, as only the machine of rank 0 needs the run's
 * folder.
 */
export async function fromFirst<T>(team: Team, read: () => Promise<T>): Promise<T> {
  if (team.size === 1) return await read();
  const own = team.rank === 0 ? JSON.stringify(await read() ?? null) : undefined;
  const bytes = await team.broadcast(own === undefined ? undefined : new TextEncoder().encode(own));
  return (JSON.parse(new TextDecoder().decode(bytes)) ?? undefined) as T;
}

/** Finds the newest checkpoint. Rank 0 reads it, tidies up the folder, and sends it to all ranks. */
export async function checkpointOfAll(
  folder: RunFolder,
  run: string,
  team: Team,
): ReturnType<typeof newestCheckpoint> {
  const first = folder.writes ? await newestCheckpoint(folder.checkpoints, run) : { damaged: [] };
  const { damaged } = first;
  if (folder.writes) {
    if (!first.checkpoint) checkNothingLost(folder, damaged.map(({ reason }) => reason));
    await tidyCheckpoints(folder.checkpoints, damaged);
    await tidyModels(folder.path);
  }
  if (team.size === 1) return first;
  const own = first.checkpoint && packCheckpoint(first.checkpoint);
  if (own) await sealCheckpoint(own);
  const bytes = await team.broadcast(team.rank === 0 ? own ?? new Uint8Array() : undefined);
  if (folder.writes || bytes.length === 0) return first;
  return { checkpoint: await unpackCheckpoint(bytes, "checkpoint of rank 0"), damaged };
}
