/** Opening the team of this process: alone, or with the others that a launcher started. */
import { mayCallNative } from "../permissions.ts";
import { endAllProcesses } from "./first_speaker.ts";
import { findLauncher, type Launcher } from "./launcher.ts";
import { Mpi } from "./mpi.ts";
import { mpiCandidates } from "./mpi_libraries.ts";
import { MpiTeam } from "./mpi_team.ts";
import { Ranks } from "./ranks.ts";
import { watchStart } from "./start_watch.ts";
import { SOLO, type Team } from "./team.ts";

/** Seconds to wait for the other processes, by default. */
const PATIENCE = 600;
/** Seconds that the others have to begin, at least: programs do not start at the same moment. */
const START = 30;

/** Options of `openTeam()`. */
export interface TeamOptions {
  /** How many seconds to wait for the others before they count as lost: 600 by default, and at least
   * 30 for them to begin. */
  readonly patience?: number | undefined;
  /** Why this process cannot go on, if it cannot: the others are told, and all end. */
  readonly failure?: string | undefined;
}

/**
 * Opens the team that this process belongs to: over MPI if `mpiexec` or `srun` started it with
 * others, else `SOLO`, for which no library is opened.
 *
 * If any process cannot go on, or there is no library to reach the others, it does not return: one
 * process gives a message that names it, and all end with code 1.
 *
 * @example
 * ```ts
 * import { openTeam } from "bert/team/open_team.ts";
 * import { strictEqual } from "node:assert";
 * await using team = await openTeam();
 * strictEqual((await team.sumCounts([1]))[0], team.size);
 * ```
 */
export async function openTeam(
  { patience = PATIENCE, failure }: TeamOptions = {},
): Promise<Team> {
  const launcher = findLauncher();
  if (!launcher) return SOLO;
  try {
    const mpi = loadMpi(launcher);
    const stopWatch = await watchStart(launcher, Math.max(patience, START));
    const ranks = new Ranks(mpi, patience);
    await stopWatch();
    checkSize(mpi, ranks.size, launcher);
    return await MpiTeam.meet(ranks, failure);
  } catch (error) {
    return await endAllProcesses(launcher, failure ?? (error as Error).message);
  }
}

function loadMpi(launcher: Launcher): Mpi {
  if (!mayCallNative()) {
    throw refusal(launcher, "native code may not be called: add --allow-ffi");
  }
  const { paths, named } = mpiCandidates(launcher);
  let problem = `no library of MPI was found; ${ADVICE}`;
  for (const path of paths) {
    try {
      return new Mpi(path);
    } catch (error) {
      if (named) {
        problem = `BERT_MPI = ${path} cannot be used (${(error as Error).message}): ${ADVICE}`;
      }
    }
  }
  throw refusal(launcher, problem);
}

const ADVICE = "name the launcher's own library, as in " +
  "BERT_MPI=/usr/lib/x86_64-linux-gnu/libmpich.so.12, or use the mpiexec of pip install mpich";

function refusal({ name, size }: Launcher, problem: string): Error {
  const many = size === undefined ? "several processes" : `${size} processes`;
  return new Error(`${name} started ${many}, but ${problem}`);
}

/**
 * Throws if the library sees another number of processes than the launcher started: such a library
 * belongs to another launcher, and each process would begin a run of its own.
 */
function checkSize(mpi: Mpi, size: number, launcher: Launcher): void {
  if (launcher.size === undefined || launcher.size === size) return;
  const sees = size === 1 ? "only this one" : `${size}`;
  const found = `${mpi.version} (${mpi.path}) sees ${sees}`;
  const problem = `${found}: it does not belong to ${launcher.name}; ${ADVICE}`;
  throw refusal(launcher, problem);
}
