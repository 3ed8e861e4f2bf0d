// deno-lint-ignore-file no-console -- a program: what it prints is its result
/**
 * Checks that everything the package exports is documented, as part of `deno task ok`.
 *
 * It runs `deno doc --lint` over the `exports` of `deno.json`. One kind of finding is left out: a
 * reference to a type of another package (TensorFlow.js, plotly.js), which that package documents.
 */

const { exports } = JSON.parse(await Deno.readTextFile("deno.json"));
const { code, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", "--quiet", ...Object.values<string>(exports)],
  env: { NO_COLOR: "1" },
  stdout: "null",
  stderr: "piped",
}).output();

const text = new TextDecoder().decode(stderr);
const findings = text.split(/^(?=error)/m).filter((part) => /^error\[/.test(part));
const referenced = /^error\[private-type-ref\].* references private type '(\w+)'/;
const own = await ownTypes();
const kept = findings.filter((finding) => {
  const type = referenced.exec(finding)?.[1];
  return type === undefined || own.has(type);
});

if (code !== 0 && findings.length === 0) console.error(text);
for (const finding of kept) console.error(finding.trimEnd() + "\n");
console.log(`${kept.length} exported things lack documentation`);
Deno.exit(kept.length > 0 || (code !== 0 && findings.length === 0) ? 1 : 0);

/** The names of all types, classes and constants that files of `lib/` declare. */
async function ownTypes(): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const file of filesBelow("lib")) {
    const source = await Deno.readTextFile(file);
    for (const [, name] of source.matchAll(/^(?:export )?(?:interface|type|class|const) (\w+)/gm)) {
      names.add(name);
    }
  }
  return names;
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(path);
    else if (path.endsWith(".ts")) yield path;
  }
}
