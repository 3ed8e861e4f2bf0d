import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { readTextIfThere } from "bert/files/optional_file.ts";
import { completeSave, savedPath, saveFolder } from "bert/files/save_folder.ts";
import { createRng } from "bert/random.ts";
import { type Break, onBrokenDisk } from "../support/broken_disk.ts";

/** The files in the order in which they arrive; the last one is needed to open the folder. */
const FILES = ["a.txt", "sub/b.txt", "key.json"];
/** The names in the folder after a save. */
const NAMES = ["a.txt", "key.json", "mine.csv", "sub"];
const OBSOLETE = ["extra.json"];
const ALL = [...FILES, ...OBSOLETE];

type Contents = Readonly<Record<string, string | undefined>>;

const OLD: Contents = {
  "a.txt": "old",
  "sub/b.txt": "old",
  "key.json": "old",
  "extra.json": "old",
};
const NEW: Contents = {
  "a.txt": "new",
  "sub/b.txt": "new",
  "key.json": "new",
  "extra.json": undefined,
};
const NONE: Contents = Object.fromEntries(ALL.map((name) => [name, undefined]));

function save(folder: string, content = "new"): Promise<void> {
  const write = async (path: string) => await Deno.writeTextFile(path, content);
  return saveFolder(folder, Object.fromEntries(FILES.map((name) => [name, write])), OBSOLETE);
}

/** Calls `test` with a folder that holds the old files, and one file that no save concerns. */
async function inFolder(test: (folder: string) => Promise<void>, old = OLD): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/mine.csv`, "mine");
    if (old !== NONE) await Deno.mkdir(`${folder}/sub`);
    for (const [name, text] of Object.entries(old)) {
      if (text !== undefined) await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The contents that a reader finds by `savedPath()`. */
async function found(folder: string): Promise<Contents> {
  const texts = ALL.map(async (name) =>
    [name, await readTextIfThere(await savedPath(folder, name))] as const
  );
  return Object.fromEntries(await Promise.all(texts));
}

/** The contents of the folder itself, which is all that other programs see. */
async function visible(folder: string): Promise<Contents> {
  const texts = ALL.map(async (name) =>
    [name, await readTextIfThere(`${folder}/${name}`)] as const
  );
  return Object.fromEntries(await Promise.all(texts));
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** Lets each call to the disk that a save makes fail, one call at a time, and calls `test` after each. */
async function breakEach(
  how: Break["how"],
  old: Contents,
  test: (folder: string, done: boolean) => Promise<void>,
): Promise<void> {
  for (let call = 1, reached = true; reached; call++) {
    await inFolder(async (folder) => {
      const { calls, done } = await onBrokenDisk({ call, how }, () => save(folder));
      reached = calls >= call;
      await test(folder, done);
    }, old);
    ok(call < 200);
  }
}

Deno.test("saveFolder() replaces its files, removes what no longer fits, and leaves other files alone", () =>
  inFolder(async (folder) => {
    await save(folder);
    deepStrictEqual(await found(folder), NEW);
    deepStrictEqual(await visible(folder), NEW);
    deepStrictEqual(names(folder), NAMES);
  }));

for (const old of [OLD, NONE]) {
  const before = old === OLD ? "over older files" : "into an empty folder";

  Deno.test(`saveFolder() ${before} that fails at any one call leaves the old files, or has succeeded`, async () => {
    await breakEach("once", old, async (folder, done) => {
      deepStrictEqual(await found(folder), done ? NEW : old);
      deepStrictEqual(await visible(folder), done ? NEW : old);
    });
  });

  Deno.test(`saveFolder() ${before} that is killed at any call leaves all old files or all new ones`, async () => {
    const ends = new Set<string>();
    await breakEach("for good", old, async (folder) => {
      const state = await found(folder);
      ends.add(`${state["key.json"]}`);
      deepStrictEqual(state, state["key.json"] === "new" ? NEW : old);
      const seen = await visible(folder);
      const kinds = new Set(Object.values(seen).filter((text) => text !== undefined));
      ok(kinds.size <= 1, `other programs see ${JSON.stringify(seen)}`);
      if (seen["key.json"] !== undefined) {
        deepStrictEqual(seen, seen["key.json"] === "new" ? NEW : old);
      }
      const failing = { "a.txt": () => Promise.reject(new RangeError("its own")) };
      await rejects(saveFolder(folder, failing), RangeError); // tidies up
      deepStrictEqual(await found(folder), state);
      deepStrictEqual(await visible(folder), state);
      await save(folder, "newer");
      const newer = Object.fromEntries(FILES.map((name) => [name, "newer"]));
      deepStrictEqual(await visible(folder), { ...NEW, ...newer });
      deepStrictEqual(names(folder), NAMES);
    });
    deepStrictEqual(ends, new Set([`${old["key.json"]}`, "new"]));
  });

  Deno.test(`a save ${before} that was killed, followed by one that was killed, too, leaves the files of one of them, or the old ones`, async () => {
    const rng = createRng(7);
    const newer = Object.fromEntries(FILES.map((name) => [name, "newer"]));
    for (let round = 0; round < 30; round++) {
      await inFolder(async (folder) => {
        const call = () => 1 + rng.below(45);
        await onBrokenDisk({ call: call(), how: "for good" }, () => save(folder));
        const between = await found(folder);
        await onBrokenDisk({ call: call(), how: "for good" }, () => save(folder, "newer"));
        const after = await found(folder);
        deepStrictEqual(after, after["key.json"] === "newer" ? { ...NEW, ...newer } : between);
      }, old);
    }
  });
}

Deno.test("saveFolder() names the file that cannot be written, and rethrows a writer's own error", () =>
  inFolder(async (folder) => {
    const full = () => Promise.reject(Object.assign(new Error("no room"), { code: "ENOSPC" }));
    const message = `Cannot write ${folder}/a.txt: the disk is full. Free some room there`;
    await rejects(saveFolder(folder, { "a.txt": full }), { message });
    const own = new RangeError("its own");
    await rejects(saveFolder(folder, { "a.txt": () => Promise.reject(own) }), own);
    await Deno.mkdir(`${folder}/taken`);
    await rejects(saveFolder(folder, { "taken": full }), /taken: there is a folder of that name/);
    deepStrictEqual(await visible(folder), OLD);
    strictEqual(names(folder).includes(".saving"), false);
  }));

Deno.test("saveFolder() that fails removes the folders that it has made, and no others", () =>
  inFolder(async (folder) => {
    const write = async (path: string) => await Deno.writeTextFile(path, "new");
    const fail = () => Promise.reject(new RangeError("its own"));
    const files = { "sub/a.txt": write, "b.txt": fail };
    await Deno.mkdir(`${folder}/there`);
    for (const path of ["new", "new/deep/er", "there", "there/new"]) {
      await rejects(saveFolder(`${folder}/${path}`, files), RangeError);
    }
    deepStrictEqual(names(folder), [...NAMES, "extra.json", "there"].sort());
    deepStrictEqual(names(`${folder}/there`), []);
  }));

Deno.test("saveFolder() refuses a folder in which another save is at work", () =>
  inFolder(async (folder) => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const slow = saveFolder(folder, {
      "a.txt": async (path) => {
        await gate;
        await Deno.writeTextFile(path, "slow");
      },
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await rejects(save(folder), { name: "Busy", message: /another save is at work there/ });
    open();
    await slow;
    strictEqual(await Deno.readTextFile(`${folder}/a.txt`), "slow");
    await save(folder);
  }));

Deno.test("a plan that names a path outside the folder is refused, and so is a link named .saving", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/.saving`);
    const outside = ["../x", "a/../../x", "/x", ".x/y", "a/.b", "a//b", "a/"];
    const plans = outside.map((name) => JSON.stringify({ files: [name], obsolete: [] }));
    for (const plan of [...plans, '{"files": ["a"]}', "[]", "{"]) {
      await Deno.writeTextFile(`${folder}/.saving/plan.json`, plan);
      await rejects(savedPath(folder, "a.txt"), { name: "FormatError" });
      await rejects(save(folder), { name: "FormatError" });
    }
    await Deno.remove(`${folder}/.saving`, { recursive: true });
    const elsewhere = await Deno.makeTempDir();
    await Deno.symlink(elsewhere, `${folder}/.saving`);
    await rejects(save(folder), /symbolic link/);
    await rejects(save(folder), /symbolic link/); // the link is still there
    deepStrictEqual(names(elsewhere), []);
    await Deno.remove(elsewhere);
  }));

Deno.test("completeSave() completes a save whose files lie in folders of folders", () =>
  inFolder(async (folder) => {
    const name = "model/onnx/a.txt";
    await Deno.mkdir(`${folder}/.saving/new/model/onnx`, { recursive: true });
    await Deno.writeTextFile(`${folder}/.saving/new/${name}`, "new");
    const plan = JSON.stringify({ files: [name], obsolete: [] });
    await Deno.writeTextFile(`${folder}/.saving/plan.json`, plan);
    await completeSave(folder);
    strictEqual(await Deno.readTextFile(`${folder}/${name}`), "new");
    strictEqual(names(folder).includes(".saving"), false);
  }));

Deno.test("saveFolder() refuses the empty path, which would be the root of the disk", async () => {
  await rejects(saveFolder("", { "a.txt": (path) => Deno.writeTextFile(path, "a") }), {
    name: "ConfigError",
    message: /Invalid folder = "".*must be the path/,
  });
});
