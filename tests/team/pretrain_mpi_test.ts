/**
 * Whole runs over MPI: they have the same bits on 1, 2 and 4 ranks, also if they are killed, stopped
 * and resumed with another number of ranks. Skipped where there is no `mpiexec` on PATH or in
 * `BERT_MPIEXEC`.
 */
import { deepStrictEqual, doesNotMatch, match, notStrictEqual, ok, strictEqual } from "node:assert";
import { createHash } from "node:crypto";
import { checkpointSteps } from "bert/runs/checkpoint_files.ts";
import { createRng } from "bert/random.ts";
import {
  denoRun,
  findMpiLauncher,
  type Process,
  processes,
  startRanks,
  survivors,
} from "../support/mpi.ts";
import { prepareToy } from "../support/stores.ts";
import { toyDocuments } from "../support/toy.ts";

const launcher = await findMpiLauncher();
const ignore = launcher === undefined;

const STEPS = 14;
const SETTINGS = [
  ...["--corpus", "data/sample.csv", "--preset", "smoke", "--vocab-size", "200", "--length", "32"],
  ...["--batch-size", "2", "--accumulation", "4", "--steps", `${STEPS}`, "--evaluate-every", "5"],
  ...["--checkpoint-every", "1", "--seed", "3"],
];

function task(folder: string, more: readonly string[]): string[] {
  return denoRun("lib/cli/main.ts", ["pretrain", "--out", folder, ...more]);
}

/** Runs the task in one process or on several ranks to its end; its exit code and what it printed. */
async function run(size: number, folder: string, more: readonly string[] = SETTINGS) {
  const command = task(folder, more);
  if (size > 1) return await startRanks(launcher!, size, command).ended();
  const [deno, ...args] = command;
  const { code, stdout, stderr } = await new Deno.Command(deno, { args }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** All results of a run except speeds and times. */
async function results(folder: string) {
  const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
  const rows = (await read("metrics.csv")).trim().split("\n");
  const evaluations = (await read("evaluations.jsonl")).trim().split("\n");
  const digest = async (name: string) =>
    createHash("sha256").update(await Deno.readFile(`${folder}/${name}/model.safetensors`))
      .digest("hex");
  return {
    metrics: rows.map((row) => row.split(",").slice(0, 11).join(",")), // without the speed and the time
    evaluations: evaluations.map((line) => ({ ...JSON.parse(line), seconds: 0 })),
    best: await digest("best"),
    final: await digest("final"),
  };
}

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Waits for a row of `metrics.csv`. */
async function reached(folder: string, step: number): Promise<void> {
  for (let i = 0; i < 1200; i++) {
    const text = await Deno.readTextFile(`${folder}/metrics.csv`).catch(() => "");
    if (text.includes(`train,1,${step},`) || text.includes(`train,2,${step},`)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`step ${step} was not reached`);
}

Deno.test({ name: "runs over MPI", ignore }, async (t) => {
  await withFolder(async (folder) => {
    strictEqual((await run(1, `${folder}/1`)).code, 0);
    const alone = await results(`${folder}/1`);
    strictEqual(alone.metrics.filter((row) => row.startsWith("train,")).length, STEPS);

    await t.step("a run on 2 ranks has the results of one process, and one log", async () => {
      const { code, text } = await run(2, `${folder}/2`);
      strictEqual(code, 0, text);
      deepStrictEqual(await results(`${folder}/2`), alone);
      match(text, /2 processes, 2 on this machine, by .*1 thread/);
      strictEqual(text.match(/Finished at step/g)?.length, 1, text);
      strictEqual((await Deno.readTextFile(`${folder}/2/log.txt`)).match(/begun/g)?.length, 1);
    });

    await t.step(
      "a run that is killed on 4 ranks, stopped by a file on 2 and ended on 1 has the same results",
      async () => {
        await killAndStop(`${folder}/4`, SETTINGS, [4, 2, 1]);
        deepStrictEqual(await results(`${folder}/4`), alone);
        const log = await Deno.readTextFile(`${folder}/4/log.txt`);
        doesNotMatch(log, /may differ/); // no warning, as any number of threads gives the same bits
      },
    );

    await t.step("a signal to the launcher ends all ranks after the same step", async () => {
      const path = `${folder}/signal`;
      const ranks = startRanks(launcher!, 2, task(path, SETTINGS));
      await reached(path, 2);
      ranks.process.kill("SIGINT");
      const { code, text } = await ranks.ended();
      notStrictEqual(code, 0, text);
      if (launcher!.isOpenMpi) return; // it kills its processes after half a second
      match(text, /Stopped at step \d+\. Go on with/);
      strictEqual((await run(1, path, ["--resume"])).code, 0);
      deepStrictEqual(await results(path), alone);
    });
  });
});

Deno.test({ name: "a run over MPI on a prepared corpus", ignore }, async () => {
  await withFolder(async (folder) => {
    const corpus = `${folder}/corpus`;
    await Deno.mkdir(corpus);
    await prepareToy(corpus, toyDocuments(40), toyDocuments(6, 8, 2));
    const settings = [
      ...["--corpus", corpus, "--preset", "smoke", "--length", "32", "--batch-size", "2"],
      ...["--accumulation", "4", "--steps", `${STEPS}`, "--evaluate-every", "5"],
      ...["--checkpoint-every", "1", "--seed", "3"],
    ];
    strictEqual((await run(1, `${folder}/1`, settings)).code, 0);
    const alone = await results(`${folder}/1`);
    await killAndStop(`${folder}/2`, settings, [2, 1, 2]);
    deepStrictEqual(await results(`${folder}/2`), alone);
  });
});

/**
 * Starts a run on `first` ranks and kills one of them, resumes it on `second` ranks and stops it by a
 * file, then resumes it on `third` ranks to its end.
 */
async function killAndStop(
  path: string,
  settings: readonly string[],
  [first, second, third]: readonly [number, number, number],
): Promise<void> {
  const rng = createRng(7);
  const ranks = startRanks(launcher!, first, task(path, settings));
  await reached(path, 2 + rng.below(3));
  const pids = await ranksOf(ranks.process.pid);
  strictEqual(pids.length, first, `${pids}`);
  Deno.kill(pids[rng.below(first)], "SIGKILL");
  const killed = await ranks.ended();
  notStrictEqual(killed.code, 0);
  strictEqual(/Finished/.test(killed.text), false, killed.text);
  deepStrictEqual(await survivors(pids), []);
  ok((await checkpointSteps(`${path}/checkpoints`))[0] >= 1);

  await Deno.writeTextFile(`${path}/stop`, "");
  const stopped = await run(second, path, ["--resume"]);
  strictEqual(stopped.code, 0, stopped.text);
  match(stopped.text, /the file stop was found.*\n[^]*Stopped at step \d+\. Go on with/);

  const ended = await run(third, path, ["--resume"]);
  strictEqual(ended.code, 0, ended.text);
}

/** The descendants of a launcher that run the task. */
async function ranksOf(launcher: number): Promise<number[]> {
  const all = await processes();
  const below = (pid: number): Process[] =>
    all.filter(({ parent }) => parent === pid).flatMap((one) => [one, ...below(one.pid)]);
  const isTask = ({ command }: Process) => command.startsWith(`${Deno.execPath()} run`);
  return below(launcher).filter(isTask).map(({ pid }) => pid);
}

Deno.test(
  { name: "ranks with other texts or other settings refuse to begin", ignore },
  async () => {
    await withFolder(async (folder) => {
      const [a, b] = ["a", "b"].map((name) => `${folder}/${name}.txt`);
      await Deno.writeTextFile(
        a,
        "The sea is blue. So is the sky.\n\nA ship sails. It is far away.\n",
      );
      await Deno.writeTextFile(
        b,
        "The sea is blue. So is the sky.\n\nA ship sinks. It is far away.\n",
      );
      const on = (...more: string[]) =>
        task(`${folder}/run`, [
          "--preset",
          "smoke",
          "--vocab-size",
          "40",
          "--held-out",
          "0",
          ...more,
        ]);
      const both = (first: string[], second: string[]) =>
        startRanks(launcher!, 1, [...first, ":", ...launcher!.options, "-n", "1", ...second])
          .ended();

      const { code, text } = await both(on("--corpus", a), on("--corpus", a, "--seed", "2"));
      strictEqual(code, 1, text);
      match(
        text,
        /rank 0 of 2 on \S+: .*rank 1 of 2 on \S+ has another command line \(.*--seed 2\)/,
      );

      await Deno.mkdir(`${folder}/here`);
      await Deno.mkdir(`${folder}/there`);
      await Deno.copyFile(a, `${folder}/here/texts.txt`);
      await Deno.copyFile(b, `${folder}/there/texts.txt`);
      const texts = on("--corpus", "texts.txt", "--accumulation", "2")
        .map((word) => word === "lib/cli/main.ts" ? `${Deno.cwd()}/${word}` : word);
      const places = await startRanks(launcher!, 1, [
        ...["-wdir", `${folder}/here`, ...texts],
        ...[":", ...launcher!.options, "-n", "1", "-wdir", `${folder}/there`, ...texts],
      ]).ended();
      strictEqual(places.code, 1, places.text);
      match(places.text, /rank 1 of 2 on \S+ has another corpus \(SHA-256 \w{12}\) than rank 0/);
      strictEqual(await Deno.stat(`${folder}/run/config.json`).catch(() => undefined), undefined);
    });
  },
);
