/**
 * The rooms of `lib/` and what each may import, as `lib/README.md` explains them. The test walks all
 * of `lib/`, so a new file needs no entry here; a new folder does.
 */
import { deepStrictEqual, ok } from "node:assert";
import { dirname, join, normalize } from "node:path/posix";

/** The other folders from which each folder may import; `""` stands for the files right in `lib/`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "": [],
  files: [""],
  tokenizer: ["", "files"],
  data: ["", "files", "tokenizer"],
  store: ["", "files", "tokenizer", "data"],
  backend: [""],
  model: ["", "files", "tokenizer", "backend"],
  team: [""],
  training: ["", "files", "tokenizer", "data", "backend", "model", "team"],
  use: ["", "files", "tokenizer", "data", "backend", "model", "training"],
  runs: ["", "files", "tokenizer", "data", "store", "model", "training", "use", "team"],
  show: ["", "files", "tokenizer", "data", "training", "runs"],
  web: ["", "files", "tokenizer", "data", "backend", "model", "training", "use", "runs", "show"],
  cli: [
    "",
    "files",
    "tokenizer",
    "data",
    "store",
    "backend",
    "model",
    "training",
    "use",
    "runs",
    "show",
    "web",
    "team",
  ],
};

/** The folders that work on text alone and never load TensorFlow.js. */
const WITHOUT_TFJS = ["", "files", "tokenizer", "data", "store", "team"];

const IMPORT =
  /^(?:import|export)\b[^"';]*?from\s+"([^"]+)"|\bimport\(\s*"([^"]+)"|^import\s+"([^"]+)"/gm;

interface Source {
  readonly path: string;
  readonly code: string;
  /** Every module that the file imports or exports from, types included, as written. */
  readonly specifiers: readonly string[];
  /** Those of the specifiers that are files of this project, as paths from its root. */
  readonly local: readonly string[];
}

/** The paths of all TypeScript files of `lib/`, without the kernels, which are AssemblyScript. */
async function* paths(folder = "lib"): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && name !== "kernels") yield* paths(`${folder}/${name}`);
    else if (/(?<!\.d)\.ts$/.test(name)) yield `${folder}/${name}`;
  }
}

async function read(path: string): Promise<Source> {
  const code = (await Deno.readTextFile(path)).replaceAll(/^\s*\/\*[\s\S]*?\*\//gm, "");
  const specifiers = [...code.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3]);
  const local = specifiers.filter((one) => one.startsWith("."))
    .map((one) => normalize(join(dirname(path), one)));
  return { path, code, specifiers, local };
}

const sources = await Promise.all((await Array.fromAsync(paths())).sort().map(read));

function folderOf(path: string): string {
  const [, folder, rest] = path.split("/");
  return rest === undefined ? "" : folder;
}

Deno.test("every folder of lib/ is a room with a rule", () => {
  const folders = new Set(sources.map(({ path }) => folderOf(path)));
  deepStrictEqual([...folders].sort(), Object.keys(MAY_IMPORT).sort());
});

Deno.test("a folder imports only from the folders that its rule names", () => {
  const wrong: string[] = [];
  for (const { path, local } of sources) {
    const from = folderOf(path);
    for (const target of local) {
      const to = folderOf(target);
      if (from !== to && !MAY_IMPORT[from].includes(to)) wrong.push(`${path} -> ${target}`);
    }
  }
  deepStrictEqual(wrong, []);
});

Deno.test("no imports form a circle, imports of types included", () => {
  const imports = new Map(sources.map(({ path, local }) => [path, local]));
  const done = new Set<string>();
  const open = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string): void => {
    if (done.has(path)) return;
    open.add(path);
    for (const next of imports.get(path) ?? []) {
      if (open.has(next)) circles.push(`${path} -> ${next}`);
      else visit(next);
    }
    open.delete(path);
    done.add(path);
  };
  for (const { path } of sources) visit(path);
  deepStrictEqual(circles, []);
});

Deno.test("files that read, split and mask text do not load TensorFlow.js", () => {
  const wrong = sources.filter(({ path, specifiers }) =>
    WITHOUT_TFJS.includes(folderOf(path)) && specifiers.some((one) => one.startsWith("@tensorflow"))
  );
  deepStrictEqual(wrong.map(({ path }) => path), []);
});

Deno.test("every import inside lib/ is relative, so that the library runs without an import map", () => {
  const wrong = sources.filter(({ specifiers }) =>
    specifiers.some((one) => one.startsWith("bert/"))
  );
  deepStrictEqual(wrong.map(({ path }) => path), []);
});

Deno.test("random numbers come from an argument and never from Math.random(), and no text is run as code", () => {
  const wrong = sources.filter(({ code }) =>
    /Math\.random|tf\.random|\beval\(|new Function/.test(
      code.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, ""),
    )
  );
  deepStrictEqual(wrong.map(({ path }) => path), []);
});

Deno.test("no file of lib/ has more than 370 lines", async () => {
  for (const { path } of sources) {
    const lines = (await Deno.readTextFile(path)).split("\n").length;
    ok(lines <= 370, `${path} has ${lines} lines`);
  }
});
