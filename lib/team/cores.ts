/** How the cores of a machine are shared out among the processes on it. */

/** What a rank says of itself. */
export interface Place {
  /** The name of its machine. */
  readonly machine: string;
  /** How many cores it may use. */
  readonly cores: number;
  /** How many cores the machine has. */
  readonly all: number;
  /** Which ones it may use, as digits for groups of them; empty if that is not known. */
  readonly mask: string;
}

/** What a rank may use, and what a person should know of it. */
export interface Share {
  /** Ranks on this machine, this one included. */
  readonly localSize: number;
  /** Cores for this rank alone, at least 1. */
  readonly cores: number;
  /** That the launcher keeps ranks to one core each where there are more, in words. */
  readonly warning?: string;
}

/**
 * The share of a rank: all of its cores where the launcher gave it some of its own, else as many as
 * there are for each rank on the machine.
 *
 * @param places Of all ranks.
 *
 * @example
 * ```ts
 * import { shareOf } from "bert/team/cores.ts";
 * import { strictEqual } from "node:assert";
 * const place = { machine: "a", cores: 8, all: 8, mask: "ff" };
 * strictEqual(shareOf(0, [place, place, { ...place, machine: "b" }]).cores, 4);
 * ```
 */
export function shareOf(rank: number, places: readonly Place[]): Share {
  const { machine, cores, all, mask } = places[rank];
  const local = places.filter((place) => place.machine === machine);
  const localSize = local.length;
  const sharing = local.filter((place) => place.mask === mask).length;
  const share = { localSize, cores: Math.max(1, Math.floor(cores / sharing)) };
  const bound = sharing < localSize || (localSize === 1 && cores < all);
  if (!bound || cores > 1 || all <= localSize) return share;
  const warning =
    `the launcher keeps each process on ${machine} to one of its ${all} cores. To use ` +
    "the others: mpiexec --bind-to none (Open MPI), I_MPI_PIN=off (Intel MPI), srun --cpus-per-task=N " +
    "(Slurm)";
  return { ...share, warning };
}
