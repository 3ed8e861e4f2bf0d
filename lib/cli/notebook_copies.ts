/** Copies of the tutorial's notebooks without the solutions of the exercises. */
import { basename, dirname, isAbsolute, relative, resolve } from "node:path";
import { join } from "node:path/posix";
import { ConfigError } from "../errors.ts";
import { isSystemError, replaceFileSync, writeError } from "../files/write.ts";
import {
  type Cell,
  linesOf,
  type Notebook,
  notebookText,
  readNotebook,
  sourceOf,
  TUTORIAL_NOTEBOOK,
} from "./notebook_file.ts";
import { chooseNotebooks, FOLDER, OWN } from "./tutorial_folder.ts";

const OPTION = "--without-solutions";

const SOLUTION = /<details>\s*<summary>Solution[^]*?<\/details>\n*/g;

/** What stands in the place of a solution whose exercise has no cell of its own to answer in. */
const ANSWER = "_Your answer:_\n\n";

/** Code, which has no links, or the beginning of a link with its target up to "#". */
const CODE_OR_LINK = /```[^]*?```|`[^`\n]*`|(\]\(|\b(?:src|href)=")([^\s()"#:]+)(?=[)"#])/g;

/**
 * Writes copies of these notebooks without solutions into a folder. Outputs are kept, links to other
 * notebooks lead to their copies, and links to other files lead to the same files as before.
 *
 * @param options With `replace`, files of the same names may have other content, which is lost.
 * @throws {ConfigError} If the folder cannot take them, or holds other content under these names. Then
 * nothing is written.
 */
export async function writeCopies(
  names: readonly string[],
  folder: string,
  { replace }: { replace: boolean },
): Promise<void> {
  checkFolder(folder);
  const texts = new Map<string, string>();
  const others: string[] = [];
  for (const name of names) {
    const [text, found] = [await copyText(name, folder), await textAt(`${folder}/${name}`)];
    if (text === found) continue;
    texts.set(name, text);
    if (found !== undefined) others.push(name);
  }
  if (!replace) checkNoOthers(folder, others);
  for (const [name, text] of texts) replaceFileSync(`${folder}/${name}`, text);
}

/**
 * Lists the files in `notebooks/mine` and in the folders right in it that are, to the last character,
 * what `writeCopies()` would write there now. All that they show comes from the tutorial.
 */
export async function exactCopies(): Promise<string[]> {
  const found: string[] = [];
  for (const folder of [OWN, ...await foldersIn(OWN)]) {
    for (const name of chooseNotebooks([])) {
      if (await isExactCopy(name, folder)) found.push(`${folder}/${name}`);
    }
  }
  return found;
}

async function isExactCopy(name: string, folder: string): Promise<boolean> {
  try {
    const text = await Deno.readTextFile(`${folder}/${name}`);
    return text === await copyText(name, folder);
  } catch {
    return false; // there is none, or the original cannot be read
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => `${folder}/${name}`);
}

/** The text of a notebook's file in this folder, without solutions. */
async function copyText(name: string, folder: string): Promise<string> {
  const notebook = await readNotebook(`${FOLDER}/${name}`);
  const toOriginals = relative(folder, FOLDER).replaceAll("\\", "/");
  return notebookText(withoutSolutions(notebook, toOriginals));
}

/**
 * Returns a notebook without the solutions of its exercises. Cells that hold nothing else are left out.
 *
 * @param toOriginals The path to the folder of the notebook from where the result will be, for links to
 * other files than notebooks.
 */
export function withoutSolutions(notebook: Notebook, toOriginals: string): Notebook {
  const cells = notebook.cells.map((cell) => {
    if (cell.cell_type !== "markdown") return cell;
    return withText(cell, relinked(unsolved(sourceOf(cell)), toOriginals));
  });
  return { ...notebook, cells: cells.filter((cell) => cell !== undefined) };
}

function withText(cell: Cell, text: string): Cell | undefined {
  if (text === sourceOf(cell)) return cell;
  return text === "" ? undefined : { ...cell, source: linesOf(text) };
}

/** The text without solutions. One at the beginning belongs to the code cell before. */
function unsolved(text: string): string {
  const rest = text.replaceAll(SOLUTION, (_, at: number) => at === 0 ? "" : ANSWER);
  return rest === text ? text : rest.trimEnd();
}

function relinked(text: string, toOriginals: string): string {
  return text.replaceAll(CODE_OR_LINK, (all, before?: string, target = "") => {
    if (before === undefined || target.startsWith("/") || TUTORIAL_NOTEBOOK.test(target)) {
      return all;
    }
    return before + join(toOriginals, target);
  });
}

/** Makes the folder and checks that it is in the project, where the copies find the library. */
function checkFolder(folder: string): void {
  if (chooseNotebooks([]).some((name) => name.startsWith(folder))) {
    const advice =
      `must be a folder, with the notebooks behind it, as in ${OPTION} ${OWN} ${folder}`;
    throw new ConfigError(OPTION, folder, advice);
  }
  const fromRoot = relative(Deno.realPathSync("."), realPath(resolve(folder)));
  if (isAbsolute(fromRoot) || /^\.\.(?![^\\/])/.test(fromRoot)) {
    const advice = `must be a folder of this project, whose library the cells use: try ${OWN}`;
    throw new ConfigError(OPTION, folder, advice);
  }
  try {
    Deno.mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw isSystemError(error) ? writeError(error, folder) : error;
  }
  if (Deno.realPathSync(folder) === Deno.realPathSync(FOLDER)) {
    throw new ConfigError(
      OPTION,
      folder,
      `must be another folder than that of the originals: try ${OWN}`,
    );
  }
}

/** Where a path leads that need not be there yet. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return resolve(realPath(dirname(path)), basename(path));
    }
    throw isSystemError(error) ? writeError(error, path) : error;
  }
}

/** The text of a file; undefined if there is none. */
async function textAt(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw isSystemError(error) ? writeError(error, path) : error;
  }
}

function checkNoOthers(folder: string, others: readonly string[]): void {
  if (others.length === 0) return;
  const them = others.length === 1 ? "it" : "them";
  throw new ConfigError(
    OPTION,
    folder,
    `holds ${
      others.join(", ")
    } with other content, perhaps somebody's work: choose another folder, ` +
      `such as ${OWN}/new, or add --replace to replace ${them}`,
  );
}
