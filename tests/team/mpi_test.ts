/**
 * Ranks that fail, over MPI: in each case all processes end, the exit code is not 0, and a message
 * names the rank. Skipped where there is no `mpiexec` on PATH or in `BERT_MPIEXEC`.
 */
import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert";
import { denoRun, findMpiLauncher, startRanks, survivors } from "../support/mpi.ts";

const launcher = await findMpiLauncher();
const ignore = launcher === undefined;

/** Ways to fail, and the message that must be printed exactly once. */
const FAILURES: Readonly<Record<string, RegExp>> = {
  "throws": /rank 1 of 2 on \S+: no more of this\n/g,
  "throws later": /rank 1 of 2 on \S+: Error: no more of this; all processes end\n/g,
  "exits with 0": /rank 1 of 2 on \S+: ended before the others did; all processes end\n/g,
  "killed":
    /EXIT CODE: 9|exited on\nsignal 9|RANK 1 PID \d+ RUNNING AT \S+\n=\s+KILLED BY SIGNAL: 9/g,
  "other version": /rank 1 of 2 on \S+ has another version \(1\) than rank 0 \(0\)\n/g,
  "other weights": /rank 1 of 2 on \S+ has another model at step 10 \(b\) than rank 0 \(a\)\n/g,
  "silent": /rank 0 of 2 on \S+: Waited 1 s for the other processes/g,
};

for (const [mode, message] of Object.entries(FAILURES)) {
  const name = `a rank that fails ends all of them, with one message that names it: ${mode}`;
  Deno.test({ name, ignore }, async () => {
    const patience = mode === "silent" ? "1" : "60";
    const command = denoRun("tests/team/rank.ts", [mode, patience]);
    const { code, text } = await startRanks(launcher!, 2, command).ended();
    notStrictEqual(code, 0, text);
    const printed = text.replaceAll("\r", "");
    strictEqual(printed.match(message)?.length, 1, printed);
    strictEqual(/came to its end/.test(text), false, text);
    const pids = [...text.matchAll(/^pid (\d+)/gm)].map(([, pid]) => Number(pid));
    strictEqual(pids.length, 2, text);
    deepStrictEqual(await survivors(pids), []);
  });
}

Deno.test({ name: "ranks that do not fail come to their end", ignore }, async () => {
  const { code, text } = await startRanks(launcher!, 2, denoRun("tests/team/rank.ts", [])).ended();
  deepStrictEqual([code, text.match(/came to its end/g)?.length], [0, 2], text);
});

/** Runs one process as if a launcher had started it. */
async function alone(env: Record<string, string>) {
  const [deno, ...args] = denoRun("tests/team/rank.ts", []);
  const clean = { NO_COLOR: "1", PATH: "/usr/bin:/bin", VIRTUAL_ENV: "", CONDA_PREFIX: "", ...env };
  const { code, stderr } = await new Deno.Command(deno, { args, env: clean }).output();
  return { code, text: new TextDecoder().decode(stderr) };
}

Deno.test("a process that belongs to several refuses to run alone if no library of MPI is found", async () => {
  const { code, text } = await alone({
    PMI_RANK: "0",
    PMI_SIZE: "2",
    BERT_MPI: "/none/libmpi.so.12",
  });
  strictEqual(code, 1);
  match(text, /mpiexec started 2 processes, but BERT_MPI = \/none\/libmpi\.so\.12 cannot be used/);
});

Deno.test({
  name: "a library that does not belong to the launcher is refused by name",
  ignore: ignore || launcher!.isOpenMpi,
}, async () => {
  // to a process that it did not start, MPICH reports a size of 1, whatever other launchers say
  const prefix = launcher!.mpiexec.replace(/\/?bin\/[^/]*$|^mpiexec$/, "");
  const PATH = Deno.env.get("PATH")!;
  const library = { PATH, VIRTUAL_ENV: prefix };
  const { code, text } = await alone({ SLURM_STEP_NUM_TASKS: "2", SLURM_PROCID: "0", ...library });
  strictEqual(code, 1);
  match(
    text,
    /srun started 2 processes, but .+ \(\S+\) sees only this one: it does not belong/,
  );
});
