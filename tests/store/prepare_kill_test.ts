import { deepStrictEqual, ok } from "node:assert";
import { createRng } from "bert/random.ts";
import { prepare } from "bert/store/prepare.ts";
import { openPrepared } from "bert/store/prepared.ts";

/** Prepares a corpus in a process of its own, with options from JSON. */
const PROGRAM = `
  import { prepare } from "bert/store/prepare.ts";
  await prepare(JSON.parse(Deno.args[0]), { onProgress: () => console.log(".") });
`;

/** Writes some megabytes of documents, all different except for a few that occur twice. */
async function writeTexts(path: string): Promise<void> {
  const rng = createRng(7);
  const words = Array.from({ length: 3000 }, (_, i) => (i * 2654435761 % 2 ** 32).toString(36));
  const sentence = () =>
    Array.from({ length: 12 }, () => words[Math.floor(rng.random() ** 3 * 3000)]).join(" ") + ".";
  const lines = Array.from(
    { length: 2500 },
    () => JSON.stringify({ text: Array.from({ length: 15 }, sentence).join(" ") }),
  );
  await Deno.writeTextFile(path, [...lines, ...lines.slice(0, 20)].join("\n"));
}

/** Starts the program and kills it after `batches` batches; returns true if it ended before. */
async function runAndKill(program: string, options: object, batches: number): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", "deno.json", program, JSON.stringify(options)],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let seen = 0;
  for await (const { length } of child.stdout) {
    seen += length / 2;
    if (seen < batches) continue;
    try {
      child.kill("SIGKILL");
    } catch {
      // it has ended
    }
  }
  return (await child.status).success;
}

Deno.test("a process that is killed at random, and started again, writes the same bytes as one that was not", async () => {
  const folder = await Deno.makeTempDir();
  await writeTexts(`${folder}/a.jsonl`);
  await Deno.writeTextFile(`${folder}/program.ts`, PROGRAM);
  const learning = { corpus: [`${folder}/a.jsonl`], vocabSize: 400, saveSeconds: 0, workers: 2 };
  const [whole, out] = [`${folder}/whole`, `${folder}/out`];
  await prepare({ ...learning, out: whole });
  const { vocabSize: _learnt, ...rest } = learning;
  const options = { ...rest, vocab: whole };
  const rng = createRng(3);
  let kills = 0;
  const draw = () => 4 + Math.floor(10 * rng.random());
  while (!await runAndKill(`${folder}/program.ts`, { ...options, out }, draw())) {
    ok(++kills < 40, "it never came to its end");
  }
  (await openPrepared(out))[Symbol.dispose]();
  ok(kills >= 2, `${kills} kills`);
  for (const { name } of Deno.readDirSync(whole)) {
    if (name === "prepared.json") continue; // it names the settings
    deepStrictEqual(
      Deno.readFileSync(`${out}/${name}`),
      Deno.readFileSync(`${whole}/${name}`),
      name,
    );
  }
  deepStrictEqual([...Deno.readDirSync(out)].length, [...Deno.readDirSync(whole)].length);
  ok(![...Deno.readDirSync(folder)].some(({ name }) => name.endsWith(".unfinished")));
});
