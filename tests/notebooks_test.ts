import { deepStrictEqual, ok, strictEqual } from "node:assert";
import {
  type Cell,
  codeCells,
  codeDigest,
  readNotebook,
  sourceOf,
  TUTORIAL_NOTEBOOK,
} from "bert/cli/notebook_file.ts";
import { runCells } from "bert/cli/run_notebook.ts";
import { disposedFromElsewhere, solve, SOLVED, withSolutions } from "./support/exercises.ts";

const FOLDER = "notebooks";

/** A paper in a text, such as "Ba et al. 2016" or "Kingma and Ba (2015)". */
const CITATION = /(\p{Lu}[\p{L}-]+(?: et al\.| and \p{Lu}[\p{L}-]+)),? \(?(\d{4})\b/gu;

const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
  .filter((name) => TUTORIAL_NOTEBOOK.test(name)).sort();

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

Deno.test("links between the notebooks lead to existing notebooks", async () => {
  for (const name of names) {
    const text = await Deno.readTextFile(`${FOLDER}/${name}`);
    for (const [, target] of text.matchAll(/\]\((\d\d_\w+\.ipynb)\)/g)) {
      ok(names.includes(target), `${name} → ${target}`);
    }
    for (const [, number, target] of text.matchAll(/\[(?:[Nn]otebook )?(\d\d)\]\((\d\d)_/g)) {
      strictEqual(number, target, `${name}: [${number}](${target}_…)`);
    }
  }
});

for (const name of names) {
  const path = `${FOLDER}/${name}`;

  Deno.test(`${name} has the outputs of its present code, with all cells run in order`, async () => {
    const notebook = await readNotebook(path);
    const ran = notebook.metadata.ran as { preset: string; digest: string } | undefined;
    strictEqual(ran?.digest, codeDigest(notebook), "outputs are stale: deno task notebooks");
    strictEqual(ran?.preset, "tutorial");
    const counts = codeCells(notebook).map((cell) => cell.execution_count);
    deepStrictEqual(counts, counts.map((_, i) => i + 1));
    const outputs = codeCells(notebook).flatMap((cell) => cell.outputs ?? []);
    ok(outputs.every(({ output_type }) => output_type !== "error"));
  });

  Deno.test(`${name} begins with a title, a summary, what you need, how long it takes, what you will see, and its files of lib/`, async () => {
    const notebook = await readNotebook(path);
    const opening = sourceOf(notebook.cells[0]);
    for (
      const part of [
        /^# \S/,
        /^> \S/m,
        /\*\*You need\*\*/,
        /\*\*It takes\*\*/,
        /\*\*You will see\*\*/,
        /\*\*In the library\*\*/,
      ]
    ) {
      ok(part.test(opening), `${part} is missing`);
    }
    for (const [, file] of opening.matchAll(/`(lib\/[\w/]+\.ts)`/g)) {
      ok(await Deno.stat(file).catch(() => undefined), `${file} is not there`);
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
    for (const [, width] of text.matchAll(/<svg [^>]*?width=\\"(\d+)\\"/g)) {
      ok(Number(width) <= 760, `a picture of ${width} pixels: pages cut it off`);
    }
  });

  Deno.test(`${name} has a diagram, a formula (except the tour), small cells, and exercises "Why" and "Predict, then change"`, async () => {
    const { cells } = await readNotebook(path);
    const texts = textOf(cells);
    ok(cells.some(isDiagram), "no diagram whose code is folded away");
    ok(name.startsWith("00") || /\$\$[^$]+\$\$/.test(texts), "no formula");
    ok(/\*\*\d\. Why/.test(texts), 'no exercise "Why"');
    ok(/\*\*\d\. Predict, then change/.test(texts), 'no exercise "Predict, then change"');
    strictEqual(
      texts.match(/^\*\*\d\. /gm)?.length,
      texts.match(/<summary>Solution/g)?.length,
      "an exercise without a solution",
    );
    for (const cell of cells) {
      const lines = sourceOf(cell).split("\n").length;
      if (cell.cell_type === "code") ok(lines <= 36, `a cell of ${lines} lines`);
    }
  });

  Deno.test(`${name} keeps what a reader may go back to: no cell disposes of what another one made`, async () => {
    for (const cell of codeCells(await readNotebook(path))) {
      deepStrictEqual(disposedFromElsewhere(sourceOf(cell)), [], sourceOf(cell));
    }
  });

  Deno.test(`${name} gives the titles of all papers that it cites by two authors or more`, async () => {
    const text = textOf((await readNotebook(path)).cells).replace(/\s+/g, " ");
    const [, titles = ""] = text.match(/<summary>Papers cited here<\/summary>(.*?)<\/details>/) ??
      [];
    for (const [, authors, year] of text.matchAll(CITATION)) {
      ok(titles.includes(`**${authors} ${year}**: `), `no title of ${authors} ${year}`);
    }
  });

  Deno.test(`${name} prints counts above a thousand with a comma`, async () => {
    const outputs = codeCells(await readNotebook(path)).flatMap((cell) => cell.outputs ?? []);
    const printed = outputs.flatMap(({ text }) => text ?? []).join("");
    const [count] = printed.match(/\b\d{4,} (?:pieces|sentences|mails|to learn|tokens|random)/) ??
      [];
    strictEqual(count, undefined);
  });
}

/** The text of a notebook. */
function textOf(cells: readonly Cell[]): string {
  return cells.filter(({ cell_type }) => cell_type === "markdown").map(sourceOf).join("\n");
}

function isDiagram(cell: Cell): boolean {
  return cell.metadata.jupyter?.source_hidden === true &&
    /diagram\(|matrices\(/.test(sourceOf(cell));
}

Deno.test("solve() replaces the declaration of the exercise that the solution answers", () => {
  const exercise =
    "const a = 0; // your turn\nasync function f() {\n  return 1; // your turn\n}\nprint(a);";
  strictEqual(
    solve(exercise, "const a = 2;\n"),
    exercise.replace("const a = 0; // your turn", "const a = 2;\n"),
  );
  strictEqual(
    solve(exercise, "async function f() {\n  return 2;\n}\n"),
    "const a = 0; // your turn\nasync function f() {\n  return 2;\n}\n\nprint(a);",
  );
});

Deno.test("disposedFromElsewhere() names what the cell did not make", () => {
  deepStrictEqual(disposedFromElsewhere("model.dispose();\nstart.model?.dispose();"), [
    "model",
    "start",
  ]);
  const own = "const [mine, theirs] = two();\nlet a = new AdamW(mine.weights);\n";
  deepStrictEqual(disposedFromElsewhere(`${own}mine.dispose();\na.dispose();`), []);
});

/** Runs a notebook in its smallest size, and then each exercise once more, with its solution. */
async function runSmall(name: string): Promise<void> {
  const path = `${FOLDER}/${name}`;
  const { notebook, solved } = withSolutions(await readNotebook(path));
  await runCells(notebook, path, { preset: "smoke", timeout: 120 });
  for (const cell of solved) {
    if (!sourceOf(cell).includes("not yet") || cell.metadata.tags?.includes("needs-training")) {
      continue;
    }
    const printed = (cell.outputs ?? []).flatMap(({ text }) => text as string[] ?? []).join("");
    ok(SOLVED.test(printed), `${name}: the solution prints "${printed}"\n${sourceOf(cell)}`);
  }
}

/**
 * Two notebooks run at the same time. Their numbers differ by half of the number of notebooks, so
 * that none runs beside the one whose model it reads.
 */
const half = Math.ceil(names.length / 2);
for (const [i, name] of names.slice(0, half).entries()) {
  const pair = names.filter((other) => other === name || other === names[i + half]);

  Deno.test(`${pair.join(" and ")}: run from fresh kernels, preset smoke, and their solutions are right`, async () => {
    for (const run of await Promise.allSettled(pair.map(runSmall))) {
      if (run.status === "rejected") throw run.reason;
    }
  });
}
