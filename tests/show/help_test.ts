import { ok, strictEqual, throws } from "node:assert";
import { help } from "bert/show/help.ts";
import { PYTHON_NAMES } from "bert/show/python_names.ts";

Deno.test("help() shows signature, options with their defaults, errors and an example", () => {
  const { text } = help("pretrain");
  for (
    const part of [
      'import { pretrain } from "bert/training/pretrain.ts";',
      "): Promise<History>",
      "export interface PretrainOptions {",
      "export interface TrainConfig {",
      "export const DATA_DEFAULTS: DataConfig = {\n  maxLength: 128,",
      "**Throws**\n\n- `TypeError`: ",
      "\n- `ConfigError`: If an option is unknown",
      "**Example**\n\n```ts\n",
    ]
  ) {
    ok(text.includes(part), part);
  }
});

Deno.test("help() lists the public members of a class, and no private ones", () => {
  const { text } = help("BertTokenizer");
  ok(text.includes("decode(") && text.includes("ids(text: string)"));
  ok(!/^ +(readonly )?#/m.test(text));
});

Deno.test("help() refers to the functions that a doc comment names", () => {
  ok(help("nspData").text.includes('See also `help("nspExamples")`'));
});

Deno.test("help() without a name lists all names, file by file", () => {
  const { text } = help();
  ok(/\*\*lib\/data\/mlm\.ts\*\*: .*`mlmData`/.test(text));
});

Deno.test("help() refuses a name that the library does not have, and names the nearest", () => {
  throws(
    () => help("nspdata"),
    new RangeError('The library exports nothing that is called "nspdata": did you mean "nspData"?'),
  );
  throws(
    () => help("pandas.DataFrame"),
    new RangeError(
      'The library exports nothing that is called "pandas.DataFrame": help() lists all names',
    ),
  );
});

Deno.test("help() answers a name of Python's libraries with the names here, all of which exist", () => {
  throws(
    () => help("transformers.BertForSequenceClassification"),
    new RangeError(
      'The library exports nothing that is called "transformers.BertForSequenceClassification": ' +
        'see help("BertClassifier") and help("loadClassifier")',
    ),
  );
  throws(
    () => help("BertForTokenClassification"),
    /see help\("BertTokenClassifier"\) and help\("loadTokenClassifier"\)/,
  );
  const others = { "tokenizer.json": "BertTokenizer", "attention_mask": "ModelInputs" };
  for (const [name, here] of Object.entries({ ...others, perplexity: "evaluate" })) {
    throws(() => help(name), new RegExp(`: see help\\("${here}"\\)`));
  }
  const { text } = help();
  for (const [name, here] of PYTHON_NAMES) {
    ok(!text.includes(`\`${name}\``), name);
    for (const one of here) ok(text.includes(`\`${one}\``), one);
  }
});

Deno.test("help() gives Markdown for a notebook and the same text for a terminal", () => {
  const bundle = help("mlmData").bundle();
  strictEqual(bundle["text/markdown"], bundle["text/plain"]);
});
