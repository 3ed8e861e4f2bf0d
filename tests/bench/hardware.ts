/** What the bench ran on: without it no figure means anything. */
import { cpus, totalmem } from "node:os";
import { version } from "@tensorflow/tfjs";

/** A Python to compare with, and the versions of the packages that matter. */
export interface Python {
  readonly command: string;
  readonly versions: Readonly<Record<string, string>>;
}

const PACKAGES = ["torch", "transformers", "tokenizers", "numpy"];

const LIST_VERSIONS = `
import importlib.metadata as metadata, json, platform, sys
versions = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try: versions[name] = metadata.version(name)
    except metadata.PackageNotFoundError: pass
print(json.dumps(versions))
`;

/** The Python that `BERT_PYTHON` names, or `python3`; undefined if there is none. */
export async function findPython(): Promise<Python | undefined> {
  const command = Deno.env.get("BERT_PYTHON") ?? "python3";
  try {
    const args = ["-c", LIST_VERSIONS, ...PACKAGES];
    const { success, stdout } = await new Deno.Command(command, { args, stderr: "null" }).output();
    if (!success) return undefined;
    return { command, versions: JSON.parse(new TextDecoder().decode(stdout)) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Lines that tell the date, the machine and the versions. */
export function describeMachine(python: Python | undefined): string[] {
  const { deno, v8 } = Deno.version;
  const [{ model }] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const packages = Object.entries(python?.versions ?? {}).map((pair) => pair.join(" "));
  return [
    `date      ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`,
    `machine   ${model.trim()}, ${navigator.hardwareConcurrency} cores, ${memory} GiB, ${Deno.build.os} ${Deno.build.arch}`,
    `Deno      ${deno} (V8 ${v8}), tfjs ${version.tfjs}`,
    `beside it ${
      packages.join(", ") || "no Python found: set BERT_PYTHON to compare with PyTorch"
    }`,
  ];
}
