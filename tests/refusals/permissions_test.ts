/** Files and folders that the system does not let the user read or write. */
import { deepStrictEqual, match, ok } from "node:assert";

const READ =
  /^FormatError: Cannot read ~\/(.+): the system does not let you read it\. Give yourself the right to \(chmod u\+r for a file, u\+rx for the folders that it lies in\), or run the program as its owner\. Options of Deno do not help$/;

const WRITE =
  /^Error: Cannot write ~\/(.+): the system does not let you write there\. Give yourself the right to, as with chmod u\+w for it and its folder, or choose another folder\. Options of Deno do not help$/;

/** The calls that write; all others read. */
const WRITING = /^(saveModel|MetricsFile.create|AppendFile.create|RunFolder.open)\(\)$/;

Deno.test({
  name:
    "a file or folder that may not be read or written is named with a way out, and nothing is renamed",
  ignore: Deno.build.os === "windows", // which has no chmod
  fn: async () => {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        "--lock=tests/deno.lock",
        "tests/support/unreadable_child.ts",
      ],
    }).output();
    ok(success, new TextDecoder().decode(stderr));
    const { found, checkpoints } = JSON.parse(new TextDecoder().decode(stdout));
    for (const [name, error] of Object.entries<string>(found)) {
      match(error, WRITING.test(name) ? WRITE : READ, name);
    }
    deepStrictEqual(checkpoints, [1, 2].map((step) => `step-00000000${step}.safetensors`));
  },
});
