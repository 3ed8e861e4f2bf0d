import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { codeCells, codeDigest, type Output, readNotebook } from "bert/cli/notebook_file.ts";
import { CellError, OutputRecorder, runNotebook } from "bert/cli/run_notebook.ts";
import { type Code, isRunning, printed, withNotebook } from "../support/notebooks.ts";

const OPTIONS = { preset: "smoke", save: true, timeout: 20 };

/** Runs and saves a notebook with these cells. Returns the saved outputs of each cell. */
function saved(cells: readonly Code[]): Promise<Output[][]> {
  return withNotebook(cells, async (path) => {
    await runNotebook(path, OPTIONS);
    return codeCells(await readNotebook(path)).map(({ outputs }) => outputs ?? []);
  });
}

const SHOW = (text: string, more: string) =>
  `await Deno.jupyter.display({ "text/plain": ${text} }, { raw: true, ${more} });`;

Deno.test("runNotebook() saves streams, values and displays in the format of nbformat", async () => {
  const [streams, value, nothing] = await saved([
    `console.log("a"); console.log("b"); console.error("c");`,
    `6 * 7`,
    `const hidden = 1;`,
  ]);
  deepStrictEqual(streams, [
    { output_type: "stream", name: "stdout", text: ["a\n", "b\n"] },
    { output_type: "stream", name: "stderr", text: ["c\n"] },
  ]);
  deepStrictEqual(value, [{
    data: { "text/plain": ["42"] },
    metadata: {},
    output_type: "execute_result",
    execution_count: 2,
  }]);
  deepStrictEqual(nothing, []);
});

Deno.test("runNotebook() keeps the last state of a display, also if a later cell updates it", async () => {
  const updates = `for (let i = 0; i < 20; i++) { ${
    SHOW("`${i}`", `display_id: "d", update: i > 0`)
  } }`;
  const [first, second] = await saved([updates, SHOW(`"later"`, `display_id: "d", update: true`)]);
  deepStrictEqual(first.map(({ data }) => data), [{ "text/plain": ["later"] }]);
  deepStrictEqual(second, []);
});

Deno.test("runNotebook() clears outputs at once, or when the next output comes", async () => {
  const clear = (wait: boolean) =>
    `await Deno.jupyter.broadcast("clear_output", { wait: ${wait} });`;
  const [atOnce, waiting] = await saved([
    `console.log("a"); ${clear(false)}`,
    `console.log("a"); ${clear(true)} console.log("b"); console.log("c");`,
  ]);
  deepStrictEqual(atOnce, []);
  strictEqual(printed(waiting), "b\nc\n");
});

Deno.test("runNotebook() writes counts, ids and a digest, and running again changes nothing", () =>
  withNotebook([`console.log("x")`, "  ", "1"], async (path) => {
    await runNotebook(path, OPTIONS);
    const text = await Deno.readTextFile(path);
    const notebook = await readNotebook(path);
    deepStrictEqual(
      notebook.cells.map(({ execution_count }) => execution_count),
      [undefined, 1, null, 2],
    );
    deepStrictEqual(notebook.metadata.ran, { preset: "smoke", digest: codeDigest(notebook) });
    await runNotebook(path, OPTIONS);
    strictEqual(await Deno.readTextFile(path), text);
  }));

Deno.test("runNotebook() stops at the first error, shows the cell and the error, and saves nothing", () =>
  withNotebook([
    "1",
    `// the culprit\nthrow new RangeError("too wide")`,
    `Deno.writeTextFileSync("ran", "")`,
  ], async (path) => {
    const before = await Deno.readTextFile(path);
    const error = await runNotebook(path, OPTIONS).catch((error) => error);
    ok(error instanceof CellError);
    strictEqual(error.cell, 2);
    ok(error.message.startsWith(`Cannot run ${path}: code cell 2 failed\n\n    // the culprit\n`));
    ok(error.message.includes("RangeError: too wide"));
    strictEqual(await Deno.readTextFile(path), before);
    deepStrictEqual([...Deno.readDirSync(path.replace("/small.ipynb", ""))].length, 1);
  }));

Deno.test("runNotebook() reports syntax errors and rejected promises", async () => {
  await rejects(
    saved(["const = 1"]),
    /code cell 1 failed[^]*const = 1\n\nSyntaxError: Unexpected token/,
  );
  await rejects(saved([`await Promise.reject(new Error("late"))`]), /late/);
});

Deno.test("runNotebook() goes on after an error in a cell tagged raises-exception", async () => {
  const [bad, good] = await saved([
    { source: `throw new Error("as expected")`, tags: ["raises-exception"] },
    `console.log("on")`,
  ]);
  strictEqual(bad.length, 1);
  strictEqual(bad[0].evalue, "as expected");
  strictEqual(printed(good), "on\n");
});

Deno.test("runNotebook() saves nothing of a cell tagged volatile", async () => {
  deepStrictEqual(
    await saved([{ source: "console.log(Date.now())", tags: ["volatile"] }]),
    [[]],
  );
});

Deno.test("runNotebook() names the cell that took too long, and the one that ended the kernel", async () => {
  const slow = { ...OPTIONS, timeout: 1 };
  await withNotebook(
    ["1", "for (;;);"],
    (path) => rejects(runNotebook(path, slow), /code cell 2 failed[^]*ran longer than 1 s/),
  );
  await rejects(saved(["1", "Deno.exit(0)"]), /code cell 2 failed[^]*the kernel has ended/);
});

Deno.test("runNotebook() without save does not change the file, and cells see the preset", () =>
  withNotebook([`console.log(Deno.env.get("BERT_PRESET"))`], async (path) => {
    const before = await Deno.readTextFile(path);
    const seen: [number, number][] = [];
    const notebook = await runNotebook(path, {
      ...OPTIONS,
      save: false,
      onCell: (cell, cells) => seen.push([cell, cells]),
    });
    strictEqual(printed(codeCells(notebook)[0].outputs), "smoke\n");
    deepStrictEqual(seen, [[1, 1]]);
    strictEqual(await Deno.readTextFile(path), before);
  }));

Deno.test("OutputRecorder appends to a stream only if no other output came between", () => {
  const recorder = new OutputRecorder(1);
  const stream = (name: string, text: string) =>
    recorder.add({ type: "stream", parent: "", content: { name, text } });
  stream("stdout", "a");
  stream("stdout", "b\n");
  recorder.add({ type: "display_data", parent: "", content: { data: { "text/plain": "x" } } });
  stream("stdout", "c");
  deepStrictEqual(recorder.outputs.map(({ text }) => text), [["ab\n"], undefined, ["c"]]);
});

Deno.test("SIGINT ends `deno task notebooks` and its kernel, and leaves no file", () =>
  withNotebook([
    `Deno.writeTextFileSync("pid", String(Deno.pid)); await new Promise((r) => setTimeout(r, 60_000))`,
  ], async (path) => {
    const folder = path.replace("/small.ipynb", "");
    await Deno.mkdir(`${folder}/notebooks`);
    await Deno.mkdir(`${folder}/temporary`);
    await Deno.rename(path, `${folder}/notebooks/00_small.ipynb`);
    const { pathname: cli } = new URL(import.meta.resolve("bert/cli/main.ts"));
    const program = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", cli, "notebooks"],
      cwd: folder,
      env: { TMPDIR: `${folder}/temporary` },
      stdout: "null",
      stderr: "null",
    }).spawn();
    const pid = await waitForPid(`${folder}/notebooks/pid`);
    ok(isRunning(pid));
    program.kill("SIGINT");
    strictEqual((await program.status).code, 130);
    for (let i = 0; i < 200 && isRunning(pid); i++) await sleep(50);
    strictEqual(isRunning(pid), false);
    deepStrictEqual([...Deno.readDirSync(`${folder}/temporary`)], []);
    const left = [...Deno.readDirSync(`${folder}/notebooks`)].map(({ name }) => name).sort();
    deepStrictEqual(left, ["00_small.ipynb", "pid"]);
  }));

async function waitForPid(file: string): Promise<number> {
  for (let i = 0; i < 400; i++) {
    const text = await Deno.readTextFile(file).catch(() => "");
    if (text) return Number(text);
    await sleep(50);
  }
  throw new Error("the kernel did not run its cell");
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
