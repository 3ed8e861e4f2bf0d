/**
 * The text files of a folder and of the folders in it. Links are followed, and hidden files are left
 * out.
 */
import { FormatError } from "../errors.ts";
import { saysMissing } from "../files/optional_file.ts";
import { readError, reading } from "../files/read.ts";
import { printable } from "../printable_text.ts";
import type { TextFile } from "./raw_document.ts";

/**
 * The readable files in a folder, at any depth, in the order of their paths. A file's name is its path
 * relative to the folder.
 *
 * Links are followed. Each file is read once, however many links point to it. Files whose names begin
 * with a dot (such as macOS's `._` files) and files of other kinds are left out.
 *
 * @param kinds Matches the names of readable files.
 * @param tell Is called with a sentence that says which files are left out, if there are any.
 * @throws {FormatError} If a link with the name of a readable file is broken, or the operating system
 * cannot read a folder.
 */
export async function filesOf(
  folder: string,
  kinds: RegExp,
  tell: (what: string) => void,
): Promise<TextFile[]> {
  const listing = new Listing(kinds);
  await listing.add(folder, "", await reading(folder, Deno.realPath(folder)));
  const leftOut = listing.leftOut();
  if (leftOut !== "") tell(`Left out of ${folder}: ${leftOut}`);
  return listing.files.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Collects the files of a folder. */
class Listing {
  readonly files: TextFile[] = [];
  readonly #kinds: RegExp;
  readonly #seen = new Set<string>(); // real paths of files and folders
  readonly #hidden: string[] = [];
  readonly #others: string[] = [];
  readonly #repeated: string[] = [];

  constructor(kinds: RegExp) {
    this.#kinds = kinds;
  }

  /** Which files were left out, and why; empty if none were. */
  leftOut(): string {
    return [
      describe(this.#hidden, "hidden"),
      describe(this.#others, "of another kind"),
      describe(this.#repeated, "linked to again"),
    ].filter((part) => part !== "").join("; ");
  }

  /**
   * Adds the files in a folder.
   *
   * @param within The path of the folder relative to the first one, with a slash at its end, or "".
   * @param real The real path of the folder, without links.
   */
  async add(folder: string, within: string, real: string): Promise<void> {
    this.#seen.add(real);
    const entries = await reading(folder, Array.fromAsync(Deno.readDir(folder)));
    entries.sort((a, b) => a.name < b.name ? -1 : 1);
    for (const { name, isSymlink } of entries) {
      const entry = { path: `${folder}/${name}`, name: within + name };
      if (name.startsWith(".")) this.#hidden.push(entry.name);
      else {
        const place = isSymlink ? await this.#target(entry) : `${real}/${name}`;
        if (place !== undefined) await this.#addEntry(entry, place);
      }
    }
  }

  /**
   * The real path to which a link leads. A broken link is an error if its name is that of a readable
   * file, and is left out otherwise.
   */
  async #target({ path, name }: TextFile): Promise<string | undefined> {
    try {
      return await Deno.realPath(path);
    } catch (error) {
      if (!this.#kinds.test(name)) return void this.#others.push(name);
      if (!saysMissing(error)) throw readError(error as Error, path);
      const problem = "expected a file, found a link that leads nowhere";
      throw new FormatError(path, `${problem}: mend or remove it`);
    }
  }

  /** Adds a file, or the files of a folder. */
  async #addEntry(entry: TextFile, real: string): Promise<void> {
    const { isFile, isDirectory } = await reading(real, Deno.stat(real));
    const readable = isFile && this.#kinds.test(entry.name);
    if (!isDirectory && !readable) this.#others.push(entry.name);
    else if (this.#seen.has(real)) this.#repeated.push(entry.name);
    else if (isDirectory) await this.add(entry.path, `${entry.name}/`, real);
    else {
      this.#seen.add(real);
      this.files.push(entry);
    }
  }
}

/** A text such as `2 hidden (.a.txt, .b.txt)`, with at most three names. */
function describe(names: readonly string[], what: string): string {
  if (names.length === 0) return "";
  const rest = names.length > 3 ? ", …" : "";
  const shown = names.slice(0, 3).map((name) => printable(name).replaceAll("\n", "\\n"));
  return `${names.length} ${what} (${shown.join(", ")}${rest})`;
}
