import { deepStrictEqual, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { parse, stringify } from "bert/files/csv.ts";
import { readMetrics } from "bert/training/metrics_file.ts";
import { SETTINGS } from "../support/arbitrary.ts";
import { HOSTILE } from "../support/hostile.ts";
import { testRefusals, untyped } from "../support/refuses.ts";

Deno.test("parse() reads what stringify() writes, whatever the fields hold", () => {
  const field = fc.string({ unit: fc.constantFrom(..."ab,;\"'\n\r \t") });
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 2 }), { minLength: 1 });
  fc.assert(
    fc.property(rows, (rows) => {
      const unix = rows.map((row) => row.map((text) => text.replace(/\r\n?/g, "\n")));
      deepStrictEqual(parse(stringify(unix)), unix);
    }),
    SETTINGS,
  );
});

Deno.test("stringify() writes numbers and texts, and null and undefined as empty fields", () => {
  const rows = [["a", 7, 0.1, NaN, 7n, true, null, undefined], ['say "no"', "one, two"]];
  strictEqual(
    stringify(rows),
    'a,7,0.1,NaN,7,true,,\r\n"say ""no""","one, two"\r\n',
  );
});

testRefusals([
  [
    "CSV with a stray quote",
    () => parse('a,b"c\n', {}, "rows.csv"),
    'FormatError: Cannot read rows.csv: expected CSV, found a stray quote (Syntax error on line 1; parse error on line 1, column 4: bare " in non-quoted-field): put the whole field in quotes, and each quote inside it twice: ""',
  ],
  [
    "CSV of a number instead of a text",
    () => parse(untyped(5)),
    "TypeError: Cannot call parse(text, options, name): text must be a text, found 5",
  ],
  [
    "CSV with a mistyped option",
    () => parse("a;b", untyped({ sep: ";" })),
    "ConfigError: Unknown option sep of parse(): did you mean separator? The options are separator",
  ],
  [
    "CSV of rows that are objects",
    () => stringify(untyped([{ a: 1 }])),
    "TypeError: Cannot call stringify(rows): entry 0 of rows must be an array of texts and numbers, found an object with a",
  ],
  [
    "CSV with an object in a field",
    () => stringify([["a"], untyped([Object.create(null)])]),
    "TypeError: Cannot call stringify(rows): entry 1 of rows must be an array of texts and numbers, found an array",
  ],
  [
    "metrics with a stray quote",
    async () => {
      const path = await Deno.makeTempFile();
      await Deno.writeTextFile(path, 'split,step,tokens,seconds\ntrain,1,2,"3\n');
      const error = await readMetrics(path).then(() => undefined, (error) => error);
      await Deno.remove(path);
      throw Object.assign(error, { message: error.message.replace(path, "metrics.csv") });
    },
    'FormatError: Cannot read metrics.csv: expected CSV, found a stray quote (Syntax error on line 2; parse error on line 2, column 1: extraneous or missing " in quoted-field): put the whole field in quotes, and each quote inside it twice: ""',
  ],
]);

Deno.test("a separator must be one character, and neither a quote nor a line end", () => {
  for (const separator of [...Object.values(HOSTILE), "", ";;", '"', "\n"]) {
    if (separator === undefined || separator === "a") continue;
    throws(() => parse("a", { separator: untyped(separator) }), {
      name: "ConfigError",
      field: "separator",
    });
  }
  deepStrictEqual(parse("a;b", { separator: ";" }), [["a", "b"]]);
});
