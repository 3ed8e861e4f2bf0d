/** The folder of a run: its files, and the lock that lets one process at a time work in it. */
import { checkPath } from "../checks.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { isSystemError, replaceFile, UNFINISHED, writeError } from "../files/write.ts";
import { printable } from "../printable_text.ts";
import { saysMissing } from "../files/optional_file.ts";
import { readNames } from "../files/read.ts";
import { configPath, readRunConfig, type RunConfig } from "./config_file.ts";

/**
 * A run's folder, locked for this process until `close()`, or until the end of the block with
 * `using`. Where several processes train together, only the first of them locks the folder and writes
 * to it.
 *
 * @example
 * ```ts
 * import { RunFolder } from "bert/runs/run_folder.ts";
 * import { rejects } from "node:assert";
 * const path = `${await Deno.makeTempDir()}/run`;
 * using _folder = await RunFolder.open(path);
 * await rejects(RunFolder.open(path), /is at work there/);
 * ```
 */
export class RunFolder {
  /** The path of the folder. */
  readonly path: string;
  /** Whether this process writes into it. */
  readonly writes: boolean;
  readonly #lock: Deno.FsFile | undefined;

  private constructor(path: string, lock: Deno.FsFile | undefined) {
    this.path = path;
    this.writes = lock !== undefined;
    this.#lock = lock;
  }

  /**
   * Makes the folder if there is none, and locks it. The system removes the lock when the process
   * ends, however it ends.
   *
   * @throws {ConfigError} If the path is empty, which would mean the root of the disk.
   * @throws {Error} If another process has locked it, or it cannot be written to.
   */
  static async open(path: string): Promise<RunFolder> {
    checkPath("RunFolder.open(path)", "path", path);
    try {
      await Deno.mkdir(path, { recursive: true });
      await checkKinds(path);
      const lock = await openLock(`${path}/lock`);
      if (!lock.tryLockSync(true)) throw await inUse(path, lock);
      await lock.truncate();
      await lock.write(new TextEncoder().encode(`${Deno.pid}\n`));
      await Deno.mkdir(`${path}/checkpoints`, { recursive: true }); // after the lock: see checkFree()
      return new RunFolder(path, lock);
    } catch (error) {
      throw isSystemError(error) ? writeError(error, path, 0) : error;
    }
  }

  /** Returns the folder for a process that writes nothing. It need not exist on this machine. */
  static leave(path: string): RunFolder {
    return new RunFolder(path, undefined);
  }

  /** The path of the folder of the checkpoints. */
  get checkpoints(): string {
    return `${this.path}/checkpoints`;
  }

  /** The path of `metrics.csv`, with a row for each step. */
  get metrics(): string {
    return `${this.path}/metrics.csv`;
  }

  /** The path of `evaluations.jsonl`, with a line for each evaluation. */
  get evaluations(): string {
    return `${this.path}/evaluations.jsonl`;
  }

  /** The path of `vocab.txt`. */
  get vocabulary(): string {
    return `${this.path}/vocab.txt`;
  }

  /** Writes `config.json`, replacing the one that is there. */
  async saveConfig(config: RunConfig): Promise<void> {
    if (!this.writes) return;
    await replaceFile(configPath(this.path), `${JSON.stringify(config, null, 2)}\n`);
  }

  /**
   * Adds a line with an event and the time to `log.txt`. If the file cannot be written, the line is
   * lost.
   */
  log(event: string): void {
    if (!this.writes) return;
    const text = printable(event).replaceAll("\n", " ");
    const line = `${new Date().toISOString()} ${text}\n`;
    try {
      Deno.writeTextFileSync(`${this.path}/log.txt`, line, { append: true });
    } catch {
      // if the disk is full, the next checkpoint or metrics row reports it
    }
  }

  /** Unlocks the folder. It may be called twice. */
  close(): void {
    this.#lock?.[Symbol.dispose](); // unlike close() of a file, it may be called twice
  }

  /** Unlocks the folder at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.close();
  }
}

async function openLock(path: string): Promise<Deno.FsFile> {
  return await Deno.open(path, { create: true, write: true, read: true }).catch((error) => {
    throw writeError(error, path);
  });
}

async function inUse(path: string, lock: Deno.FsFile): Promise<Error> {
  const buffer = new Uint8Array(32);
  const count = await lock.read(buffer) ?? 0;
  lock.close();
  const pid = new TextDecoder().decode(buffer.subarray(0, count)).trim();
  const who = pid === "" ? "another process" : `process ${pid}`;
  return new Error(
    `Cannot work in ${path}: ${who} is at work there. Wait for it or stop it, or choose another --out`,
  );
}

/** The contents of a run's folder: files that grow, files that are replaced as a whole, and folders. */
const GROWING = ["lock", "log.txt", "metrics.csv", "evaluations.jsonl"];
const REPLACED = ["config.json", "vocab.txt", "run.html"];
const FOLDERS = ["checkpoints", "best", "final"];

/**
 * Throws `FormatError` if a folder stands where the run writes a file, or the other way round:
 * otherwise the first save would fail, perhaps after hours. A growing file must not be a symbolic
 * link, as the run would then write outside its folder. Links to folders are allowed.
 */
async function checkKinds(folder: string): Promise<void> {
  for (const name of [...GROWING, ...REPLACED]) {
    const path = `${folder}/${name}`;
    const found = await look(GROWING.includes(name) ? Deno.lstat : Deno.stat, path);
    if (found && !found.isFile) throw misplaced(path, "a file", found);
  }
  for (const name of FOLDERS) {
    const path = `${folder}/${name}`;
    const found = await look(Deno.stat, path) ?? await look(Deno.lstat, path);
    if (found && !found.isDirectory) throw misplaced(path, "a folder", found);
  }
}

/** What `stat` tells of the file at a path; undefined if there is none. */
async function look(stat: typeof Deno.stat, path: string): Promise<Deno.FileInfo | undefined> {
  return await stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
}

function misplaced(path: string, expected: string, found: Deno.FileInfo): FormatError {
  const kinds = [
    [found.isSymlink, "a symbolic link"],
    [found.isDirectory, "a folder"],
    [found.isFile, "a file"],
  ] as const;
  const kind = kinds.find(([is]) => is)?.[1] ?? "a device";
  return new FormatError(path, `expected ${expected}, found ${kind}: move it away`);
}

/**
 * Throws `ConfigError` unless a new run may begin in a folder. The folder must not exist, or must hold
 * nothing but the files of a process that was killed before its run began.
 */
export async function checkFree(folder: string): Promise<void> {
  if (await readRunConfig(folder)) {
    throw new ConfigError(
      "--out",
      folder,
      "already holds a run: add --resume to go on with it, or choose another folder",
    );
  }
  try {
    const names = await readNames(folder);
    const begun = names.includes("lock") ? ["lock", "checkpoints", "vocab.txt"] : [];
    const other = names.sort().find((name) => !begun.includes(name) && !name.endsWith(UNFINISHED));
    if (other) throw new ConfigError("--out", folder, `holds "${other}": choose a new folder`);
  } catch (error) {
    const { cause } = error as Error;
    if (cause instanceof Deno.errors.NotADirectory) {
      throw new ConfigError("--out", folder, "is a file: choose a new folder");
    }
    if (!saysMissing(cause)) throw error;
  }
}
