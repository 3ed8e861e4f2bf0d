/**
 * A rank that fails in the way that its first argument names, for `tests/team/mpi_test.ts`. Each rank
 * prints its process id, so that the test can check that it has ended.
 */
import { checkAgreement } from "bert/team/agreement.ts";
import { openTeam } from "bert/team/open_team.ts";

const [mode = "none", patience = "20"] = Deno.args;

/** What rank 1 does after step 10, by mode. */
const FAILURES: Readonly<Record<string, () => unknown>> = {
  none: () => {},
  long: () => {}, // its loop never ends
  throws: () => {
    throw new Error("no more of this");
  },
  "throws later": () => setTimeout(() => Promise.reject(new Error("no more of this")), 20),
  "exits with 0": () => Deno.exit(0),
  killed: () => Deno.kill(Deno.pid, "SIGKILL"),
  silent: () => new Promise((resolve) => setTimeout(resolve, 1e9)),
};

const team = await openTeam({ patience: Number(patience) });
try {
  print(`pid ${Deno.pid}`);
  const weight = mode === "other weights" && team.rank === 1 ? "b" : "a";
  await checkAgreement(team, { "version": mode === "other version" ? `${team.rank}` : "7" });
  for (let step = 1; step <= (mode === "long" ? Infinity : 20); step++) {
    const sums = new Float32Array(5000).fill(team.rank);
    await team.sum(sums);
    await team.sumCounts([1]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (step === 10) print("at step 10");
    if (step === 10 && team.rank === 1) await FAILURES[mode]?.();
    if (step % 10 === 0) await checkAgreement(team, { [`model at step ${step}`]: weight });
  }
  print("came to its end");
  await team.close();
} catch (error) {
  await team.abort((name) => print(`${name}: ${(error as Error).message}`));
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
