/** A Python with the packages with which a test compares the library. */

/** A script that looks for packages without importing them, and prints the folder of the first. */
const FIND = `
import importlib.util as util, sys
places = [util.find_spec(name) for name in sys.argv[1:]]
if not all(places): sys.exit(1)
print(places[0].submodule_search_locations[0])
`;

/** A Python that has certain packages. */
export interface Python {
  readonly command: string;
  /** The folder of the first of the packages. */
  readonly packageFolder: string;
}

/**
 * Finds the Python that the environment variable `BERT_PYTHON` names, or `python3`, if it has these
 * packages. Otherwise it prints that the tests that need it are skipped.
 */
export async function findPython(
  packages: readonly string[],
  what: string,
): Promise<Python | undefined> {
  const command = Deno.env.get("BERT_PYTHON") ?? "python3";
  try {
    const run = new Deno.Command(command, { args: ["-c", FIND, ...packages], stderr: "null" });
    const { code, stdout } = await run.output();
    if (code === 0) return { command, packageFolder: new TextDecoder().decode(stdout).trim() };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const wanted = packages.join(", ");
  // deno-lint-ignore no-console -- a skipped test must not look like a passed one
  console.warn(`Skipped: ${what}. ${command} has no ${wanted}; name one that has in BERT_PYTHON`);
  return undefined;
}

/** Runs a script with JSON as input and output. If the script fails, throws its error output. */
export async function runPython(
  { command }: Python,
  args: readonly string[],
  input: unknown,
): Promise<unknown> {
  const run = new Deno.Command(command, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { HF_HUB_OFFLINE: "1", TOKENIZERS_PARALLELISM: "false" },
  }).spawn();
  await new Blob([JSON.stringify(input)]).stream().pipeTo(run.stdin);
  const { code, stdout, stderr } = await run.output();
  const [out, problem] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (code !== 0) throw new Error(`${args[0]} ended with code ${code}:\n${problem}`);
  return JSON.parse(out);
}
