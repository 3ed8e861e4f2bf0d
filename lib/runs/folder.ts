/** The folder of a run: what lies where, who may work in it, and its `config.json`. */
import type { Baselines } from "../training/baselines.ts";
import type { BertConfig, DataConfig, TrainConfig } from "../config.ts";
import { parseJsonObject } from "../files/json.ts";
import { replaceFile, UNFINISHED, writeError } from "../files/write.ts";
import { ConfigError, FormatError } from "../errors.ts";
import type { TokenizerOptions } from "../tokenizer/options.ts";
import { printable } from "../format.ts";
import type { RunSettings } from "./settings.ts";

/** `config.json` of a run: all that decides it, as it was resolved when the run began. */
export interface RunConfig {
  readonly format: 1;
  /** A digest of what decides the run's numbers; its checkpoints carry it. */
  readonly run: string;
  readonly settings: RunSettings;
  readonly model: BertConfig;
  readonly data: DataConfig;
  readonly train: TrainConfig;
  /** `null`: as many as the clock lets it. */
  readonly plannedSteps: number | null;
  readonly evaluateEvery: number;
  readonly corpus: CorpusFacts;
  readonly vocabulary: VocabularyFacts;
  /** Missing if nothing is held out. */
  readonly baselines?: Baselines;
  /** What the run began with; it may be resumed with other. */
  readonly software: Readonly<Record<string, string>>;
}

/** What the corpus was. */
export interface CorpusFacts {
  /** Of the documents as JSON lines `[name, sentences]`. */
  readonly sha256: string;
  readonly training: number;
  readonly heldOut: number;
}

/** What the vocabulary was, and the options of its tokenizer; runs of older versions lack the last two. */
export interface VocabularyFacts extends TokenizerOptions {
  /** Of `vocab.txt`. */
  readonly sha256: string;
  readonly size: number;
}

/**
 * A run's folder, locked for this process until `close()`.
 *
 * @example
 * ```ts
 * import { RunFolder } from "bert/runs/folder.ts";
 * import { rejects } from "node:assert";
 * const path = `${await Deno.makeTempDir()}/run`;
 * const folder = await RunFolder.open(path);
 * await rejects(RunFolder.open(path), /is at work there/);
 * folder.close();
 * ```
 */
export class RunFolder {
  readonly path: string;
  readonly #lock: Deno.FsFile;

  private constructor(path: string, lock: Deno.FsFile) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes the folder if need be, and locks it. The lock goes with the process, however that ends.
   *
   * @throws {Error} If another process is at work in it, or it cannot be written to.
   */
  static async open(path: string): Promise<RunFolder> {
    try {
      await Deno.mkdir(path, { recursive: true });
      const lock = await Deno.open(`${path}/lock`, { create: true, write: true, read: true });
      if (!lock.tryLockSync(true)) throw await inUse(path, lock);
      await lock.truncate();
      await lock.write(new TextEncoder().encode(`${Deno.pid}\n`));
      await Deno.mkdir(`${path}/checkpoints`, { recursive: true }); // after the lock: see checkFree()
      return new RunFolder(path, lock);
    } catch (error) {
      throw error instanceof FolderInUse ? error : writeError(error, path, 0);
    }
  }

  get checkpoints(): string {
    return `${this.path}/checkpoints`;
  }

  get metrics(): string {
    return `${this.path}/metrics.csv`;
  }

  get evaluations(): string {
    return `${this.path}/evaluations.jsonl`;
  }

  get vocabulary(): string {
    return `${this.path}/vocab.txt`;
  }

  async saveConfig(config: RunConfig): Promise<void> {
    await replaceFile(configPath(this.path), `${JSON.stringify(config, null, 2)}\n`);
  }

  /** Adds a line to `log.txt`: what happened, and when. Where that cannot be, it is left out. */
  log(event: string): void {
    const text = printable(event).replaceAll("\n", " ");
    const line = `${new Date().toISOString()} ${text}\n`;
    try {
      Deno.writeTextFileSync(`${this.path}/log.txt`, line, { append: true });
    } catch {
      // a full disk is about to be reported by whatever needed it more
    }
  }

  /** Gives the folder free. */
  close(): void {
    this.#lock.close();
  }
}

class FolderInUse extends Error {}

async function inUse(path: string, lock: Deno.FsFile): Promise<FolderInUse> {
  const buffer = new Uint8Array(32);
  const count = await lock.read(buffer) ?? 0;
  lock.close();
  const pid = new TextDecoder().decode(buffer.subarray(0, count)).trim();
  return new FolderInUse(
    `Cannot work in ${path}: process ${pid || "unknown"} is at work there. ` +
      "Wait for it or stop it, or choose another --out",
  );
}

function configPath(folder: string): string {
  return `${folder}/config.json`;
}

/**
 * The configuration of the run in a folder, or nothing if there is no run.
 *
 * @throws {FormatError} If its `config.json` is not that of a run.
 */
export async function readRunConfig(folder: string): Promise<RunConfig | undefined> {
  const path = configPath(folder);
  const text = await Deno.readTextFile(path).catch((error) => {
    if (isNothing(error)) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const config = parseJsonObject(text, path) as Partial<RunConfig>;
  if (config.format === 1 && typeof config.run === "string" && config.settings) {
    return config as RunConfig;
  }
  throw new FormatError(path, "expected the settings of a run (format 1), found other JSON");
}

function isNothing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

/**
 * Throws unless a new run may begin in a folder: it is not there, or holds nothing but what a
 * process left that was killed before its run began.
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
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    const begun = names.includes("lock") ? ["lock", "checkpoints", "vocab.txt"] : [];
    const other = names.sort().find((name) => !begun.includes(name) && !name.endsWith(UNFINISHED));
    if (other) throw new ConfigError("--out", folder, `holds "${other}": choose a new folder`);
  } catch (error) {
    if (error instanceof Deno.errors.NotADirectory) {
      throw new ConfigError("--out", folder, "is a file: choose a new folder");
    }
    if (!isNothing(error)) throw error;
  }
}
