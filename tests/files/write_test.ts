import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert";
import { replaceFile, replaceFileSync } from "bert/files/write.ts";

async function inFolder(test: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name);
}

Deno.test("replaceFile() and replaceFileSync() write the whole file, and leave no other file", () =>
  inFolder(async (folder) => {
    const long = "é".repeat(300_000);
    for (const content of ["new", "", long]) {
      await replaceFile(`${folder}/a`, content);
      strictEqual(await Deno.readTextFile(`${folder}/a`), content);
      replaceFileSync(`${folder}/a`, `${content}!`);
      strictEqual(await Deno.readTextFile(`${folder}/a`), `${content}!`);
    }
    deepStrictEqual(names(folder), ["a"]);
  }));

Deno.test("replaceFile() overwrites the unfinished file that a killed writer left", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.unfinished`, "half of something longer");
    await replaceFile(`${folder}/a`, "new");
    strictEqual(await Deno.readTextFile(`${folder}/a`), "new");
    deepStrictEqual(names(folder), ["a"]);
  }));

Deno.test("what cannot be replaced stays as it was, and the error names it", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/a/full`, { recursive: true });
    await rejects(replaceFile(`${folder}/a`, "x"), /Cannot write .*\/a: /);
    throws(() => replaceFileSync(`${folder}/a`, "x"), /Cannot write .*\/a: /);
    deepStrictEqual(names(folder), ["a"]);
    deepStrictEqual(names(`${folder}/a`), ["full"]);
    const nowhere = `${folder}/none/b`;
    const name = "NotFound";
    await rejects(replaceFile(nowhere, "x"), { name, message: /no such folder: make it first/ });
    throws(() => replaceFileSync(nowhere, "x"), { name, message: /no such folder: make it first/ });
  }));
