/** Whether a launcher of MPI started this process, and what the environment says of it. */
import { permittedVariable } from "../permissions.ts";

/** A program that starts the ranks: `mpiexec` of MPICH, Intel MPI or Open MPI, or Slurm's `srun`. */
export interface Launcher {
  /** Its name in messages. */
  readonly name: string;
  /** How many processes it started; undefined where the environment does not say. */
  readonly size: number | undefined;
  /** Which of them this one is, from 0; undefined where the environment does not say. */
  readonly rank: number | undefined;
  /** The libraries that belong to it. */
  readonly families: readonly Family[];
}

/** The libraries by what their programs are compiled for. */
export type Family = "mpich" | "openmpi";

const BOTH: readonly Family[] = ["mpich", "openmpi"];

/** The variables that launchers set for how many processes there are and which one this is. */
interface Trace extends Omit<Launcher, "size" | "rank"> {
  readonly sizes: string;
  readonly ranks: string;
}

const TRACES: readonly Trace[] = [
  {
    sizes: "OMPI_COMM_WORLD_SIZE",
    ranks: "OMPI_COMM_WORLD_RANK",
    name: "mpiexec of Open MPI",
    families: ["openmpi"],
  },
  { sizes: "PMI_SIZE", ranks: "PMI_RANK", name: "mpiexec", families: ["mpich", "openmpi"] },
  { sizes: "SLURM_STEP_NUM_TASKS", ranks: "SLURM_PROCID", name: "srun", families: BOTH },
];

/**
 * The launcher that started this process; undefined if none did, or if it started this process alone.
 *
 * Only environment variables are looked at, and only those that may be read.
 *
 * @example
 * ```ts
 * import { findLauncher } from "bert/team/launcher.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(findLauncher(() => undefined), undefined);
 * strictEqual(findLauncher((name) => name === "PMI_SIZE" ? "4" : undefined)?.size, 4);
 * ```
 */
export function findLauncher(
  variable: (name: string) => string | undefined = permittedVariable,
): Launcher | undefined {
  for (const { sizes, ranks, name, families } of TRACES) {
    const size = number(variable(sizes));
    if (size === 1) return undefined;
    if (size !== undefined) return { name, size, rank: number(variable(ranks)), families };
  }
  const rank = number(variable("PMIX_RANK"));
  return rank === undefined ? undefined : { name: "PMIx", size: undefined, rank, families: BOTH };
}

/** Milliseconds that the first of several processes has to give their message before the others do. */
const TURN = 2000;

/**
 * Waits in every process but the first one that a launcher started, so that one message is enough: the
 * launcher ends all processes when the first one ends with an error.
 */
export async function letFirstSpeak({ rank }: Launcher): Promise<void> {
  if (rank) await new Promise((resolve) => setTimeout(resolve, TURN));
}

/**
 * Throws if a launcher of MPI started several processes of a program that must run once.
 *
 * @param program What to call without the launcher.
 * @throws {Error} In the first process at once, in the others a little later.
 */
export async function checkStartedOnce(
  program: string,
  launcher: Launcher | undefined = findLauncher(),
): Promise<void> {
  if (!launcher) return;
  await letFirstSpeak(launcher);
  const { name, size } = launcher;
  throw new Error(
    `${name} started ${size ?? "several"} processes of ${program}, which runs once and uses all ` +
      `cores by itself: call it without ${name}`,
  );
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
