/**
 * Where a native BLAS may lie: in the system, or inside Python's packages, which bring OpenBLAS or
 * MKL along. Looks only where reading is permitted already.
 */
import { dirname } from "node:path";

const SYSTEM: Readonly<Record<string, readonly string[]>> = {
  darwin: ["/System/Library/Frameworks/Accelerate.framework/Accelerate"],
  linux: ["libopenblas.so.0", "libmkl_rt.so.2", "libblis.so.4"],
  windows: ["libopenblas.dll", "mkl_rt.2.dll"],
};

/** Libraries to try, best first; `named` if the environment variable `BERT_BLAS` chose the only one. */
export function blasCandidates(): { paths: readonly string[]; named: boolean } {
  const named = environment("BERT_BLAS");
  if (named === "off") return { paths: [], named: true };
  if (named) return { paths: [named], named: true };
  const system = SYSTEM[Deno.build.os] ?? [];
  return { paths: [...system, ...pythonLibraries()], named: false };
}

function environment(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

/** Libraries in the packages of each Python installation that the environment points to. */
function pythonLibraries(): string[] {
  return pythonPrefixes().flatMap((prefix) => {
    const packages = [`${prefix}/Lib/site-packages`].concat(
      matches(`${prefix}/lib`, /^python3/).map((python) => `${python}/site-packages`),
    );
    return [
      ...packages.flatMap((folder) =>
        matches(`${folder}/scipy_openblas32/lib`, /^libscipy_openblas\.\w+$/)
      ),
      ...matches(`${prefix}/lib`, /^libmkl_rt\.(so|\d\.dylib)/),
      ...packages.flatMap((folder) =>
        matches(`${folder}/scipy.libs`, /^libscipy_openblas-.*\.(so|dll)$/)
      ),
    ];
  });
}

function pythonPrefixes(): string[] {
  const active = [environment("VIRTUAL_ENV"), environment("CONDA_PREFIX")];
  const home = environment("HOME");
  const pyenv = home ? matches(`${home}/.pyenv/versions`, /^3/) : [];
  const onPath = (environment("PATH") ?? "").split(Deno.build.os === "windows" ? ";" : ":");
  const all = [...active, ...onPath.map(dirname), ...pyenv, home && `${home}/.local`];
  return [...new Set(all.filter((prefix) => prefix !== undefined && prefix !== ""))] as string[];
}

/** Paths of a folder's entries whose names match; none where it cannot be read. */
function matches(folder: string, pattern: RegExp): string[] {
  if (Deno.permissions.querySync({ name: "read", path: folder }).state !== "granted") return [];
  try {
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    return names.filter((name) => pattern.test(name)).sort().map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}
