/**
 * Saving folders whose files belong together, such as a model and its tokenizer: all files are
 * replaced or none, even if the process is killed or a file cannot be replaced.
 *
 * The new files are written to `.saving/new` and synced. Writing `.saving/plan.json`, which lists
 * them, makes the save valid: from then on `savedPath()` finds the new files, and they only have to
 * be moved. The old files move to `.saving/old`, the new ones into the folder, and `.saving` is
 * removed.
 *
 * Programs that do not know `.saving` never find old and new files side by side, because the old ones
 * are moved away first. The file that is needed to open the folder should be the last one in the
 * list: it is moved away first and arrives last.
 */
import { dirname } from "node:path";
import { checkPath } from "../checks.ts";
import { FormatError } from "../errors.ts";
import { parseJsonObject } from "./json.ts";
import { isThere, readTextIfThere } from "./optional_file.ts";
import { absolutePath } from "./path.ts";
import { reading } from "./read.ts";
import { isSystemError, replaceFile, syncFolder, writeError } from "./write.ts";

/** Writes one file of a folder to the given path. */
export type FileWriter = (path: string) => Promise<void>;

/** The files that a save replaces and removes. */
interface Plan {
  /** The names of the files that it writes, in the order in which they are moved into the folder. */
  readonly files: readonly string[];
  /** The names of old files that do not fit the new ones and are removed. */
  readonly obsolete: readonly string[];
}

const LISTS: readonly (keyof Plan)[] = ["files", "obsolete"];

/**
 * Writes all files into a folder, or none. The folder is made if it does not exist.
 *
 * If writing fails, the old files are unchanged, and a folder that was made is removed. If the process
 * is killed, `savedPath()` finds either the old files or the new ones, and the next save tidies up.
 * Other files in the folder are kept.
 *
 * @param files Writers by file name, which may begin with a subfolder, as in `onnx/model.onnx`. The file
 * that is needed to open the folder comes last.
 * @param obsolete Names of old files that do not fit the new ones and are removed. Default: none.
 * @throws {Deno.errors.AlreadyExists} If there is a file of the folder's name.
 * @throws {Deno.errors.Busy} If another save is at work in the folder.
 *
 * @example
 * ```ts
 * import { readJson, writeJson } from "bert/files/json.ts";
 * import { saveFolder } from "bert/files/save_folder.ts";
 * import { deepStrictEqual } from "node:assert";
 * const folder = await Deno.makeTempDir();
 * await saveFolder(folder, { "a.json": (path) => writeJson(path, { a: 1 }) });
 * deepStrictEqual(await readJson(`${folder}/a.json`), { a: 1 });
 * ```
 */
export async function saveFolder(
  folder: string,
  files: Readonly<Record<string, FileWriter>>,
  obsolete: readonly string[] = [],
): Promise<void> {
  checkPath("saveFolder(folder, files)", "folder", folder);
  const missing = await missingFolders(folder);
  try {
    await makeFolder(folder);
    await saveInto(folder, files, obsolete);
  } catch (error) {
    for (const path of missing) await removeEmpty(path);
    throw error;
  }
}

async function saveInto(
  folder: string,
  files: Readonly<Record<string, FileWriter>>,
  obsolete: readonly string[],
): Promise<void> {
  using _lock = await lockAside(folder);
  try {
    await tidyUp(folder);
    await stage(folder, files);
    await commit(folder, { files: Object.keys(files), obsolete });
  } finally {
    await removeAside(folder);
  }
}

/**
 * Completes an interrupted save if it had become valid, and removes it otherwise.
 *
 * @throws {Deno.errors.Busy} If a save is at work in the folder.
 */
export async function completeSave(folder: string): Promise<void> {
  const { aside } = placesIn(folder);
  const found = await reading(aside, Deno.lstat(aside)).catch((error) => {
    if (error.cause instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (!found) return;
  using _lock = await lockAside(folder);
  try {
    await tidyUp(folder);
  } finally {
    await removeAside(folder);
  }
}

/**
 * The path of a file that `saveFolder()` saved. After an interrupted save it may be in `.saving`. The
 * path is returned even if there is no such file.
 */
export async function savedPath(folder: string, name: string): Promise<string> {
  const plan = await readPlan(folder);
  const aside = `${placesIn(folder).fresh}/${name}`;
  if (plan?.obsolete.includes(name)) return aside;
  return plan?.files.includes(name) && await isThere(aside) ? aside : `${folder}/${name}`;
}

/** The name of the folder in which a save is prepared. */
export const SAVING = ".saving";

/** Whether a folder has a save whose files are all written, but not all moved into the folder. */
export async function isSaveComplete(folder: string): Promise<boolean> {
  return await isThere(placesIn(folder).plan);
}

function placesIn(folder: string) {
  const aside = `${folder}/${SAVING}`;
  return { aside, fresh: `${aside}/new`, old: `${aside}/old`, plan: `${aside}/plan.json` };
}

/** The folders of a path that do not exist, the deepest first. */
async function missingFolders(folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let path = absolutePath(folder); await isMissing(path); path = dirname(path)) {
    missing.push(path);
  }
  return missing;
}

async function isMissing(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => false, (error) => error instanceof Deno.errors.NotFound);
}

/** Removes a folder if there is nothing in it. */
async function removeEmpty(folder: string): Promise<void> {
  await Deno.remove(folder).catch(() => {}); // something is in it
}

/** The subfolders in which the files of a save lie, the deepest first, so that they can be removed. */
function subfoldersOf(files: readonly string[]): string[] {
  const folders = files.flatMap((file) => {
    const parts = file.split("/").slice(0, -1);
    return parts.map((_, i) => parts.slice(0, i + 1));
  });
  folders.sort((a, b) => b.length - a.length);
  return [...new Set(folders.map((parts) => parts.join("/")))];
}

async function makeSubfolders(files: readonly string[], ...folders: string[]): Promise<void> {
  for (const name of subfoldersOf(files)) {
    for (const folder of folders) await Deno.mkdir(`${folder}/${name}`, { recursive: true });
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw writeError(error, folder);
    const problem = "expected a folder, found a file: choose another name";
    throw new Deno.errors.AlreadyExists(`Cannot write ${folder}: ${problem}`);
  }
}

/** Makes the folder `.saving` and locks it. The lock ends with the process, even if it is killed. */
async function lockAside(folder: string): Promise<Deno.FsFile> {
  const { aside } = placesIn(folder);
  try {
    await Deno.mkdir(aside, { recursive: true });
    if ((await Deno.lstat(aside)).isSymlink) throw new Error(".saving there is a symbolic link");
    const file = await Deno.open(`${aside}/lock`, { create: true, write: true });
    if (file.tryLockSync(true)) return file;
    file.close();
  } catch (error) {
    throw writeError(error, folder);
  }
  throw new Deno.errors.Busy(`Cannot write ${folder}: another save is at work there. Wait for it`);
}

/** Completes a valid save of a killed process, or removes an incomplete one. */
async function tidyUp(folder: string): Promise<void> {
  const plan = await readPlan(folder);
  const { fresh, old } = placesIn(folder);
  try {
    if (plan) {
      await install(folder, plan);
      await removePlan(folder);
    }
    for (const path of [fresh, old]) {
      await removeIfThere(path);
      await Deno.mkdir(path);
    }
  } catch (error) {
    throw isSystemError(error) ? writeError(error, folder) : error;
  }
}

/** Writes the new files to `.saving/new`, and waits until they are on disk. */
async function stage(folder: string, files: Readonly<Record<string, FileWriter>>): Promise<void> {
  const { fresh } = placesIn(folder);
  for (const [name, write] of Object.entries(files)) {
    try {
      await checkReplaceable(`${folder}/${name}`);
      await makeSubfolders([name], fresh);
      await write(`${fresh}/${name}`);
      using file = await Deno.open(`${fresh}/${name}`, { read: true, write: true });
      await file.sync();
    } catch (error) {
      throw isSystemError(error) ? writeError(error, `${folder}/${name}`) : error;
    }
  }
  for (const name of subfoldersOf(Object.keys(files))) await syncFolder(`${fresh}/${name}`);
  await syncFolder(fresh);
}

async function checkReplaceable(path: string): Promise<void> {
  const found = await Deno.lstat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (!found?.isDirectory) return;
  throw new Deno.errors.AlreadyExists(`Cannot write ${path}: there is a folder of that name`);
}

/** Makes the save valid and moves the new files into the folder. If that fails, it is undone. */
async function commit(folder: string, plan: Plan): Promise<void> {
  try {
    await replaceFile(placesIn(folder).plan, JSON.stringify(plan));
    await install(folder, plan);
    await removePlan(folder);
  } catch (error) {
    await takeBack(folder, plan).catch(() => {}); // if this fails, too, the plan stays and the save is valid
    throw isSystemError(error) ? writeError(error, folder) : error;
  }
}

/**
 * Moves the old files out of the folder and the new ones in. It can be repeated after an
 * interruption.
 */
async function install(folder: string, { files, obsolete }: Plan): Promise<void> {
  const { fresh, old } = placesIn(folder);
  await makeSubfolders(files, old, folder);
  for (const name of [...files].reverse()) {
    if (await isThere(`${fresh}/${name}`)) await move(`${folder}/${name}`, `${old}/${name}`);
  }
  for (const name of obsolete) await move(`${folder}/${name}`, `${old}/${name}`);
  for (const name of files) await move(`${fresh}/${name}`, `${folder}/${name}`);
  for (const name of subfoldersOf(files)) await syncFolder(`${folder}/${name}`);
  await syncFolder(folder);
}

/** Undoes `install()`. */
async function takeBack(folder: string, { files, obsolete }: Plan): Promise<void> {
  const { fresh, old } = placesIn(folder);
  for (const name of [...files].reverse()) {
    if (!await isThere(`${fresh}/${name}`)) await move(`${folder}/${name}`, `${fresh}/${name}`);
  }
  for (const name of [...obsolete, ...files]) await move(`${old}/${name}`, `${folder}/${name}`);
  for (const name of subfoldersOf(files)) await removeEmpty(`${folder}/${name}`);
  await removePlan(folder);
}

/** Renames a file if it exists. */
async function move(from: string, to: string): Promise<void> {
  await Deno.rename(from, to).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/** Removes the plan: from then on the folder's own files are valid. */
async function removePlan(folder: string): Promise<void> {
  const { aside, plan } = placesIn(folder);
  await removeIfThere(plan);
  await syncFolder(aside);
}

/** Removes `.saving` unless it holds a valid save. The next save removes what is left. */
async function removeAside(folder: string): Promise<void> {
  const { aside, plan } = placesIn(folder);
  try {
    if (!await isThere(plan)) await Deno.remove(aside, { recursive: true });
  } catch {
    // the folder's own files are complete, so the save has succeeded
  }
}

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

async function readPlan(folder: string): Promise<Plan | undefined> {
  const path = placesIn(folder).plan;
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  const plan = parseJsonObject(text, path);
  if (LISTS.every((list) => areNames(plan[list]))) return plan as unknown as Plan;
  throw new FormatError(path, "expected lists of file names: remove the folder .saving");
}

/** Whether all values are names of files in the folder or below it, and no other paths. */
function areNames(value: unknown): boolean {
  return Array.isArray(value) &&
    value.every((name) => typeof name === "string" && /^\w[\w.-]*(\/\w[\w.-]*)*$/.test(name));
}
