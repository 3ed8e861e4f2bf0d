/** Finding out from the environment whether a launcher of MPI started this process. */
import { checkArguments, FUNCTION } from "../checks.ts";
import { permittedVariable } from "../permissions.ts";

/** A program that starts the ranks: `mpiexec` of MPICH, Intel MPI or Open MPI, or Slurm's `srun`. */
export interface Launcher {
  /** Its name in messages. */
  readonly name: string;
  /** How many processes it started; undefined if the environment does not say. */
  readonly size: number | undefined;
  /** The number of this process, from 0; undefined if the environment does not say. */
  readonly rank: number | undefined;
  /** The families of libraries that work with it. */
  readonly families: readonly Family[];
}

/** A family of MPI libraries with the same binary interface. */
export type Family = "mpich" | "openmpi";

const BOTH: readonly Family[] = ["mpich", "openmpi"];

/** The environment variables in which a launcher writes the number of processes and that of this one. */
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
 * It only reads environment variables, and only those for which there is permission.
 *
 * @param variable Reads an environment variable.
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
  checkArguments("findLauncher(variable)", [["variable", variable, FUNCTION]]);
  for (const { sizes, ranks, name, families } of TRACES) {
    const size = number(variable(sizes));
    if (size === 1) return undefined;
    if (size !== undefined) return { name, size, rank: number(variable(ranks)), families };
  }
  const rank = number(variable("PMIX_RANK"));
  return rank === undefined ? undefined : { name: "PMIx", size: undefined, rank, families: BOTH };
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
