/** The folder in which a corpus is prepared, which is renamed at the end. */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { ConfigError } from "../errors.ts";
import { readTextIfThere } from "../files/optional_file.ts";
import { withoutEndSlash } from "../files/path.ts";
import { reading, readNames } from "../files/read.ts";
import { replaceFile, syncFolder, UNFINISHED, writeError } from "../files/write.ts";
import { HELD_OUT, isPrepared, TRAIN } from "./prepared.ts";
import { FACTS_FILE, parseFacts, type PreparedFacts } from "./prepared_facts.ts";
import type { Input } from "./prepare_inputs.ts";
import { sealFolder } from "./seal_prepared.ts";

/** The facts without those of the files. */
export type OpenFacts = Omit<PreparedFacts, "files">;

/** The name of the folder, within that folder, for temporary files. */
const WORK = "work";

/**
 * The facts of a corpus that an earlier call with the same settings has finished; undefined if the
 * folder is new or empty.
 *
 * @throws {ConfigError} If the folder holds something else.
 */
export async function factsIfThere(
  out: string,
  digest: string,
): Promise<PreparedFacts | undefined> {
  const found = await readNames(out).catch((error) => {
    if (error.cause instanceof Deno.errors.NotFound) return [];
    if (!(error.cause instanceof Deno.errors.NotADirectory)) throw error;
    throw new ConfigError("out", out, "is a file, or below one: choose a new folder");
  });
  if (found.length === 0) return undefined;
  if (!isPrepared(out)) {
    throw new ConfigError("out", out, `holds ${found[0]}: choose a new folder`);
  }
  const facts = await readFacts(out);
  if (facts.settings === digest) {
    await removeWork(out); // the process may have been killed before it did so
    return facts;
  }
  const advice =
    "holds a corpus that was prepared from other texts or with other settings: choose a " +
    "new folder, or remove it first";
  throw new ConfigError("out", out, advice);
}

/** The digest by which a finished corpus is recognised as one of the same settings and texts. */
export function settingsDigest(settings: string, inputs: readonly Input[]): string {
  return createHash("sha256").update(JSON.stringify([settings, inputs])).digest("hex");
}

/** The folder in which a corpus is prepared, locked for this process. */
export class WorkFolder implements Disposable {
  /** The folder that becomes the corpus. */
  readonly folder: string;
  /** A folder in it for temporary files. */
  readonly work: string;
  readonly #out: string;
  readonly #lock: Deno.FsFile;
  #isOpen = true;

  private constructor(out: string, lock: Deno.FsFile) {
    this.#out = out;
    this.folder = unfinishedOf(out);
    this.work = `${this.folder}/${WORK}`;
    this.#lock = lock;
  }

  /**
   * Makes the folder, or continues with the one of an earlier call with the same settings.
   *
   * @throws {ConfigError} If it is of other settings, or another process is at work in it.
   */
  static async open(out: string, settings: string): Promise<WorkFolder> {
    const folder = unfinishedOf(out);
    const work = `${folder}/${WORK}`;
    const lock = await lockFile(work);
    try {
      if (!lock.tryLockSync(true)) {
        throw new ConfigError("out", out, "is being prepared by another process");
      }
      const found = await readTextIfThere(`${work}/settings.json`);
      if (found === undefined) await replaceFile(`${work}/settings.json`, settings);
      else if (found !== settings) {
        const advice =
          `was begun with other texts or settings: continue with those, or remove ${folder}`;
        throw new ConfigError("out", out, advice);
      }
      return new WorkFolder(out, lock);
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /**
   * The facts of the corpus if all texts were encoded and only the last step is left; else undefined.
   *
   * @param digest The digest of the settings and texts of this call.
   * @throws {ConfigError} If other texts were encoded.
   */
  async facts(digest: string): Promise<OpenFacts | undefined> {
    const text = await readTextIfThere(`${this.work}/facts.json`);
    if (text === undefined) return undefined;
    const facts: OpenFacts = JSON.parse(text);
    if (facts.settings === digest) return facts;
    const advice = `was begun with other texts: restore them, or remove ${this.folder}`;
    throw new ConfigError("out", this.#out, advice);
  }

  /**
   * The last step, which can be repeated until it succeeds.
   *
   * @param signal Ends it by throwing the signal's reason.
   */
  async seal(facts: OpenFacts, signal?: AbortSignal): Promise<PreparedFacts> {
    await replaceFile(`${this.work}/facts.json`, JSON.stringify(facts));
    await sealFolder(this.folder, [TRAIN, HELD_OUT], facts, signal);
    this[Symbol.dispose]();
    await Deno.remove(this.#out).catch(() => {}); // it is an empty folder, or does not exist
    await Deno.rename(this.folder, this.#out);
    await syncFolder(dirname(this.#out)); // the new name must be on disk before the temporary files are removed
    await removeWork(this.#out);
    return await readFacts(this.#out);
  }

  /** Unlocks the folder. */
  [Symbol.dispose](): void {
    if (this.#isOpen) this.#lock.close();
    this.#isOpen = false;
  }
}

/** Opens the file that is locked, and makes its folder. */
async function lockFile(work: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(work, { recursive: true });
    return await Deno.open(`${work}/lock`, { create: true, write: true, read: true });
  } catch (error) {
    throw writeError(error, work);
  }
}

async function removeWork(out: string): Promise<void> {
  await Deno.remove(`${out}/${WORK}`, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

async function readFacts(folder: string): Promise<PreparedFacts> {
  const path = `${folder}/${FACTS_FILE}`;
  return parseFacts(await reading(path, Deno.readTextFile(path)), path);
}

function unfinishedOf(out: string): string {
  return withoutEndSlash(out) + UNFINISHED;
}
