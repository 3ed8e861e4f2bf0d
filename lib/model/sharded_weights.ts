/**
 * The weights in a model's folder in the format of transformers: one file, or several with an index.
 * Values are read one tensor at a time.
 */
import { FormatError } from "../errors.ts";
import { missingFile } from "../files/foreign_formats.ts";
import { isRecord, readJsonIfThere } from "../files/json.ts";
import { isThere } from "../files/optional_file.ts";
import { savedPath } from "../files/save_folder.ts";
import { canonicalName, prefixOf, TIED } from "./transformers_names.ts";
import { SafetensorsFile } from "../files/safetensors_file.ts";

/** The file of the weights, unless they are stored in several files. */
export const WEIGHTS_FILE = "model.safetensors";
const INDEX_FILE = "model.safetensors.index.json";

/** One tensor of the folder. */
interface Stored {
  readonly file: SafetensorsFile;
  /** Its name in the file. */
  readonly name: string;
}

/**
 * All tensors of a folder, by their present names. The caller disposes of it, which closes the files.
 *
 * @example
 * ```ts
 * import { writeSafetensors } from "bert/files/safetensors.ts";
 * import { StoredWeights } from "bert/model/sharded_weights.ts";
 * import { deepStrictEqual } from "node:assert";
 * const folder = await Deno.makeTempDir();
 * const gamma = { shape: [2], data: Float32Array.of(1, 1) };
 * const bytes = writeSafetensors(new Map([["embeddings.LayerNorm.gamma", gamma]])); // an older name
 * await Deno.writeFile(`${folder}/model.safetensors`, bytes);
 * using stored = await StoredWeights.open(folder);
 * deepStrictEqual(stored.shapeOf("bert.embeddings.LayerNorm.weight"), [2]);
 * ```
 */
export class StoredWeights implements Disposable {
  readonly #tensors = new Map<string, Stored>();
  readonly #files: SafetensorsFile[] = [];
  readonly #found: Stored[] = [];
  #prefix = "";

  private constructor() {}

  /**
   * Opens a folder.
   *
   * @throws {FormatError} If there are no weights, a file or the index cannot be read, or a weight
   * is there under two names.
   */
  static async open(folder: string): Promise<StoredWeights> {
    const stored = new StoredWeights();
    try {
      const path = await savedPath(folder, WEIGHTS_FILE);
      if (await isThere(path)) await stored.#add(path);
      else await stored.#addShards(folder);
      stored.#nameAll();
      for (const [copy, original] of Object.entries(TIED)) stored.#fillFrom(copy, original);
      return stored;
    } catch (error) {
      stored[Symbol.dispose]();
      throw error;
    }
  }

  /** The names of all tensors except buffers. */
  get names(): readonly string[] {
    return [...this.#tensors.keys()];
  }

  /** A prefix of all names that another program has added, such as `module.`; or `""`. */
  get prefix(): string {
    return this.#prefix;
  }

  /** Whether there is a tensor of this name. */
  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** The file that a tensor is in, for error messages. */
  fileOf(name: string): string {
    return this.#find(name).file.path;
  }

  /** The shape of a tensor in its file. Throws `FormatError` if there is none of this name. */
  shapeOf(name: string): readonly number[] {
    const { file, name: own } = this.#find(name);
    return file.header.tensors.get(own)!.shape;
  }

  /** Reads the values of a tensor. Throws `FormatError` if they are not floats. */
  read(name: string): Float32Array {
    const { file, name: own } = this.#find(name);
    const { data } = file.read(own);
    if (data instanceof Float32Array) return data;
    throw new FormatError(file.path, `expected weight "${own}" as floats, found I32`);
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    for (const file of this.#files) file[Symbol.dispose]();
  }

  /** Makes a tied weight known under its first name if it is only stored under its second one. */
  #fillFrom(copy: string, original: string): void {
    const found = this.#tensors.get(copy);
    if (found && !this.#tensors.has(original)) this.#tensors.set(original, found);
  }

  /** The tensor of this name. Throws `FormatError` if there is none. */
  #find(name: string): Stored {
    const found = this.#tensors.get(name);
    if (found) return found;
    const names = this.#found.map((one) => one.name);
    const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
    const there = names.length === 0 ? "" : `; it has ${names.slice(0, 3).join(", ")}${more}`;
    throw new FormatError(this.#files[0].path, `expected a weight "${name}", found none${there}`);
  }

  /** Opens a file and lists its tensors, or only those with the names in `only`. */
  async #add(path: string, only?: ReadonlySet<string>): Promise<void> {
    const file = await SafetensorsFile.open(path);
    this.#files.push(file);
    for (const name of only ?? file.header.tensors.keys()) {
      if (!file.header.tensors.has(name)) {
        throw new FormatError(path, `expected "${name}" as ${INDEX_FILE} says, found none`);
      }
      this.#found.push({ file, name });
    }
  }

  /** Gives all tensors their present names. */
  #nameAll(): void {
    this.#prefix = prefixOf(this.#found.map(({ name }) => name));
    for (const { file, name } of this.#found) {
      const isLonger = this.#prefix !== "" && name.startsWith(this.#prefix);
      const canonical = canonicalName(isLonger ? name.slice(this.#prefix.length) : name);
      if (canonical === undefined) continue;
      const first = this.#tensors.get(canonical);
      if (first) {
        throw new FormatError(file.path, `"${name}" and "${first.name}" are the same weight`);
      }
      this.#tensors.set(canonical, { file, name });
    }
  }

  /** Opens the files that the index names. */
  async #addShards(folder: string): Promise<void> {
    const index = await readJsonIfThere(`${folder}/${INDEX_FILE}`);
    if (!index) throw await missingFile(folder, WEIGHTS_FILE);
    for (const [file, names] of namesByFile(index, `${folder}/${INDEX_FILE}`)) {
      await this.#add(`${folder}/${file}`, names);
    }
  }
}

/** The names of the tensors in each file, from the index. Paths outside the folder are refused. */
function namesByFile(index: Readonly<Record<string, unknown>>, path: string) {
  const map = index["weight_map"];
  if (!isRecord(map)) throw new FormatError(path, "expected an object weight_map");
  const files = new Map<string, Set<string>>();
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== "string" || !/^[\w.-]+\.safetensors$/.test(file)) {
      const found = JSON.stringify(file);
      throw new FormatError(path, `expected the file of "${name}" beside this one, found ${found}`);
    }
    files.set(file, (files.get(file) ?? new Set()).add(name));
  }
  if (files.size === 0) throw new FormatError(path, "expected weights in weight_map, found none");
  return files;
}
