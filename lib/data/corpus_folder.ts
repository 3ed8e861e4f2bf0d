/** The text files of a folder and of the folders in it: links are followed, what is hidden is not text. */
import { FormatError } from "../errors.ts";
import { printable } from "../format.ts";
import type { TextFile } from "./rows.ts";

/**
 * The readable files in a folder, at any depth, in the order of their paths. Files are named by
 * their path from there.
 *
 * Links are followed, and each file is taken once, however many links lead to it. Names that begin
 * with a dot, which macOS's `._` files do too, and files of other kinds are left out.
 *
 * @param kinds What the names of readable files end with.
 * @param tell Told what is left out, in a sentence, if anything is.
 * @throws {FormatError} If a link with the name of a readable file is broken.
 */
export async function filesOf(
  folder: string,
  kinds: RegExp,
  tell: (what: string) => void,
): Promise<TextFile[]> {
  const listing = new Listing(kinds);
  await listing.add(folder, "", await Deno.realPath(folder));
  const leftOut = listing.leftOut();
  if (leftOut !== "") tell(`Left out of ${folder}: ${leftOut}`);
  return listing.files.sort((a, b) => a.name < b.name ? -1 : 1);
}

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

  /** What was not taken, and why; empty if everything was. */
  leftOut(): string {
    return [
      describe(this.#hidden, "hidden"),
      describe(this.#others, "of another kind"),
      describe(this.#repeated, "linked to again"),
    ].filter((part) => part !== "").join("; ");
  }

  /** Adds the files in a folder; `within` is its path from the first one, `real` where it lies. */
  async add(folder: string, within: string, real: string): Promise<void> {
    this.#seen.add(real);
    const entries = await Array.fromAsync(Deno.readDir(folder));
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

  /** Where a link leads; a readable file that is not there is an error, anything else is left out. */
  async #target({ path, name }: TextFile): Promise<string | undefined> {
    try {
      return await Deno.realPath(path);
    } catch (error) {
      if (this.#kinds.test(name)) {
        const problem = `expected a file, found a link that leads nowhere (${
          (error as Error).message
        })`;
        throw new FormatError(path, `${problem}: mend or remove it`);
      }
      this.#others.push(name);
    }
  }

  async #addEntry(entry: TextFile, real: string): Promise<void> {
    const { isFile, isDirectory } = await Deno.stat(real);
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

/** `2 hidden (.a.txt, .b.txt)`; of many names the first three. */
function describe(names: readonly string[], what: string): string {
  if (names.length === 0) return "";
  const rest = names.length > 3 ? ", …" : "";
  const shown = names.slice(0, 3).map((name) => printable(name).replaceAll("\n", "\\n"));
  return `${names.length} ${what} (${shown.join(", ")}${rest})`;
}
