/**
 * Ranks that fail before they have met: one of them gives a message that names it, and all end. Skipped
 * where there is no `mpiexec`, on PATH or named by `BERT_MPIEXEC`.
 */
import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert";
import { turnOf } from "bert/team/first_speaker.ts";
import { pmiDescriptor } from "bert/team/pmi_abort.ts";
import { denoRun, findMpiLauncher, processes, startRanks } from "../support/mpi.ts";

const launcher = await findMpiLauncher();
const ignore = launcher === undefined;

/** A word by which the processes of one test are found. */
let label = 0;
const newLabel = () => `none/start_test_${Deno.pid}_${label++}`;

function task(out: string, ...more: string[]): string[] {
  const words = ["pretrain", "--out", out, "--preset", "smoke", "--patience", "30", ...more];
  return denoRun("lib/cli/main.ts", words);
}

/** The processes of a test that are there after half a minute. */
async function left(out: string): Promise<string[]> {
  let commands: string[] = [];
  for (let i = 0; i < 300; i++) {
    commands = (await processes()).map(({ command }) => command);
    commands = commands.filter((command) => command.includes(out));
    if (commands.length === 0) return [];
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return commands;
}

/** Runs one rank with one command and the others with another; asserts that all end with an error. */
async function failing(
  out: string,
  [first, ...others]: readonly (readonly [ranks: number, command: readonly string[]])[],
): Promise<string> {
  const more = others.flatMap((
    [ranks, command],
  ) => [":", ...launcher!.options, "-n", `${ranks}`, ...command]);
  const { code, text } = await startRanks(launcher!, first[0], [...first[1], ...more]).ended();
  notStrictEqual(code, 0, text);
  deepStrictEqual(await left(out), [], text);
  const lines = text.replaceAll("\r", "");
  strictEqual(lines.match(/^rank \d+ of \d+.*: /gm)?.length, 1, text); // one message
  return lines;
}

Deno.test(
  { name: "an error in the options of some ranks is told by the first of them", ignore },
  async () => {
    const out = newLabel();
    const text = await failing(out, [[1, task(out)], [3, task(out, "--nonsense")]]);
    deepStrictEqual(text.match(/rank .*Invalid option/g)?.length, 1, text);
    match(text, /^rank 1 of 4 on \S+: Invalid option = "--nonsense"/m);
  },
);

Deno.test({ name: "an error in the options of all ranks is told once", ignore }, async () => {
  const out = newLabel();
  const text = await failing(out, [[4, task(out, "--nonsense")]]);
  deepStrictEqual(text.match(/Invalid option/g)?.length, 1, text);
  match(text, /^rank 0 of 4 on \S+: Invalid option/m);
});

Deno.test({ name: "code that cannot be loaded on one rank ends all", ignore }, async () => {
  const out = newLabel();
  const folder = await Deno.makeTempDir();
  try {
    const map = `${folder}/map.json`;
    await Deno.writeTextFile(map, `{"imports":{"@tensorflow/tfjs":"${folder}/none.js"}}`);
    const [deno, run, ...words] = task(out);
    const broken = [deno, run, `--import-map=${map}`, ...words];
    const text = await failing(out, [[1, task(out)], [1, broken]]);
    match(text, /^rank 1 of 2 on \S+: .*none\.js/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({ name: "a rank without a library ends those that wait for it", ignore }, async () => {
  const out = newLabel();
  const without = ["env", "BERT_MPI=/none/libmpi.so.12", ...task(out)];
  const text = await failing(out, [[1, task(out)], [1, without]]);
  match(
    text,
    /^rank 1 of 2: .* started 2 processes, but BERT_MPI = \/none\/libmpi\.so\.12 cannot/m,
  );
});

Deno.test({ name: "a library that no rank can use is refused once", ignore }, async () => {
  const out = newLabel();
  const text = await failing(out, [[2, ["env", "BERT_MPI=/none/libmpi.so.12", ...task(out)]]]);
  strictEqual(text.match(/cannot be used/g)?.length, 1, text);
  match(text, /^rank 0 of 2: /m);
});

const gone = "a rank that ends before it has met the others is waited for, but not for ever";
Deno.test({ name: gone, ignore }, async () => {
  const out = newLabel();
  const text = await failing(out, [[2, task(out)], [1, ["true"]]]);
  strictEqual(text.match(/waited 30 s for the other processes to begin/g)?.length, 1, text);
  match(text, /^rank 0 of 3: waited 30 s/m);
});

Deno.test("the first process gives a message at once, each other one a second after the one before", () => {
  deepStrictEqual([0, 1, 2, 3].map((rank) => turnOf({ rank })), [0, 5000, 6000, 7000]);
  strictEqual(turnOf({ rank: undefined }), 0);
  strictEqual(turnOf({ rank: 1000 }), 25_000);
});

Deno.test("the launcher is spoken to only on a descriptor that it names", () => {
  const of = (PMI_FD?: string) => pmiDescriptor((name) => name === "PMI_FD" ? PMI_FD : undefined);
  deepStrictEqual([of(), of("x"), of("-1"), of("11")], [undefined, undefined, undefined, 11]);
});
