/**
 * Every example of a doc comment in `lib/`, and of a README, runs. They share one process, so that
 * TensorFlow.js is loaded only once. Their types are checked by `deno check --doc` in `deno task ok`.
 */
import { ok } from "node:assert";

const ROOT = new URL("../", import.meta.url);
const FOLDERS = ["", "data/", "tests/"]; // searched without their subfolders; lib/ is searched with them
const NO_EXAMPLES = ["lib/backend/simd/kernels/"];

interface Example {
  readonly name: string;
  readonly code: string;
}

function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap((entry) => entry.isFile ? [`${folder}${entry.name}`] : []);
}

function filesBelow(folder: string): string[] {
  if (NO_EXAMPLES.includes(folder)) return [];
  const folders = [...Deno.readDirSync(new URL(folder, ROOT))].filter((entry) => entry.isDirectory);
  return [...filesOf(folder), ...folders.flatMap(({ name }) => filesBelow(`${folder}${name}/`))];
}

/** The texts of a file that can contain examples, and the line in which each begins. */
function documentation(path: string, text: string): { text: string; line: number }[] {
  if (path.endsWith(".md")) return [{ text, line: 1 }];
  return [...text.matchAll(/\/\*\*[^]*?\*\//g)].map((comment) => ({
    text: comment[0].replaceAll(/^ *\* ?/gm, ""),
    line: lineAt(text, comment.index),
  }));
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

function examplesOf(path: string): Example[] {
  const file = Deno.readTextFileSync(new URL(path, ROOT));
  return documentation(path, file).flatMap(({ text, line }) =>
    [...text.matchAll(/^```ts\n([^]*?)^```/gm)].map((block) => ({
      name: `${path}:${line + lineAt(text, block.index)}`,
      code: block[1],
    }))
  );
}

/** The code as the address of a module, in which the names of imported modules are resolved. */
function moduleOf(code: string): string {
  const resolved = code.replaceAll(
    /\b(from|import\()( ?)"([\w@][\w@./:-]*)"/g,
    (_, word, space, name) => `${word}${space}"${import.meta.resolve(name)}"`,
  );
  return `data:application/typescript,${encodeURIComponent(resolved)}`;
}

const paths = [...FOLDERS.flatMap(filesOf), ...filesBelow("lib/")]
  .filter((path) => path.endsWith(".ts") || path.endsWith(".md"));
const examples = paths.flatMap(examplesOf);

Deno.test("there are examples in the doc comments and in the READMEs", () => {
  ok(examples.some(({ name }) => name.startsWith("README.md")));
  ok(examples.filter(({ name }) => name.startsWith("lib/")).length > 150);
});

for (const { name, code } of examples) {
  Deno.test(`the example at ${name} runs`, async () => void await import(moduleOf(code)));
}
