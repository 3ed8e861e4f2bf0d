// deno-lint-ignore-file camelcase -- the names of Jupyter's own format
import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { type Cell, type Notebook, readNotebook, writeNotebook } from "bert/cli/notebook_file.ts";
import { copyWithoutSolutions, withoutSolutions } from "bert/cli/without_solutions.ts";

const CODE: Cell = { id: "b", cell_type: "code", source: "1; // Solution", metadata: {} };

function notebookOf(markdown: string | string[]): Notebook {
  const text: Cell = { id: "a", cell_type: "markdown", source: markdown, metadata: {} };
  return { cells: [text, CODE], metadata: {}, nbformat: 4, nbformat_minor: 5 };
}

const EXERCISES = [
  "**1.** One?\n",
  "\n<details><summary>Solution</summary>\n\nYes.\n\n</details>\n\n",
  "**2.** Two?\n\n<details><summary>Solution</summary>\n\nNo.\n\n</details>\n\n",
  "<details><summary>Papers</summary>\n\nA paper.\n\n</details>\n",
];
const QUESTIONS =
  "**1.** One?\n\n**2.** Two?\n\n<details><summary>Papers</summary>\n\nA paper.\n\n</details>\n";

Deno.test("withoutSolutions() takes out all solutions, and nothing else", () => {
  deepStrictEqual(withoutSolutions(notebookOf(EXERCISES)), notebookOf(QUESTIONS));
});

Deno.test("copyWithoutSolutions() writes the notebooks of that name, and replaces none", async () => {
  const folder = await Deno.makeTempDir();
  for (const name of ["00_a.ipynb", "01_b.ipynb"]) {
    writeNotebook(`${folder}/${name}`, notebookOf(EXERCISES));
  }
  await copyWithoutSolutions(folder, `${folder}/mine`, ["01_b.ipynb"]);
  deepStrictEqual(await readNotebook(`${folder}/mine/01_b.ipynb`), notebookOf(QUESTIONS));
  await rejects(copyWithoutSolutions(folder, `${folder}/mine`, ["00_a.ipynb", "01_b.ipynb"]), {
    name: "ConfigError",
    message: /01_b\.ipynb": it is there already: delete it first/,
  });
  strictEqual([...Deno.readDirSync(`${folder}/mine`)].length, 1);
  await Deno.remove(folder, { recursive: true });
});
