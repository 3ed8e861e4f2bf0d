import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { codeCells, codeDigest, readNotebook, sourceOf } from "bert/cli/notebook_file.ts";
import { runNotebook } from "bert/cli/run_notebook.ts";

const FOLDER = "notebooks";
const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
  .filter((name) => name.endsWith(".ipynb")).sort();

Deno.test("the notebooks are numbered from 00 without a gap", () => {
  const numbers = names.map((_, i) => `${i}`.padStart(2, "0"));
  deepStrictEqual(names.map((name) => name.slice(0, 2)), numbers);
});

Deno.test("the code cells of every notebook pass the type-check", async () => {
  const folder = await Deno.makeTempDir({ prefix: "notebooks-check-" });
  try {
    const files = names.map((name) => `${folder}/${name.replace("ipynb", "ts")}`);
    for (const [i, name] of names.entries()) {
      const cells = codeCells(await readNotebook(`${FOLDER}/${name}`)).map(sourceOf);
      await Deno.writeTextFile(files[i], `${cells.join("\n;\n")}\nexport {};\n`);
    }
    const command = new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", "deno.json", ...files],
      env: { NO_COLOR: "1" },
    });
    const { code, stderr } = await command.output();
    strictEqual(code, 0, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const name of names) {
  const path = `${FOLDER}/${name}`;

  Deno.test(`${name} has the outputs of the code it has, all cells run in order`, async () => {
    const notebook = await readNotebook(path);
    const ran = notebook.metadata.ran as { preset: string; digest: string } | undefined;
    strictEqual(ran?.digest, codeDigest(notebook), "outputs are stale: deno task notebooks");
    strictEqual(ran?.preset, "tutorial");
    const counts = codeCells(notebook).map((cell) => cell.execution_count);
    deepStrictEqual(counts, counts.map((_, i) => i + 1));
    const outputs = codeCells(notebook).flatMap((cell) => cell.outputs ?? []);
    ok(outputs.every(({ output_type }) => output_type !== "error"));
  });

  Deno.test(`${name} opens with a title, a promise, and what you need, how long, what you see`, async () => {
    const notebook = await readNotebook(path);
    const opening = sourceOf(notebook.cells[0]);
    for (
      const part of [
        /^# \S/,
        /^> \S/m,
        /\*\*You need\*\*/,
        /\*\*It takes\*\*/,
        /\*\*You will see\*\*/,
      ]
    ) {
      ok(part.test(opening), `${part} is missing`);
    }
    strictEqual(
      notebook.metadata.kernelspec && (notebook.metadata.kernelspec as { name: string }).name,
      "deno",
    );
  });

  Deno.test(`${name} shows a picture, names no path of a machine, and is small`, async () => {
    const text = await Deno.readTextFile(path);
    ok(/image\/svg\+xml|text\/html/.test(text), "no picture");
    ok(!/\/(home|root|Users|tmp|work)\//.test(text), "a path of a machine");
    ok(text.length < 500_000, `${text.length} characters`);
  });
}

/** Two at a time, half of all apart, so that none runs beside the one whose model it reads. */
const half = Math.ceil(names.length / 2);
for (const [i, name] of names.slice(0, half).entries()) {
  const pair = names.filter((other) => other === name || other === names[i + half]);

  Deno.test(`${pair.join(" and ")}: run from fresh kernels, preset smoke`, async () => {
    const options = { preset: "smoke", save: false, timeout: 120 } as const;
    const runs = pair.map((notebook) => runNotebook(`${FOLDER}/${notebook}`, options));
    for (const run of await Promise.allSettled(runs)) {
      if (run.status === "rejected") throw run.reason;
    }
  });
}
