/** `deno task prepare`: turns texts of any size into a corpus on disk. */
import { ConfigError } from "../errors.ts";
import { withoutEndSlash } from "../files/path.ts";
import { count, percent, several } from "../format.ts";
import { shellWord } from "../shell_quote.ts";
import {
  flag,
  formatOptions,
  type Given,
  type Option,
  type Options,
  parseOptions,
} from "../runs/option_parser.ts";
import { RUN_OPTIONS } from "../runs/settings_table.ts";
import { prepare } from "../store/prepare.ts";
import type { PreparedFacts } from "../store/prepared_facts.ts";
import type { PrepareOptions } from "../store/prepare_settings.ts";
import { withoutUndefined } from "../tokenizer/options.ts";
import { checkStartedOnce } from "../team/first_speaker.ts";
import { Output } from "./terminal_output.ts";
import { PrepareLine } from "./prepare_status.ts";
import { Interruption } from "./signals.ts";

type Name =
  | "out"
  | "vocab"
  | "vocabSize"
  | "vocabSample"
  | "heldOutTokens"
  | "minTokens"
  | "workers"
  | (typeof SHARED)[number];

/** The options that have the same meaning as in `deno task pretrain`. */
const SHARED = [
  "textColumn",
  "documentColumn",
  "noDocumentColumn",
  "sentencePerLine",
  "cased",
  "keepAccents",
  "locale",
  "heldOut",
  "seed",
] as const;

const shared = Object.fromEntries(SHARED.map((name) => [name, RUN_OPTIONS[name]]));

const OPTIONS = {
  out: { kind: "text", value: "FOLDER", help: "the corpus to write, new: data/NAME" },
  vocab: {
    kind: "text",
    value: "PATH",
    help: "a vocab.txt, a tokenizer.json, or the folder of a tokenizer or model",
  },
  vocabSize: { kind: "count", least: 6, help: "pieces of the vocabulary to learn (30522)" },
  vocabSample: {
    kind: "count",
    value: "MB",
    help: "size of the sample of the texts from which the vocabulary is learnt (256)",
  },
  ...shared,
  locale: {
    ...RUN_OPTIONS.locale,
    help: "language of the text, such as de, tr or pt-BR (that of --vocab, else en);\n" +
      "it decides where sentences end and how I is lower-cased",
  },
  heldOutTokens: { kind: "count", value: "N", help: "hold out at most this many tokens (500000)" },
  minTokens: { kind: "count", help: "documents of fewer tokens are left out (1)" },
  workers: { kind: "count", help: "helper threads (one for each core)" },
} as Options<Name>;

/** The option `--corpus`, which `readArguments()` reads, as several words may follow it. */
const CORPUS: Option = {
  kind: "text",
  value: "PATH…",
  help:
    ".txt, .csv, .jsonl (also compressed: .gz, .zst), .parquet, files of wikiextractor,\nor folders of them",
};

const HELP_OPTION: Option = { kind: "switch", help: "this text" };

const HELP =
  `Splits texts into sentences and tokens, on all cores, and writes a corpus that may be larger than memory.

  deno task prepare --corpus wiki --vocab vocab.txt --out data/wiki
  deno task prepare --corpus a.parquet b.jsonl.gz --vocab-size 30522 --out data/ab
  deno task pretrain --corpus data/wiki --out runs/wiki

It can be stopped at any moment; the same command then goes on. The folder holds train.bin and
train.idx (Megatron-LM's indexed dataset), held_out.bin and held_out.idx, the tokenizer, and
prepared.json with counts and digests.

${formatOptions({ corpus: CORPUS, ...OPTIONS, help: HELP_OPTION })}`;

const NOT_SCORED = "Note: No document could be held out, so a run on this corpus has no held-out " +
  "scores: more documents are needed";

const STOPPING = "the work so far is being saved; a second signal stops at once";

/**
 * Runs the task.
 *
 * @returns The code to exit with: 0, or that of the signal that stopped it.
 * @throws {Error} If the task fails. The message says what to do.
 */
export async function prepareCommand(args: readonly string[]): Promise<number> {
  await checkStartedOnce("deno task prepare");
  const output = new Output();
  if (args.some((arg) => arg === "--help" || arg === "-h")) {
    output.say(HELP);
    return 0;
  }
  const options = readArguments(args);
  await checkWritable(options.out);
  using stop = new Interruption((signal) => output.say(`${signal}: ${STOPPING}`));
  const signal = stop.listen();
  const { facts, wasThere } = await run(options, signal, output);
  if (!facts) {
    output.say("Stopped. The same command goes on from here");
    return stop.code;
  }
  for (const line of describe(facts)) output.say(line);
  if (facts.heldOut.documents === 0 && options.heldOut !== 0) output.say(NOT_SCORED);
  const done = wasThere ? "It was prepared before" : "Prepared";
  const next = `deno task pretrain --corpus ${shellWord(options.out)} --out runs/NAME`;
  output.say(`${done}. To train on it: ${next}`);
  return 0;
}

async function run(options: PrepareOptions, signal: AbortSignal, output: Output) {
  using line = new PrepareLine(output);
  const hooks = {
    signal,
    onProgress: line.show.bind(line),
    onNote: (text: string) => output.say(`Note: ${text}`),
  };
  try {
    return await prepare({ ...options, onLeftOut: hooks.onNote }, hooks);
  } catch (error) {
    throw inWordsOfTask(error);
  }
}

/** Reads the command line. `--corpus` may be followed by several words. */
function readArguments(args: readonly string[]): PrepareOptions {
  const corpus: string[] = [];
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i].startsWith("--corpus=")) corpus.push(args[i].slice("--corpus=".length));
    else if (args[i] !== "--corpus") rest.push(args[i]);
    else while (i + 1 < args.length && !args[i + 1].startsWith("--")) corpus.push(args[++i]);
  }
  const given: Given<Name> = parseOptions(rest, OPTIONS);
  const { cased, keepAccents, noDocumentColumn, documentColumn, locale, ...options } = given;
  if (corpus.length === 0) {
    throw new ConfigError("--corpus", undefined, "must name texts, as in --corpus wiki");
  }
  if (given.out === undefined) {
    throw new ConfigError("--out", undefined, "must name a folder, as in --out data/wiki");
  }
  return {
    ...options,
    out: withoutEndSlash(`${given.out}`),
    corpus,
    locale,
    documentColumn: noDocumentColumn ? false : documentColumn,
    tokenizer: withoutUndefined(
      {
        lowercase: cased === undefined ? undefined : !cased,
        stripAccents: keepAccents === undefined ? undefined : !keepAccents,
        locale,
      } as PrepareOptions["tokenizer"] & object,
    ),
  } as PrepareOptions;
}

/**
 * Checks at once whether the task may write to the folder, and not when the first file is written. At a
 * terminal, Deno asks for the permission.
 */
async function checkWritable(out: string): Promise<void> {
  for (const path of [out, `${out}.unfinished`]) {
    const { state } = await Deno.permissions.request({ name: "write", path });
    if (state === "granted") continue;
    const advice = "must lie in data/, where this task may write; for any other folder call " +
      '"deno run -A lib/cli/main.ts prepare …"';
    throw new ConfigError("--out", out, advice);
  }
}

/** Rewords an error about an option with its name on the command line. */
function inWordsOfTask(error: unknown): unknown {
  if (!(error instanceof ConfigError) || error.field.startsWith("-")) return error;
  const known = ["corpus", ...Object.keys(OPTIONS)].includes(error.field);
  if (error.field === "lowercase") return new ConfigError("--cased", !error.value, error.advice);
  return known ? new ConfigError(flag(error.field), error.value, error.advice) : error;
}

function describe(facts: PreparedFacts): string[] {
  const { documents, sentences, tokens, heldOut, duplicates, short, unknownShare } = facts;
  return [
    `to train on   ${several(documents, "document")}, ${several(sentences, "sentence")}, ` +
    `${count(tokens)} tokens, ${percent(unknownShare, 2)} of them [UNK]`,
    `held out      ${several(heldOut.documents, "document")}, ${count(heldOut.tokens)} tokens`,
    `left out      ${count(duplicates)} with the same text as an earlier one, ${count(short)} ` +
    "without text or too short",
  ];
}
