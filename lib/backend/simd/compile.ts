/**
 * Compiles the kernels twice: with relaxed SIMD, and without it for machines that lack it. With
 * `--check` it writes nothing, and fails unless the committed files are equal to the compiled ones.
 */
import asc from "npm:assemblyscript@0.28.20/asc";

const FEATURES = ["simd", "threads", "bulk-memory"];
const BUILDS = { "relaxed.wasm": [...FEATURES, "relaxed-simd"], "plain.wasm": FEATURES };

const OPTIONS = [
  ...["-O3", "--converge", "--noAssert", "--runtime", "stub", "--disableWarning", "201"],
  ...["--importMemory", "--noExportMemory", "--sharedMemory"],
  ...["--initialMemory", "16", "--maximumMemory", "65536"],
  ...["--memoryBase", "1024"], // constants follow the control block
];

/** The bytes of one build. */
async function compile(features: readonly string[]): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const folder = new URL("./kernels/", import.meta.url);
  const { error, stderr } = await asc.main(
    ["index.ts", "--outFile", "out.wasm", "--enable", features.join(","), ...OPTIONS],
    {
      readFile: (name: string) => read(new URL(name, folder)),
      writeFile: (_name: string, contents: Uint8Array | string) => {
        if (typeof contents !== "string") binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error || !binary) throw new Error(`Cannot compile the kernels:\n${stderr}`, { cause: error });
  return binary;
}

function read(file: URL): string | null {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return null; // the compiler tries several names
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

if (import.meta.main) {
  for (const [name, features] of Object.entries(BUILDS)) {
    const file = new URL(name, import.meta.url);
    const binary = await compile(features);
    if (!Deno.args.includes("--check")) await Deno.writeFile(file, binary);
    else if (!same(binary, await Deno.readFile(file))) {
      throw new Error(`${name} is not what its sources give; run: deno task compile`);
    }
  }
}
