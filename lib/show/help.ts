/** Explanations of the library's functions in a notebook: `help("nspData")`. */
import { checkArguments, TEXT } from "../checks.ts";
import { nearest } from "../nearest_name.ts";
import { type Declaration, readDeclarations } from "./declarations.ts";
import { PYTHON_NAMES } from "./python_names.ts";

/** An explanation in Markdown that a notebook displays as the value of a cell. */
export class Explanation {
  /** The explanation as Markdown. */
  readonly text: string;

  /** Makes an explanation from a text in Markdown. */
  constructor(text: string) {
    this.text = text;
  }

  /** The MIME bundle that Jupyter asks for. */
  bundle(): Record<string, unknown> {
    return { "text/markdown": this.text, "text/plain": this.text };
  }

  /** Is called by Jupyter if the explanation is the value of a cell. */
  [Symbol.for("Jupyter.display")](): Record<string, unknown> {
    return this.bundle();
  }
}

/**
 * Explains anything that the library exports: its signature, its options with their defaults, what it
 * throws, and an example. It is read from the doc comments in the source.
 *
 * @param name The name, as it is imported. Without one, all names are listed.
 * @throws {RangeError} If the library exports nothing with that name. For a well-known name of
 * transformers or PyTorch the message says what to look up here.
 * @throws {TypeError} If the name is not a text, or the library was loaded from a server, whose files
 * cannot be listed.
 *
 * @example
 * ```ts
 * import { help } from "bert/show/help.ts";
 * import { ok } from "node:assert";
 * ok(help("mlmData").text.includes("maskProbability"));
 * ```
 */
export function help(name?: string): Explanation {
  checkArguments("help(name)", [["name", name === undefined ? "" : name, TEXT]]);
  const all = readDeclarations();
  if (name === undefined) return new Explanation(contents(all));
  const found = all.filter((one) => one.name === name);
  if (found.length > 0) return new Explanation(explain(found, all));
  throw new RangeError(`The library exports nothing that is called "${name}": ${hint(name, all)}`);
}

/** Where to look instead of a name that the library does not have. */
function hint(name: string, all: readonly Declaration[]): string {
  const here = PYTHON_NAMES.get(name) ?? PYTHON_NAMES.get(name.split(".").at(-1)!);
  if (here) return `see ${here.map((one) => `help("${one}")`).join(" and ")}`;
  const near = nearest(name, all.map((one) => one.name));
  return near ? `did you mean "${near}"?` : "help() lists all names";
}

/** The list of all names, file by file. */
function contents(all: readonly Declaration[]): string {
  const files = [...new Set(all.map(({ file }) => file))];
  const lines = files.map((file) => {
    const names = all.filter((one) => one.file === file).map(({ name }) => `\`${name}\``);
    return `- **lib/${file}**: ${[...new Set(names)].join(", ")}`;
  });
  return ['Everything that can be imported; `help("nspData")` explains one.', "", ...lines].join(
    "\n",
  );
}

function explain(found: readonly Declaration[], all: readonly Declaration[]): string {
  const [{ name, file }] = found;
  const code = found.map(({ source }) => source).join("\n\n");
  const types = typesIn(code, all, found);
  const inner = types.flatMap(({ source }) => typesIn(partials(source), all, [...found, ...types]));
  const shown = [...types, ...inner.filter((one, i) => inner.indexOf(one) === i)];
  const words = [...found, ...shown].map(({ doc, source }) => doc + source).join("\n");
  const defaults = all.filter(({ kind, name }) =>
    kind === "const" && /^[A-Z_]+_DEFAULTS$/.test(name) && words.includes(`\`${name}\``)
  );
  return [
    `### \`${name}\``,
    `import { ${name} } from "bert/${file}"`.replace(/.*/, "```ts\n$&;\n```"),
    fenced(code),
    ...found.map(({ doc }) => docAsMarkdown(doc)).filter((doc) => doc !== ""),
    seeAlso(found, all),
    ...[...shown, ...defaults].map((type) =>
      `**\`${type.name}\`** ${firstParagraph(type.doc)}\n\n${fenced(type.source)}`
    ),
  ].filter((part) => part !== "").join("\n\n");
}

/** Links to other functions that a doc comment names, as it may refer to their examples and errors. */
function seeAlso(found: readonly Declaration[], all: readonly Declaration[]): string {
  const text = found.map(({ doc }) => doc.split("@example")[0]).join("\n");
  const names = new Set([...text.matchAll(/`(\w+)\(\)`/g)].map(([, name]) => name));
  names.delete(found[0].name);
  const known = [...names].filter((name) => all.some((one) => one.name === name));
  return known.length === 0
    ? ""
    : `See also ${known.map((name) => `\`help("${name}")\``).join(", ")}`;
}

/** The interfaces and types of the library that occur in some code. */
function typesIn(
  code: string,
  all: readonly Declaration[],
  without: readonly Declaration[],
): Declaration[] {
  const names = new Set(code.match(/\b[A-Z]\w+\b/g));
  return all.filter((one) =>
    (one.kind === "interface" || one.kind === "type") && names.has(one.name) &&
    !without.includes(one)
  );
}

/** The types in `Partial<…>`, which are options within options. */
function partials(source: string): string {
  return (source.match(/Partial<\w+>/g) ?? []).join(" ");
}

function fenced(code: string): string {
  return `\`\`\`ts\n${code}\n\`\`\``;
}

function firstParagraph(doc: string): string {
  return oneLine(doc.split("\n\n")[0]);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

/** A doc comment as Markdown, with headings and lists for its tags. */
function docAsMarkdown(doc: string): string {
  const [text, ...rest] = doc.split(/^@(?=\w)/m);
  const source = doc.match(/^Source: [^@]*?(?=\n\n|\n@|$(?![^]))/m)?.[0] ?? "";
  const tags = rest.map((tag) => tag.split(/^Source: /m)[0].trim());
  const lines = (tag: string, show: (rest: string) => string) =>
    tags.filter((one) => one.startsWith(`${tag} `) || one.startsWith(`${tag}\n`))
      .map((one) => show(one.slice(tag.length).trim()));
  const parameter = (rest: string) => `- ${oneLine(rest).replace(/^\S+/, "`$&`:")}`;
  const error = (rest: string) => `- ${oneLine(rest).replace(/^\{(.+?)\}/, "`$1`:")}`;
  const parts = [
    { title: "Parameters", lines: lines("param", parameter) },
    { title: "Gives", lines: lines("returns", (rest) => rest) },
    { title: "Throws", lines: lines("throws", error) },
    { title: "Example", lines: lines("example", (rest) => rest) },
  ];
  const shown = parts.filter(({ lines }) => lines.length > 0)
    .map(({ title, lines }) => `**${title}**\n\n${lines.join("\n")}`);
  return [text.split(/^Source: /m)[0].trim(), ...shown, source].filter((part) => part !== "").join(
    "\n\n",
  );
}
