/** Runs whose terminal closes, whose pipe breaks, or whose output goes to a device that is full. */
import { match, notStrictEqual, ok, strictEqual } from "node:assert";
import { newestCheckpoint } from "bert/runs/checkpoint_files.ts";
import {
  pretrainInTerminal,
  pretrainTask,
  QUICK,
  replaced,
  timelessMetrics,
  withCorpus,
} from "../support/runs.ts";
import { hasTerminal } from "../support/terminal.ts";

const terminal = await hasTerminal();
const TRAINS = "step \\d+/";

function terminalTest(name: string, fn: (folder: string, args: string[]) => Promise<void>): void {
  Deno.test({
    name: terminal ? name : `${name} (skipped: no python3 that can make a pseudo-terminal)`,
    ignore: !terminal,
    fn: () =>
      withCorpus(async (folder) => {
        const run = ["--out", `${folder}/run`, "--corpus", `${folder}/corpus.csv`];
        await fn(folder, [...run, ...QUICK]);
      }),
  });
}

/** The last step in `metrics.csv`, and that of the newest checkpoint. */
async function lastSteps(run: string): Promise<[number, number | undefined]> {
  const config = JSON.parse(await Deno.readTextFile(`${run}/config.json`));
  const { checkpoint } = await newestCheckpoint(`${run}/checkpoints`, config.run);
  return [Number((await timelessMetrics(run)).at(-1)![2]), checkpoint?.state.step];
}

async function finished(run: string): Promise<boolean> {
  const log = await Deno.readTextFile(`${run}/log.txt`);
  return /finished at step \d+\n$/.test(log);
}

terminalTest(
  "a run whose terminal closes ends with a checkpoint of its last step, and can be resumed",
  async (folder, args) => {
    const endless = replaced(args, "--epochs", "100000", "--checkpoint-every", "1000000");
    const { code, printed } = await pretrainInTerminal(folder, endless, { closeAt: TRAINS });
    match(printed, /step \d+\//);
    strictEqual(code, 129);
    const [row, checkpoint] = await lastSteps(`${folder}/run`);
    notStrictEqual(checkpoint, 0);
    strictEqual(checkpoint, row);
    match(await Deno.readTextFile(`${folder}/run/log.txt`), /aborted at step [1-9]\d*\n$/);
    const resumed = pretrainInTerminal(folder, ["--out", `${folder}/run`, "--resume"], {
      closeAt: TRAINS,
    });
    strictEqual((await resumed).code, 129);
    ok((await lastSteps(`${folder}/run`))[0] > row);
  },
);

terminalTest(
  "a run under nohup goes on to its end when its terminal closes",
  async (folder, args) => {
    const log = `${folder}/nohup.txt`;
    const { printed } = await pretrainInTerminal(folder, replaced(args, "--epochs", "6"), {
      shell: `touch ${log}; nohup "$@" > ${log} 2>&1 & tail -n +1 -f ${log}`,
      closeAt: TRAINS,
    });
    match(printed, /step \d+\//);
    for (let i = 0; i < 300 && !await finished(`${folder}/run`); i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    ok(await finished(`${folder}/run`));
    match(await Deno.readTextFile(log), /Finished at step/);
  },
);

terminalTest(
  "a run that ignores SIGHUP goes on to its end, though its terminal cannot be written to",
  async (folder, args) => {
    const nohup = [
      `trap "" HUP; exec "$@"`, // as nohup does
      `exec "$@" 0> /dev/null`, // the trace of nohup that remains under deno task
      `exec env _=/usr/bin/nohup "$@" < /dev/null`, // the same if the input was not a terminal
      `trap "" HUP; env --default-signal=HUP "$@" < /dev/null; exit $?`, // a script that ignores HUP, and deno task below it
    ];
    for (const [i, shell] of nohup.entries()) {
      const run = `${folder}/run${i}`;
      const long = replaced(args, "--out", run, "--epochs", "6");
      const { code } = await pretrainInTerminal(folder, long, { shell, closeAt: TRAINS });
      strictEqual(code, 0, shell);
      ok(await finished(run));
    }
  },
);

terminalTest("a run into a pipe that breaks goes on to its end", async (folder, args) => {
  const { printed } = await pretrainInTerminal(folder, args, {
    shell: `{ "$@"; echo "code $?" > ${folder}/code.txt; } | head -n 1`,
  });
  match(printed, /^… reading [^\n]*\n$/);
  strictEqual(await Deno.readTextFile(`${folder}/code.txt`), "code 0\n");
  ok(await finished(`${folder}/run`));
});

terminalTest("a run into a full device goes on to its end", async (folder, args) => {
  const shell = `"$@" > /dev/full 2>&1`;
  strictEqual((await pretrainInTerminal(folder, args, { shell })).code, 0);
  ok(await finished(`${folder}/run`));
});

terminalTest(
  "escape sequences of a corpus never reach the terminal, nor log.txt",
  async (folder, args) => {
    const evil = "\x1b]0;owned\x07\x1b[2J\x9b2J\u202e";
    const text = await Deno.readTextFile(`${folder}/corpus.csv`);
    const rows = text.split("\n").map((row, i) => i === 0 || row === "" ? row : `${row} ${evil}`);
    await Deno.writeTextFile(`${folder}/corpus.csv`, rows.join("\n"));
    const { code, printed } = await pretrainInTerminal(folder, args, {});
    strictEqual(code, 0, printed);
    match(printed, /→/); // samples were shown
    const own = printed.replaceAll("\r\x1b[K", "").replaceAll("\r\n", "\n");
    // deno-lint-ignore no-control-regex -- these are what must not be there
    strictEqual(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.exec(own), null);
    const named = `${folder}/${evil}.txt`;
    const refused = await pretrainTask(folder, ["--out", `${folder}/b`, "--corpus", named]);
    match(refused.err, /\\x1b\[2J.*found nothing/);
    // deno-lint-ignore no-control-regex -- these are what must not be there
    strictEqual(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.exec(refused.err), null);
  },
);
