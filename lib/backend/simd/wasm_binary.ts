/**
 * The kernels as WebAssembly: `relaxed.wasm`, or `plain.wasm` where a machine has no relaxed SIMD.
 *
 * A backend has to start synchronously, as the first tensor may be made anywhere. So the files are
 * read synchronously from disk when they are first needed. If the library comes from a server, they
 * are fetched while its modules load.
 */

type Binary = Uint8Array<ArrayBuffer>;

type Fetched = PromiseSettledResult<Binary>;

type Name = "relaxed.wasm" | "plain.wasm";

/** The files that were fetched, if the library comes from a server. */
const fetched = isServed() ? await fetchAll() : undefined;

/** The compiled kernels, with and without relaxed SIMD. */
const compiled = new Map<boolean, WebAssembly.Module>();

/**
 * The kernels with relaxed SIMD, or the plain ones.
 *
 * @param relaxed Whether to use relaxed SIMD if this machine has it.
 * @throws {Error} If the files cannot be read, or this machine cannot run them.
 */
export function compiledKernels(relaxed: boolean): WebAssembly.Module {
  const known = compiled.get(relaxed);
  if (known) return known;
  const module = new WebAssembly.Module(bestBinary(relaxed));
  compiled.set(relaxed, module);
  return module;
}

function bestBinary(relaxed: boolean): Binary {
  const binary = relaxed ? readBinary("relaxed.wasm") : undefined;
  return binary !== undefined && WebAssembly.validate(binary) ? binary : readBinary("plain.wasm");
}

function readBinary(name: Name): Binary {
  if (!fetched) return Deno.readFileSync(urlOf(name));
  const result = fetched.get(name);
  if (result?.status === "fulfilled") return result.value;
  throw new Error(`Cannot load ${urlOf(name)}: ${result?.reason}`, { cause: result?.reason });
}

function isServed(): boolean {
  return new URL(import.meta.url).protocol !== "file:";
}

function urlOf(name: Name): URL {
  return new URL(name, import.meta.url);
}

/** Fetches both files. A failure is thrown only when its file is needed. */
async function fetchAll(): Promise<ReadonlyMap<Name, Fetched>> {
  const names = ["relaxed.wasm", "plain.wasm"] as const;
  const found = await Promise.allSettled(names.map(fetchBinary));
  return new Map(found.map((result, i) => [names[i], result]));
}

async function fetchBinary(name: Name): Promise<Binary> {
  const response = await fetch(urlOf(name));
  if (response.ok) return await response.bytes();
  await response.body?.cancel();
  throw new Error(`the server answered ${response.status}`);
}
