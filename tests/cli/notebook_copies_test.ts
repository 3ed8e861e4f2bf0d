// deno-lint-ignore-file camelcase -- the names of Jupyter's own format
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { join } from "node:path";
import { withoutSolutions } from "bert/cli/notebook_copies.ts";
import {
  type Cell,
  codeCells,
  codeDigest,
  type Notebook,
  notebookText,
  readNotebook,
  sourceOf,
} from "bert/cli/notebook_file.ts";
import { chooseNotebooks } from "bert/cli/tutorial_folder.ts";

const CLI = new URL(import.meta.resolve("bert/cli/main.ts")).pathname;

/** The cache of Deno, which would be below the home folder, for tasks that run in another one. */
const DENO_DIR = await denoFolder();

const SOLUTION = "<details><summary>Solution</summary>\n\nIt is **12**.\n\n</details>";

const ORIGINALS = ["00_first.ipynb", "01_second.ipynb"];

function markdown(source: string, attachments?: Record<string, unknown>): Cell {
  return { attachments, cell_type: "markdown", id: "text", metadata: {}, source };
}

function notebook(cells: Cell[]): Notebook {
  return { cells, metadata: { ran: { preset: "tutorial" } }, nbformat: 4, nbformat_minor: 5 };
}

/** A notebook with an exercise, its solution, and a code cell that shows a picture. */
function exercise(): Notebook {
  const picture = {
    data: { "image/svg+xml": ["<svg/>"] },
    metadata: {},
    output_type: "display_data",
  };
  const code: Cell = {
    cell_type: "code",
    execution_count: 1,
    id: "code",
    metadata: {},
    outputs: [picture],
    source: ["draw();"],
  };
  return notebook([
    markdown("See [01](01_second.ipynb) and [Results](../lib/RESULTS.md)."),
    code,
    markdown(`How many?\n\n${SOLUTION}`),
  ]);
}

function textsOf({ cells }: Notebook): string[] {
  return cells.map(sourceOf);
}

/** Makes a folder with two notebooks, as the root of a project, and a way to run tasks in it. */
async function withProject(
  use: (root: string, task: (...args: string[]) => ReturnType<typeof run>) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "copies-test-" });
  try {
    await Deno.mkdir(`${root}/notebooks`);
    for (const name of ORIGINALS) {
      await Deno.writeTextFile(`${root}/notebooks/${name}`, notebookText(exercise()));
    }
    await use(root, (...args) => run(root, args));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Runs a task, with this home folder; the programs in the folder `bin` are found, and no others. */
async function run(root: string, args: readonly string[]) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", CLI, ...args],
    cwd: root,
    env: { NO_COLOR: "1", PATH: `${root}/bin`, HOME: root, XDG_DATA_HOME: root, DENO_DIR },
  });
  const { code, stdout, stderr } = await command.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

async function denoFolder(): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] });
  return JSON.parse(new TextDecoder().decode((await command.output()).stdout)).denoDir;
}

function listed(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("withoutSolutions() removes solutions, leaves room for answers where there is no cell, and drops cells that held nothing else", () => {
  const papers = "<details><summary>Papers cited here</summary>\n\nA paper.\n\n</details>";
  const { cells } = withoutSolutions(
    notebook([
      markdown(`**1.** How many?\n\n${SOLUTION}\n\n**2.** Why?\n\n${SOLUTION}\n`),
      markdown(SOLUTION),
      markdown(`${SOLUTION}\n\n${papers}`),
      markdown("No exercise.\n"),
    ]),
    "..",
  );
  deepStrictEqual(cells.map(({ source }) => source), [
    "**1.** How many?\n\n_Your answer:_\n\n**2.** Why?\n\n_Your answer:_".match(/.*\n|.+$/g),
    papers.match(/.*\n|.+$/g),
    "No exercise.\n",
  ]);
});

Deno.test("withoutSolutions() keeps code, outputs, pictures in the text, and the metadata", () => {
  const original = exercise();
  const picture = markdown(`![it](attachment:it.png)\n\n${SOLUTION}`, { "it.png": {} });
  const copy = withoutSolutions({ ...original, cells: [...original.cells, picture] }, "..");
  deepStrictEqual(copy.cells[1], original.cells[1]);
  deepStrictEqual(copy.cells[3].attachments, { "it.png": {} });
  deepStrictEqual(copy.metadata, original.metadata);
});

Deno.test("withoutSolutions() leads links to copies, or to the same files as before", () => {
  const cases: [string, string][] = [
    ["[04](04_attention.ipynb)", "[04](04_attention.ipynb)"],
    ["[04](04_attention.ipynb#4.3-Scores)", "[04](04_attention.ipynb#4.3-Scores)"],
    ["[Results](../lib/RESULTS.md)", "[Results](../../lib/RESULTS.md)"],
    ["[`RESULTS`](../lib/RESULTS.md#seconds)", "[`RESULTS`](../../lib/RESULTS.md#seconds)"],
    ["![](play.png)", "![](../play.png)"],
    ['<img src="play.png">', '<img src="../play.png">'],
    ["![](attachment:play.png)", "![](attachment:play.png)"],
    ["[arXiv](https://arxiv.org/abs/1810.04805)", "[arXiv](https://arxiv.org/abs/1810.04805)"],
    ["[below](#exercises)", "[below](#exercises)"],
    ["`losses[0](x)`", "`losses[0](x)`"],
    ["```ts\nlosses[0](x);\n```", "```ts\nlosses[0](x);\n```"],
  ];
  const copy = withoutSolutions(notebook(cases.map(([text]) => markdown(text))), "..");
  deepStrictEqual(textsOf(copy), cases.map(([, expected]) => expected));
});

for (const name of chooseNotebooks([])) {
  Deno.test(`${name} without solutions has the same code, and its links to files lead to files`, async () => {
    const original = await readNotebook(`notebooks/${name}`);
    const copy = withoutSolutions(original, "..");
    strictEqual(codeDigest(copy), codeDigest(original));
    deepStrictEqual(codeCells(copy), codeCells(original));
    const text = textsOf(copy).join("\n");
    ok(!/summary>\s*Solution/.test(text));
    strictEqual(text.match(/<details/g)?.length, text.match(/<\/details/g)?.length);
    for (const [, target] of text.matchAll(/\]\((\.\.\/[^)#]+)/g)) {
      ok(await Deno.stat(join("notebooks/mine", target)).catch(() => undefined), target);
    }
  });
}

Deno.test("the task notebooks --without-solutions writes copies, of all or of some, and runs nothing", async () => {
  await withProject(async (root, task) => {
    const one = await task("notebooks", "--without-solutions", "notebooks/mine", "01");
    strictEqual(`${one.code} ${one.err}`, "0 ");
    strictEqual(one.out, "1 notebook without solutions in notebooks/mine\n");
    deepStrictEqual(listed(`${root}/notebooks/mine`), ["01_second.ipynb"]);
    const all = await task("notebooks", "--without-solutions", "notebooks/mine");
    strictEqual(all.out, "2 notebooks without solutions in notebooks/mine\n");
    for (const name of ORIGINALS) {
      const copy = await Deno.readTextFile(`${root}/notebooks/mine/${name}`);
      strictEqual(copy, notebookText(withoutSolutions(exercise(), "..")));
      const original = await Deno.readTextFile(`${root}/notebooks/${name}`);
      strictEqual(original, notebookText(exercise()));
    }
  });
});

Deno.test("the task notebooks --without-solutions replaces no other content without --replace, and then writes nothing", async () => {
  await withProject(async (root, task) => {
    const mine = `${root}/notebooks/mine`;
    await Deno.mkdir(mine);
    await Deno.writeTextFile(`${mine}/01_second.ipynb`, "my work");
    const { code, err } = await task("notebooks", "--without-solutions", "notebooks/mine");
    strictEqual(code, 1);
    strictEqual(
      err,
      'Invalid --without-solutions = "notebooks/mine": it holds 01_second.ipynb with other content, ' +
        "perhaps somebody's work: choose another folder, such as notebooks/mine/new, or add --replace " +
        "to replace it\n",
    );
    deepStrictEqual(listed(mine), ["01_second.ipynb"]);
    strictEqual(await Deno.readTextFile(`${mine}/01_second.ipynb`), "my work");
    strictEqual((await task("notebooks", "--without-solutions", "notebooks/mine", "00")).code, 0);
    strictEqual(await Deno.readTextFile(`${mine}/01_second.ipynb`), "my work");
    const forced = await task("notebooks", "--without-solutions", "notebooks/mine", "--replace");
    strictEqual(forced.code, 0, forced.err);
    ok((await Deno.readTextFile(`${mine}/01_second.ipynb`)).startsWith("{"));
  });
});

Deno.test("the task notebooks --without-solutions refuses folders and options that cannot work", async () => {
  await withProject(async (root, task) => {
    await Deno.symlink(`${root}/notebooks`, `${root}/same`, { type: "dir" });
    const elsewhere = await Deno.makeTempDir();
    await Deno.symlink(elsewhere, `${root}/away`, { type: "dir" });
    await Deno.writeTextFile(`${root}/file`, "");
    const cases: [string[], RegExp][] = [
      [
        ["--without-solutions", "notebooks"],
        /must be another folder than that of the originals: try/,
      ],
      [["--without-solutions", "same", "--replace"], /must be another folder than that/],
      [["--without-solutions", ".."], /must be a folder of this project, whose library/],
      [["--without-solutions", "../x"], /must be a folder of this project, whose library/],
      [["--without-solutions", "away"], /must be a folder of this project, whose library/],
      [["--without-solutions", "away/new"], /must be a folder of this project, whose library/],
      [
        ["--without-solutions", "01"],
        /must be a folder, with .* --without-solutions notebooks\/mine 01/,
      ],
      [
        ["--without-solutions", "01_second.ipynb"],
        /must be a folder, with the notebooks behind it/,
      ],
      [["--without-solutions", "file/new"], /Cannot write .*file/],
      [["--without-solutions", "file"], /Cannot write .*file/],
      [["--without-solutions"], /must be followed by a value/],
      [["--without-solutions", "a", "07"], /Invalid notebook = "07"/],
      [["--without-solutions", "a", "--check"], /Invalid --check = true: .* nothing is run/],
      [["--without-solutions", "a", "--preset", "smoke"], /Invalid --preset = "smoke"/],
      [["--without-solutions", "a", "--timeout", "9"], /Invalid --timeout = "9"/],
      [["--replace"], /Invalid --replace = true: it is for --without-solutions/],
    ];
    for (const [args, message] of cases) {
      const { code, err } = await task("notebooks", ...args);
      strictEqual(code, 1, args.join(" "));
      ok(message.test(err), err);
      ok(!/\n {4}at /.test(err), err);
    }
    for (const name of ORIGINALS) {
      const original = await Deno.readTextFile(`${root}/notebooks/${name}`);
      strictEqual(original, notebookText(exercise()));
    }
    deepStrictEqual([...Deno.readDirSync(elsewhere)], []);
    await Deno.remove(elsewhere);
  });
});

Deno.test({
  name:
    "the task lab trusts copies as the tutorial writes them, and no other notebook of that name",
  ignore: Deno.build.os === "windows", // the program that stands for Jupyter is a script
  fn: async () => {
    await withProject(async (root, task) => {
      await Deno.mkdir(`${root}/bin`);
      const jupyter = `#!/bin/sh\necho "$@" >> "${root}/calls"\n`;
      await Deno.writeTextFile(`${root}/bin/jupyter`, jupyter, { mode: 0o755 });
      const trusted = async () => {
        const { code, err } = await task("lab");
        strictEqual(code, 0, err);
        const calls = (await Deno.readTextFile(`${root}/calls`)).split("\n");
        await Deno.remove(`${root}/calls`);
        return calls.filter((call) => call.startsWith("trust ")).join("\n");
      };
      const originals = "trust notebooks/00_first.ipynb notebooks/01_second.ipynb";
      strictEqual(await trusted(), originals);

      await task("notebooks", "--without-solutions", "notebooks/mine");
      await task("notebooks", "--without-solutions", "notebooks/mine/new", "01");
      const mine = `${root}/notebooks/mine`;
      const stranger = (await Deno.readTextFile(`${mine}/00_first.ipynb`))
        .replace("<svg/>", "<svg onload='steal()'/>");
      await Deno.writeTextFile(`${mine}/00_first.ipynb`, stranger);
      await Deno.copyFile(`${mine}/01_second.ipynb`, `${mine}/02_third.ipynb`);
      strictEqual(
        await trusted(),
        `${originals} notebooks/mine/01_second.ipynb notebooks/mine/new/01_second.ipynb`,
      );
    });
  },
});
