/**
 * `deno.lock` pins the packages of the library: all of them are downloaded when a task runs for the
 * first time. `tests/deno.lock` pins them, too, and those of the tests and of the kernels' compiler.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { parseJson } from "bert/files/json.ts";

interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  /** Packages by name and version. Their other fields depend on what else the file pins. */
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
}

async function read<T>(path: string): Promise<T> {
  const text = await Deno.readTextFile(new URL(`../${path}`, import.meta.url));
  return parseJson(text, path) as T;
}

const lock = await read<Lock>("deno.lock");
const testLock = await read<Lock>("tests/deno.lock");
const { imports } = await read<{ imports: Readonly<Record<string, string>> }>("deno.json");

Deno.test("deno.lock names the packages of deno.json and no other", () => {
  const packages = Object.values(imports).filter((address) => address.startsWith("npm:"));
  const names = packages.map((address) => /^npm:@?[^@]+@[^/]+/.exec(address)![0]);
  const advice = "run with --lock=tests/deno.lock what only the tests need: git checkout deno.lock";
  deepStrictEqual(Object.keys(lock.specifiers).sort(), names.sort(), advice);
});

Deno.test("tests/deno.lock pins the library's packages as deno.lock does, and more", () => {
  for (const [name, pinned] of Object.entries(lock.npm)) {
    strictEqual(testLock.npm[name]?.integrity, pinned.integrity, name);
  }
  ok(Object.keys(testLock.npm).length > Object.keys(lock.npm).length);
});
