/** How the cores of a machine are divided among the processes on it. */

/** What a rank tells the others about its machine. */
export interface Place {
  /** The name of its machine. */
  readonly machine: string;
  /** The number of cores that it may use. */
  readonly cores: number;
  /** The number of cores of the machine. */
  readonly all: number;
  /** The mask of the cores that it may use, in hexadecimal; empty if it is not known. */
  readonly mask: string;
}

/** The cores of a rank, and a warning about them. */
export interface Share {
  /** Ranks on this machine, this one included. */
  readonly localSize: number;
  /** Cores for this rank alone, at least 1. */
  readonly cores: number;
  /** A warning if the launcher binds each rank to one core although there are more. */
  readonly warning?: string;
}

/**
 * The cores of a rank: those that the launcher has given to it alone, else an equal share of the
 * cores of the machine.
 *
 * @param rank The rank whose cores are computed.
 * @param places The machine of each rank, in the order of the ranks.
 *
 * @example
 * ```ts
 * import { shareOf } from "bert/team/core_shares.ts";
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
