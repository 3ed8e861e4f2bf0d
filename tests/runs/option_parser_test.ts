import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert";
import { formatOptions, optionsFromJson, parseOptions } from "bert/runs/option_parser.ts";
import { RUN_DEFAULTS } from "bert/runs/run_settings.ts";
import { completeSettings, libraryConfigs, modelConfig } from "bert/runs/complete_settings.ts";
import { corpusOptions } from "bert/runs/run_documents.ts";
import { RUN_OPTIONS } from "bert/runs/settings_table.ts";

const parse = (...args: string[]) => parseOptions(args, RUN_OPTIONS);

Deno.test("parseOptions() reads values after a space or =, switches and negated switches", () => {
  deepStrictEqual(
    parse("--batch-size", "8", "--lr=1e-4", "--whole-word", "--no-packing", "--corpus", "-x.csv"),
    { batchSize: 8, lr: 1e-4, wholeWord: true, packing: false, corpus: "-x.csv" },
  );
  deepStrictEqual(parse(), {});
});

Deno.test("parseOptions() refuses unknown options and impossible values, and suggests the nearest name", () => {
  const bad: [string[], RegExp][] = [
    [
      ["--batchsize", "8"],
      /option = "--batchsize": it is not one of this task: did you mean --batch-size\?/,
    ],
    [["--learning-rate", "1e-4"], /it is not one of this task: did you mean --lr\?/],
    [["--mlm-probability", "0.15"], /did you mean --mask\?/],
    [["--vocab", "a.txt"], /prepare the corpus with it \(deno task prepare --vocab PATH --out/],
    [["--fp16"], /did you mean --precision\?/],
    [["--verbose"], /option = "--verbose": .* see --help/],
    [["-s", "5"], /option = "-s"/],
    [["sotu"], /argument = "sotu": it follows no option/],
    [["--no-corpus"], /option = "--no-corpus"/],
    [["--steps"], /--steps = undefined: it must be followed by a value, as in --steps 100/],
    [["--steps", "--lr", "1"], /--steps = "--lr": it must be followed by a value/],
    [["--steps", "ten"], /--steps = "ten": it must be a whole number of at least 1/],
    [["--steps", "0"], /--steps = 0: it must be a whole number of at least 1/],
    [["--steps", "1.5"], /--steps = 1.5/],
    [["--steps="], /--steps/],
    [["--lr", "-1"], /--lr = -1: it must be a number above 0/],
    [["--lr", "Infinity"], /--lr/],
    [["--mask", "15"], /--mask = 15: it must be a share from 0 to 1/],
    [["--preset", "larg"], /--preset = "larg": it must be one of smoke, tiny, mini/],
    [["--preset", "smal"], /did you mean "small"\?/],
    [["--whole-word=yes"], /--whole-word = "yes": it is a switch without a value/],
    [["--corpus", ""], /--corpus = "": it must be a text/],
    [["--vocab-size", "3"], /--vocab-size = 3: it must be a whole number of at least 6/],
    [["--on-nan", "ignore"], /--on-nan = "ignore": it must be one of stop, skip/],
  ];
  for (const [args, message] of bad) {
    throws(() => parse(...args), { name: "ConfigError", message }, `${args}`);
  }
});

Deno.test("an option that is given twice is refused by name, in every form, as is its opposite", () => {
  const bad: [string[], string][] = [
    [["--steps", "1", "--steps", "2"], '"--steps": it is given twice: leave one out'],
    [["--steps", "1", "--steps", "1"], '"--steps": it is given twice: leave one out'],
    [["--steps=1", "--lr", "1", "--steps", "2"], '"--steps": it is given twice: leave one out'],
    [["--whole-word", "--whole-word"], '"--whole-word": it is given twice: leave one out'],
    [["--packing", "--no-packing"], '"--no-packing": it contradicts --packing: leave one out'],
  ];
  for (const [args, problem] of bad) {
    const message = `Invalid option = ${problem}`;
    throws(() => parse(...args), { name: "ConfigError", message }, `${args}`);
  }
});

Deno.test("optionsFromJson() refuses unknown settings and wrong kinds, with the file's name", () => {
  const read = (json: Record<string, unknown>) => optionsFromJson(json, RUN_OPTIONS, "my.json");
  deepStrictEqual(read({ batchSize: 4, packing: false }), { batchSize: 4, packing: false });
  const bad: [Record<string, unknown>, RegExp][] = [
    [
      { batch_size: 4 },
      /Cannot read my.json: there is no setting "batch_size": did you mean "batchSize"/,
    ],
    [{ batchSize: "4" }, /my.json: Invalid batchSize = "4": it must be a whole number/],
    [{ packing: 1 }, /packing = 1: it must be true or false/],
    [{ corpus: null }, /corpus = null: it must be a text/],
  ];
  for (const [json, message] of bad) throws(() => read(json), { name: "FormatError", message });
});

Deno.test("the help lists every option once, and every number with its actual default", () => {
  const help = formatOptions(RUN_OPTIONS);
  for (const name of Object.keys(RUN_OPTIONS)) {
    const option = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    deepStrictEqual(help.split(new RegExp(`^  ${option}(?= )`, "m")).length, 2, option);
  }
  for (const [name, value] of Object.entries(RUN_DEFAULTS)) {
    if (typeof value !== "number") continue;
    match(RUN_OPTIONS[name as keyof typeof RUN_OPTIONS].help, new RegExp(`\\(${value}\\)`), name);
  }
});

Deno.test("a run makes one epoch unless it is given steps or minutes", () => {
  const epochs = (given: object) => libraryConfigs(completeSettings(given)).train.epochs;
  deepStrictEqual([epochs({}), epochs({ epochs: 3 }), epochs({ steps: 9, epochs: 2 })], [1, 3, 2]);
  ok(epochs({ steps: 9 }) > 1000 && epochs({ maxMinutes: 2 }) > 1000);
  const { train, data } = libraryConfigs(completeSettings({ maxMinutes: 2, length: 64 }));
  deepStrictEqual([train.maxSeconds, data.maxLength, data.maxPredictions], [120, 64, undefined]);
});

Deno.test("--no-document-column says that every row is a document", () => {
  const settings = completeSettings(parseOptions(["--no-document-column"], RUN_OPTIONS));
  strictEqual(corpusOptions(settings).documentColumn, false);
  const named = completeSettings(parseOptions(["--document-column", "id"], RUN_OPTIONS));
  strictEqual(corpusOptions(named).documentColumn, "id");
  throws(() => completeSettings({ noDocumentColumn: true, documentColumn: "id" }), {
    message: /^Invalid --document-column = "id": it cannot be set beside --no-document-column/,
  });
});

Deno.test("--recipe short is notebook 10's recipe, and settings beside it take precedence", () => {
  const short = completeSettings({ recipe: "short" });
  const { headStart, heads, initialRange, dropout, lr, beta2, length, batchSize, steps } = short;
  strictEqual(short.countedStart, true);
  deepStrictEqual(
    [headStart, heads, initialRange, dropout, lr, beta2, length, batchSize, steps],
    [true, 8, 0.06, 0, 3e-3, 0.98, 64, 32, 5000],
  );
  const mine = completeSettings({ recipe: "short", lr: 1e-3, maxMinutes: 5 });
  deepStrictEqual([mine.lr, mine.steps, mine.headStart], [1e-3, undefined, true]);
  deepStrictEqual(completeSettings({ ...short }), short); // from a run's config.json
});

Deno.test("--layers, --hidden-size and --intermediate-size change the preset, heads with the width", () => {
  const size = (given: object) => {
    const config = modelConfig(completeSettings(given), 100);
    const { numHiddenLayers, hiddenSize, numAttentionHeads, intermediateSize } = config;
    return [numHiddenLayers, hiddenSize, numAttentionHeads, intermediateSize];
  };
  deepStrictEqual(size({}), [2, 128, 2, 512]);
  deepStrictEqual(size({ layers: 5 }), [5, 128, 2, 512]);
  deepStrictEqual(size({ hiddenSize: 192 }), [2, 192, 3, 768]);
  deepStrictEqual(size({ hiddenSize: 48, heads: 3, intermediateSize: 64 }), [2, 48, 3, 64]);
});
