import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { declarationsIn, readDeclarations } from "bert/show/declarations.ts";

const FILE = `/** About the file. */
import { x } from "./x.ts";

/** Not exported. */
function hidden(): void {}

/**
 * Doubles a number.
 *
 * @param value The number.
 */
export function double(value: number, { times = 2 }: { times?: number } = {}): { result: number } {
  return { result: value * times };
}

/** Options. */
export interface Options {
  /** How often; "{" is no bracket. Default 2. */
  readonly times?: number;
}

/** A counter. */
export class Counter {
  readonly #count = 0;
  /** What it began with. */
  readonly start = 0;

  /** Counts on. */
  next(): number {
    return this.#count + x;
  }

  #secret(): void {}
}

export const LIST: readonly string[] = [
  "a",
];
`;

Deno.test("declarationsIn() finds each exported declaration with its doc comment and its signature", () => {
  const found = declarationsIn(FILE, "data/it.ts");
  deepStrictEqual(found.map(({ name, kind }) => `${kind} ${name}`), [
    "function double",
    "interface Options",
    "class Counter",
    "const LIST",
  ]);
  const [double, options, counter, list] = found;
  strictEqual(double.doc, "Doubles a number.\n\n@param value The number.");
  ok(double.source.endsWith("= {}): { result: number }"), "the body must be left out");
  ok(options.source.endsWith("readonly times?: number;\n}"));
  strictEqual(
    counter.source,
    "export class Counter\n  /** What it began with. */\n  readonly start;\n" +
      "  /** Counts on. */\n  next(): number",
  );
  strictEqual(list.source, 'export const LIST: readonly string[] = [\n  "a",\n];');
});

Deno.test("readDeclarations() reads every function that the package exports, with a signature", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile("deno.json"));
  const all = readDeclarations();
  for (const path of Object.values<string>(exports)) {
    if (path.endsWith("csv.ts")) continue; // names of another package
    const module = await import(`../../${path.replace("./", "")}`);
    for (const name of Object.keys(module)) {
      // a file may export what another file declares
      const files = all.filter((found) => found.name === name);
      const homes = await Promise.all(files.map(({ file }) => import(`../../lib/${file}`)));
      const one = files.find((_, i) => homes[i][name] === module[name]);
      ok(one, `${name} of ${path}`);
      ok(one.source.includes(name) && one.source.split("\n").length < 60, one.source);
    }
  }
});

Deno.test("readDeclarations() refuses the URL of a server, and says what to do instead", () => {
  throws(() => readDeclarations(new URL("https://example.org/lib/")), {
    name: "TypeError",
    message:
      "Cannot list the files of https://example.org/lib/: read them with deno doc URL instead",
  });
});
