import { deepStrictEqual, throws } from "node:assert";
import { readArguments } from "bert/cli/simple_options.ts";

const OPTIONS = {
  dtype: { type: "string" },
  replace: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

Deno.test("readArguments() takes options and words in any order", () => {
  const { values, positionals } = readArguments(
    ["in", "--dtype", "-x", "--replace", "out"],
    OPTIONS,
  );
  deepStrictEqual({ ...values }, { dtype: "-x", replace: true, help: false });
  deepStrictEqual(positionals, ["in", "out"]);
});

Deno.test("readArguments() refuses an option that is given twice, by name", () => {
  const bad: [string[], string][] = [
    [["--dtype", "a", "in", "--dtype", "b"], '"--dtype": it is given twice'],
    [["--dtype=a", "--dtype=a"], '"--dtype": it is given twice'],
    [["--replace", "--replace"], '"--replace": it is given twice'],
    [["-h", "--help"], '"--help": it is given twice'],
  ];
  for (const [args, problem] of bad) {
    const message = `Invalid option = ${problem}: leave one out`;
    throws(() => readArguments(args, OPTIONS), { name: "ConfigError", message }, `${args}`);
  }
});
