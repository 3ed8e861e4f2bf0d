/** The places in which libraries of MPI are looked for. */
import { permittedVariable } from "../permissions.ts";
import type { Family, Launcher } from "./launcher.ts";

/**
 * Their file names, the MPI 5.0 standard ABI last. A `libmpi.so` without a number is not used, as in
 * Python packages it is a linker script.
 */
const NAMES: Readonly<Record<"linux" | "darwin", Readonly<Record<Family, readonly string[]>>>> = {
  linux: {
    mpich: ["libmpich.so.12", "libmpi.so.12", "libmpi_abi.so.1"],
    openmpi: ["libmpi.so.40", "libmpi_abi.so.1"],
  },
  darwin: {
    mpich: ["libmpi.12.dylib", "libmpich.12.dylib", "libmpi_abi.1.dylib"],
    openmpi: ["libmpi.40.dylib", "libmpi_abi.1.dylib"],
  },
};

/** Variables of launchers and Python environments that name a folder with libraries in `lib/`. */
const PREFIXES = ["OPAL_PREFIX", "PMIX_PREFIX", "I_MPI_ROOT", "VIRTUAL_ENV", "CONDA_PREFIX"];

/** The names of launchers. */
const LAUNCHER = /^(mpiexec|mpirun|prterun|orterun)(\.[\w.]+)?$/;

/**
 * The libraries to try, in this order. If `BERT_MPI` names a library, it is the only one. Otherwise:
 * libraries beside the launcher that the shell started, in Python environments and beside launchers
 * on PATH, then those that the system finds by name.
 *
 * @returns `paths`: the files to try; `named`: whether they come from `BERT_MPI`.
 *
 * @example
 * ```ts
 * import { mpiCandidates } from "bert/team/mpi_libraries.ts";
 * import { deepStrictEqual } from "node:assert";
 * const launcher = { name: "mpiexec", size: 2, rank: 0, families: ["openmpi"] } as const;
 * const variables: Record<string, string> = { VIRTUAL_ENV: "/venv" };
 * const { paths } = mpiCandidates(launcher, (name) => variables[name], "linux");
 * deepStrictEqual(paths.slice(0, 2), ["/venv/lib/libmpi.so.40", "/venv/lib/libmpi_abi.so.1"]);
 * ```
 */
export function mpiCandidates(
  { families }: Launcher,
  variable: (name: string) => string | undefined = permittedVariable,
  system: string = Deno.build.os,
): { readonly paths: readonly string[]; readonly named: boolean } {
  const named = variable("BERT_MPI");
  if (named) return { paths: [named], named: true };
  const byFamily = NAMES[system === "darwin" ? "darwin" : "linux"];
  const names = families.flatMap((family) => byFamily[family]);
  const folders = [...new Set([...foldersBeside(variable)])].map((prefix) => `${prefix}/lib`);
  const paths = folders.flatMap((folder) => names.map((name) => `${folder}/${name}`));
  return { paths: [...new Set([...paths, ...names])], named: false };
}

function foldersBeside(variable: (name: string) => string | undefined): string[] {
  const started = variable("_") ?? ""; // the shell stores the path of the program it started
  const beside = LAUNCHER.test(started.split("/").at(-1)!) ? [parentOf(started)] : [];
  const prefixes = PREFIXES.map(variable);
  const path = (variable("PATH") ?? "").split(":").filter((folder) => folder.endsWith("/bin"));
  return [...beside, ...prefixes, ...path.map(parent)].filter((folder) => folder !== undefined);
}

/** `/venv` for `/venv/bin/mpiexec`. */
function parentOf(file: string): string | undefined {
  const folder = file.split("/").slice(0, -1).join("/");
  return folder.endsWith("/bin") ? parent(folder) : undefined;
}

function parent(folder: string): string {
  return folder.slice(0, folder.lastIndexOf("/"));
}
