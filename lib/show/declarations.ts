/** The exported declarations of the library's source files, with their doc comments. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** One exported declaration of a file. */
export interface Declaration {
  /** The name that is imported. */
  readonly name: string;
  /** The kind of declaration. */
  readonly kind: "function" | "class" | "const" | "interface" | "type";
  /** Path of the file within the library's folder, such as `data/nsp.ts`. */
  readonly file: string;
  /** The text of its doc comment; empty if it has none. */
  readonly doc: string;
  /**
   * Its signature. For types, and for constants of up to 40 lines, the whole declaration; for a class
   * its public members.
   */
  readonly source: string;
}

const EXPORT = /^export (?:async |abstract )?(function\*?|class|const|interface|type) (\w+)/;

/**
 * Reads all declarations that the files of the library export, in the order of the files' names.
 *
 * @param base A URL below which all `.ts` files are read; the library's own folder by default.
 * @throws {TypeError} If the library was not loaded from a disk, as the folders of a server cannot be
 * listed.
 */
export function readDeclarations(base = new URL("../", import.meta.url)): Declaration[] {
  if (base.protocol !== "file:") {
    throw new TypeError(`Cannot list the files of ${base}: read them with deno doc URL instead`);
  }
  const folder = fileURLToPath(base);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts") && !file.includes("simd/kernels/")).sort();
  return files.flatMap((file) => declarationsIn(readFileSync(`${folder}${file}`, "utf8"), file));
}

/**
 * Finds the exported declarations of one file.
 *
 * @param text Its source, formatted by `deno fmt`.
 * @param file Its path, for the field `file` of the declarations.
 */
export function declarationsIn(text: string, file: string): Declaration[] {
  const lines = text.split("\n");
  const found: Declaration[] = [];
  for (const [i, line] of lines.entries()) {
    const [, kind, name] = line.match(EXPORT) ?? [];
    if (name === undefined) continue;
    const doc = docAbove(lines, i);
    const plain = kind.replace("*", "") as Declaration["kind"];
    const whole = plain === "class" ? membersOf(lines, i) : headerOf(lines, i, plain);
    const long = plain === "const" && whole.split("\n").length > 40;
    const source = long ? `${line} …` : whole;
    found.push({ name, kind: plain, file, doc, source });
  }
  return found;
}

/** The doc comment that ends in the line before the line with index `at`; empty if there is none. */
function docAbove(lines: readonly string[], at: number): string {
  if (!lines[at - 1]?.trimEnd().endsWith("*/")) return "";
  let start = at - 1;
  while (start > 0 && !lines[start].trimStart().startsWith("/**")) start--;
  const comment = lines.slice(start, at).join("\n").trim();
  return comment.slice(3, -2).split("\n").map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n").trim();
}

/** The signature of the function that begins in line `at`, or the whole of another declaration. */
function headerOf(lines: readonly string[], at: number, kind: Declaration["kind"]): string {
  let open = 0;
  for (let i = at; i < lines.length; i++) {
    const line = withoutText(lines[i]);
    for (const char of line) {
      if ("([{<".includes(char)) open++;
      if (")]}>".includes(char)) open--;
    }
    const body = kind === "function" && line.endsWith("{") && open === 1;
    const ended = line.endsWith(";") && open === 0;
    const closed = kind === "interface" && line === "}";
    if (body || ended || closed) {
      return lines.slice(at, i + 1).join("\n").replace(/ \{$/, body ? "" : " {");
    }
  }
  return lines[at];
}

/** A line of code without comments, strings and arrows, as these may have unbalanced brackets. */
function withoutText(line: string): string {
  return line.replace(/\/\*\*.*\*\/|^\s*\*.*|^\s*\/\*\*.*|\/\/.*/, "").replaceAll(/"[^"]*"|=>/g, "")
    .trimEnd();
}

/** The head of a class and the signatures of its public members, each with its doc comment. */
function membersOf(lines: readonly string[], at: number): string {
  const members = [headerOf(lines, at, "function")];
  for (let i = at + 1; i < lines.length && lines[i] !== "}"; i++) {
    if (!/^ {2}(?!private|protected|override|readonly #)[a-z]/i.test(lines[i])) continue;
    const doc = docAbove(lines, i).split("\n\n")[0].replaceAll("\n", " ");
    const field = /^ {2}[^(]*;$/.test(lines[i]) || /^ {2}[^(]* = /.test(lines[i]);
    const header = field ? lines[i].replace(/ = .*/, ";") : headerOf(lines, i, "function");
    members.push(doc === "" ? header : `  /** ${doc} */\n${header}`);
  }
  return members.join("\n");
}
