import { doesNotThrow, ok, strictEqual, throws } from "node:assert";
import { checkVersion } from "bert/cli/main.ts";
import { ConfigError } from "bert/errors.ts";
import { notebook } from "../support/notebooks.ts";

const CLI = new URL(import.meta.resolve("bert/cli/main.ts")).pathname;

/** Runs a task in a folder with two small notebooks, of which the second one fails. */
async function task(...args: string[]) {
  const folder = await Deno.makeTempDir({ prefix: "cli-test-" });
  try {
    await Deno.mkdir(`${folder}/notebooks`);
    for (const [name, code] of [["00_good", "console.log(1)"], ["01_bad", "nope()"]]) {
      const text = JSON.stringify(notebook([code]));
      await Deno.writeTextFile(`${folder}/notebooks/${name}.ipynb`, text);
    }
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", CLI, ...args],
      cwd: folder,
      env: { NO_COLOR: "1", PATH: "", BERT_PRESET: "smoke" },
    });
    const { code, stdout, stderr } = await command.output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    const good = await Deno.readTextFile(`${folder}/notebooks/00_good.ipynb`);
    return { code, out, err, good };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("checkVersion() refuses a Deno before 2.9.4 and names the remedy", () => {
  for (const version of ["2.9.4", "2.9.6", "2.10.0", "3.0.0", "2.9.7-rc.1"]) {
    doesNotThrow(() => checkVersion(version));
  }
  for (const version of ["2.9.3", "2.8.9", "1.46.3"]) {
    throws(() => checkVersion(version), ConfigError);
  }
  throws(() => checkVersion("2.9.3"), /at least 2\.9\.4: npm install -g deno/);
});

Deno.test("the task notebooks saves the outputs, and prints each notebook with its time", async () => {
  const { code, out, err, good } = await task("notebooks", "00");
  strictEqual(`${code} ${err}`, "0 ");
  ok(
    /notebooks\/00_good\.ipynb {2}done in [\d.]+ s\n1 notebook in [\d.]+ s, preset smoke/.test(out),
  );
  ok(good.includes('"preset": "smoke"'));
});

Deno.test("the task notebooks --check saves nothing", async () => {
  const { code, good } = await task("notebooks", "00", "--check");
  strictEqual(code, 0);
  ok(!good.includes('"preset"'));
});

Deno.test("a task that fails prints one message without a stack trace, and exits with code 1", async () => {
  const { code, err } = await task("notebooks");
  strictEqual(code, 1);
  ok(
    err.startsWith("Cannot run notebooks/01_bad.ipynb: code cell 1 failed\n\n    nope()\n\n"),
    err,
  );
  ok(err.includes("ReferenceError: nope is not defined"));
  ok(!/main\.ts|run_notebook\.ts|kernel\.ts/.test(err));
});

Deno.test("a wrong argument is refused by name, and the message says what is possible", async () => {
  const cases: [string[], RegExp][] = [
    [
      ["dance"],
      /Invalid task = "dance": it must be one of pretrain, prepare, notebooks, lab, jupyter, convert/,
    ],
    [
      ["notebooks", "7"],
      /Invalid notebook = "7": it must begin one of 00_good.ipynb, 01_bad.ipynb/,
    ],
    [["notebooks", "--preset", "huge"], /must be one of "smoke", "tutorial", "full"/],
    [["notebooks", "--timeout", "soon"], /Invalid --timeout = "soon"/],
    [["convert", "a"], /must be two folders, IN and OUT/],
    [["convert", "a", "b", "--seed", "x"], /Invalid --seed = "x"/],
    [
      ["convert", "a", "b"],
      /Cannot read \/.*\/a\/config\.json: there is no folder \/.*hf download a --local-dir/,
    ],
    [["notebooks", "--quick"], /Invalid option = "--quick": it is not one of this task/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await task(...args);
    strictEqual(code, 1);
    ok(message.test(err), err);
    ok(!/\n {4}at /.test(err), err);
  }
});

Deno.test("the task lab says what to install if there is no JupyterLab", async () => {
  const { code, err } = await task("lab");
  strictEqual(code, 1);
  ok(err.includes("pip install jupyterlab"));
});
