/** Opening the team of this process: alone, or with the others that a launcher started. */
import { mayCallNative } from "../permissions.ts";
import { findLauncher, type Launcher, letFirstSpeak } from "./launcher.ts";
import { Mpi } from "./mpi.ts";
import { mpiCandidates } from "./mpi_libraries.ts";
import { MpiTeam } from "./mpi_team.ts";
import { SOLO, type Team } from "./team.ts";

/**
 * Opens the team that this process belongs to: over MPI if `mpiexec` or `srun` started it with
 * others, else `SOLO`, for which no library is opened.
 *
 * @throws {Error} If there are other processes, but no library to reach them.
 *
 * @example
 * ```ts
 * import { openTeam } from "bert/team/open_team.ts";
 * import { strictEqual } from "node:assert";
 * await using team = await openTeam();
 * strictEqual((await team.sumCounts([1]))[0], team.size);
 * ```
 */
export async function openTeam(): Promise<Team> {
  const launcher = findLauncher();
  if (!launcher) return SOLO;
  try {
    const mpi = loadMpi(launcher);
    return await MpiTeam.meet(mpi, (size) => checkSize(mpi, size, launcher));
  } catch (error) {
    await letFirstSpeak(launcher);
    throw error;
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
