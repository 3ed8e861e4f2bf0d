import { deepStrictEqual, match, rejects, strictEqual } from "node:assert";
import { shareOf } from "bert/team/core_shares.ts";
import { checkStartedOnce } from "bert/team/first_speaker.ts";
import { findLauncher } from "bert/team/launcher.ts";
import { mpiCandidates } from "bert/team/mpi_libraries.ts";

/** The variables that MPICH 5.0.2, Intel MPI 2021.18 and Open MPI 5.0.11 set, and Slurm by its manual. */
const ENVIRONMENTS: Readonly<Record<string, readonly [Record<string, string>, unknown]>> = {
  "no launcher": [{ PATH: "/usr/bin", SLURM_NTASKS: "4", SLURM_PROCID: "0" }, undefined],
  "mpiexec of MPICH": [{ PMI_RANK: "1", PMI_SIZE: "4", MPI_LOCALNRANKS: "2" }, ["mpiexec", 1, 4]],
  "one process of mpiexec": [{ PMI_RANK: "0", PMI_SIZE: "1" }, undefined],
  "Open MPI": [
    { OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "2", PMIX_RANK: "0" },
    ["mpiexec of Open MPI", 0, 2],
  ],
  "srun": [{ SLURM_STEP_NUM_TASKS: "8", SLURM_PROCID: "7" }, ["srun", 7, 8]],
  "srun with PMI-2": [
    { SLURM_STEP_NUM_TASKS: "8", SLURM_PROCID: "7", PMI_RANK: "7", PMI_SIZE: "8" },
    ["mpiexec", 7, 8],
  ],
  "PMIx alone": [{ PMIX_RANK: "3" }, ["PMIx", 3, undefined]],
};

for (const [title, [variables, expected]] of Object.entries(ENVIRONMENTS)) {
  Deno.test(`findLauncher() recognises its environment: ${title}`, () => {
    const found = findLauncher((name) => variables[name]);
    deepStrictEqual(found && [found.name, found.rank, found.size], expected);
  });
}

Deno.test("mpiCandidates() names libraries beside the launcher, in Python environments, and by name", () => {
  const launcher = { name: "mpiexec", size: 2, rank: 0, families: ["mpich"] } as const;
  const find = (variables: Record<string, string>) =>
    mpiCandidates(launcher, (name) => variables[name], "linux");
  const { paths } = find({ _: "/a/bin/mpiexec.hydra", VIRTUAL_ENV: "/v", PATH: "/p/bin:/sbin" });
  deepStrictEqual(paths, [
    "/a/lib/libmpich.so.12",
    "/a/lib/libmpi.so.12",
    "/a/lib/libmpi_abi.so.1",
    "/v/lib/libmpich.so.12",
    "/v/lib/libmpi.so.12",
    "/v/lib/libmpi_abi.so.1",
    "/p/lib/libmpich.so.12",
    "/p/lib/libmpi.so.12",
    "/p/lib/libmpi_abi.so.1",
    "libmpich.so.12",
    "libmpi.so.12",
    "libmpi_abi.so.1",
  ]);
  deepStrictEqual(find({ BERT_MPI: "/x/libmpi.so", VIRTUAL_ENV: "/v" }), {
    paths: ["/x/libmpi.so"],
    named: true,
  });
  deepStrictEqual(find({ _: "/usr/bin/deno" }).paths.length, 3); // deno is no launcher
});

Deno.test("shareOf() divides the cores among the ranks of a machine, unless each has cores of its own", () => {
  const free = { machine: "a", cores: 8, all: 8, mask: "ff" };
  const other = { machine: "b", cores: 2, all: 2, mask: "03" };
  deepStrictEqual(shareOf(0, [free, free, free, other]), { localSize: 3, cores: 2 });
  deepStrictEqual(shareOf(3, [free, free, free, other]), { localSize: 1, cores: 2 });
  deepStrictEqual(shareOf(1, Array(16).fill(free)), { localSize: 16, cores: 1 });
  const half = (mask: string) => ({ machine: "a", cores: 4, all: 8, mask });
  deepStrictEqual(shareOf(1, [half("0f"), half("f0")]), { localSize: 2, cores: 4 });
});

Deno.test("shareOf() warns if each rank is bound to one of several cores", () => {
  const on = (mask: string, all = 8) => ({ machine: "a", cores: 1, all, mask });
  const { cores, warning = "" } = shareOf(0, [on("01"), on("02")]);
  strictEqual(cores, 1);
  match(warning, /keeps each process on a to one of its 8 cores.*--bind-to none/);
  deepStrictEqual(shareOf(0, [on("01", 2), on("02", 2)]), { localSize: 2, cores: 1 }); // the machine has no other cores
  match(shareOf(0, [on("01")]).warning ?? "", /one of its 8 cores/);
});

Deno.test("checkStartedOnce() refuses several processes of a program that must run once", async () => {
  await checkStartedOnce("deno task prepare", undefined);
  const launcher = { name: "mpiexec", size: 2, rank: 0, families: ["mpich"] } as const;
  await rejects(
    checkStartedOnce("deno task prepare", launcher),
    /^Error: mpiexec started 2 processes of deno task prepare, .*: call it without mpiexec$/,
  );
});

Deno.test("the other processes end after the first one has given its message", async () => {
  const launcher = { name: "mpiexec", size: 2, families: ["mpich"] } as const;
  const exit = Deno.exit;
  const codes: (number | undefined)[] = [];
  Deno.exit = (code) => {
    codes.push(code);
    throw new Error("ended");
  };
  try {
    const other = rejects(
      checkStartedOnce("a program", { ...launcher, rank: 1 }),
      /^Error: ended$/,
    );
    await rejects(
      checkStartedOnce("a program", { ...launcher, rank: 0 }),
      /of a program, which runs once/,
    );
    deepStrictEqual(codes, []);
    await other;
    deepStrictEqual(codes, [1]);
  } finally {
    Deno.exit = exit;
  }
});
