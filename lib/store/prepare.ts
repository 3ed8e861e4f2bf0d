/** Preparing texts of any size as a corpus on disk, for `deno task prepare`. */
import { FormatError } from "../errors.ts";
import { readTextIfThere } from "../files/optional_file.ts";
import { Throttle } from "../throttle.ts";
import { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import type { EncodedBatch } from "./encode_batch.ts";
import { EncodePool } from "./encode_pool.ts";
import type { PreparedFacts } from "./prepared_facts.ts";
import {
  checkInputs,
  findInputs,
  type Input,
  type InputPlace,
  InputReader,
} from "./prepare_inputs.ts";
import {
  type PrepareHooks,
  type PrepareOptions,
  type PrepareSettings,
  prepareSettings,
  settingsText,
} from "./prepare_settings.ts";
import { learnTokenizer, namedTokenizer } from "./prepare_vocab.ts";
import { beginning, type BuilderPlace, PLACE_FILE, StoreBuilder } from "./store_builder.ts";
import { factsIfThere, type OpenFacts, settingsDigest, WorkFolder } from "./work_folder.ts";

/** The result of `prepare()`. */
export interface Prepared {
  /** The facts of the corpus; undefined if preparing was stopped, which the same call continues. */
  readonly facts: PreparedFacts | undefined;
  /** Whether an earlier call with the same settings had finished the corpus. */
  readonly wasThere: boolean;
}

/**
 * Splits and encodes texts on all cores and writes them into a folder, which `openPrepared()` opens.
 *
 * Documents keep the order of the input, except those that were held out for a while and then
 * displaced. A document is left out if its text occurred before or if it has fewer tokens than
 * `minTokens`. The names of the documents and the seed decide which are held out, see `HeldOutPool`.
 *
 * The process can be killed at any moment; the same call continues from the last save. Until the
 * corpus is complete, the files are in the folder `OUT.unfinished`, which the last step renames.
 *
 * @param hooks Functions to call, and a signal that stops it. Default: none.
 * @throws {ConfigError} If an option cannot work, or the folder holds something else.
 * @throws {FormatError} If a text cannot be read; the message names the file. What was saved is kept.
 *
 * @example
 * ```ts
 * import { openPrepared } from "bert/store/prepared.ts";
 * import { prepare } from "bert/store/prepare.ts";
 * import { ok, strictEqual } from "node:assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/a.txt`, "The sea is wide.\n\nCall me. I come.\n\nGo.\n");
 * const { facts } = await prepare({
 *   corpus: [`${folder}/a.txt`],
 *   out: `${folder}/a`,
 *   vocabSize: 60,
 *   workers: 1,
 * });
 * strictEqual(facts!.documents + facts!.heldOut.documents, 3);
 * using corpus = await openPrepared(`${folder}/a`);
 * ok(corpus.train.tokens > 0);
 * ```
 */
export async function prepare(
  options: PrepareOptions,
  hooks: PrepareHooks = {},
): Promise<Prepared> {
  const settings = prepareSettings(options);
  using pool = new EncodePool(settings.workers); // its threads load their code in the meantime
  const inputs = await findInputs(settings);
  const named = await namedTokenizer(settings);
  const text = settingsText(settings, named);
  const digest = settingsDigest(text, inputs);
  const before = await factsIfThere(settings.out, digest);
  if (before) return { facts: before, wasThere: true };
  using work = await WorkFolder.open(settings.out, text);
  const facts = await work.facts(digest) ??
    await encodeAll({ settings, inputs, named, hooks, pool }, work);
  if (!facts) return { facts: undefined, wasThere: false };
  const { documents, tokens } = facts;
  hooks.onProgress?.({ stage: "finishing", bytes: 0, totalBytes: 0, documents, tokens });
  const sealed = await unlessStopped(() => work.seal(facts, hooks.signal), hooks);
  return { facts: sealed, wasThere: false };
}

/** The settings, inputs and threads of one call of `prepare()`. */
interface Call {
  readonly settings: PrepareSettings;
  readonly inputs: readonly Input[];
  /** The tokenizer that the settings name; undefined if a vocabulary is learnt. */
  readonly named: BertTokenizer | undefined;
  readonly hooks: PrepareHooks;
  readonly pool: EncodePool;
}

/** Encodes the rest of the texts; undefined if it was stopped before the end. */
async function encodeAll(call: Call, { folder, work }: WorkFolder): Promise<OpenFacts | undefined> {
  const { settings, inputs, named } = call;
  const text = await readTextIfThere(`${work}/${PLACE_FILE}`);
  const tokenizer = text === undefined
    ? await chosenTokenizer(call)
    : await BertTokenizer.fromPretrained(folder);
  if (!tokenizer) return undefined;
  call.pool.begin(tokenizer, { locale: localeOf(settings, tokenizer), seed: settings.seed });
  if (text === undefined) await tokenizer.save(folder);
  const place = text === undefined
    ? beginning(tokenizer.vocab.size)
    : JSON.parse(text) as BuilderPlace;
  using builder = new StoreBuilder({ folder, work }, tokenizer, settings, place);
  checkInputs(inputs, place.inputs, place.isRead);
  if (!place.isRead) {
    builder.save(place.input, inputs, false);
    const isRead = await encodeFrom(place.input, builder, call);
    if (!isRead) return undefined;
  }
  const made = builder.finish();
  if (made.documents === 0) {
    const names = settings.corpus.join(", ");
    throw new FormatError(names, "expected at least one document, found no text: check the files");
  }
  return {
    ...made,
    unknownShare: made.histogram[tokenizer.vocab.unkId] / made.tokens,
    sources: settings.corpus,
    tokenizer: tokenizer.options,
    locale: localeOf(settings, tokenizer),
    settings: settingsDigest(settingsText(settings, named), inputs),
  };
}

/** The tokenizer of a new corpus; undefined if it was stopped before one was learnt. */
async function chosenTokenizer({ settings, inputs, named, hooks }: Call) {
  const learn = () => learnTokenizer(settings, new InputReader(inputs, settings), hooks);
  return named ?? await unlessStopped(learn, hooks);
}

/** The result of `make()`; undefined if the signal stopped it. */
async function unlessStopped<T>(
  make: () => Promise<T>,
  { signal }: PrepareHooks,
): Promise<T | undefined> {
  try {
    return await make();
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

/** The language by which sentences are split. */
function localeOf({ locale }: PrepareSettings, { options }: BertTokenizer): string {
  return locale ?? options.locale ?? "en";
}

/** The number of batches for each helper thread that are read in advance. */
const AHEAD = 3;

/** Encodes on all threads and writes in the order of the input; returns false if it was stopped. */
async function encodeFrom(
  from: InputPlace,
  builder: StoreBuilder,
  { settings, inputs, pool, hooks: { onProgress, signal } }: Call,
): Promise<boolean> {
  const { workers, saveSeconds } = settings;
  const reader = new InputReader(inputs, settings);
  const pending: { batch: Promise<EncodedBatch> | undefined; place: InputPlace }[] = [];
  let place = from;
  const saving = new Throttle(1000 * saveSeconds);
  const writeNext = async () => {
    const next = pending.shift()!;
    const batch = await next.batch;
    if (batch) builder.add(batch);
    place = next.place;
    if (saving.isDue()) builder.save(place, inputs, false);
    const { bytes, totalBytes } = reader;
    const { documents, tokens } = builder;
    onProgress?.({ stage: "encoding", bytes, totalBytes, documents, tokens });
  };
  for await (const { documents, place } of reader.batches(from)) {
    const batch = documents.length > 0 ? pool.encode(documents) : undefined;
    batch?.catch(() => {}); // it is awaited later, in the order of the input
    pending.push({ batch, place });
    if (pending.length > AHEAD * workers) await writeNext();
    if (signal?.aborted) break;
  }
  while (pending.length > 0 && !signal?.aborted) await writeNext();
  builder.save(place, inputs, !signal?.aborted);
  return !signal?.aborted;
}
