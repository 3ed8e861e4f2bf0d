/** The corpus of a run as text in memory. It is encoded once, and batches are made from the ids. */
import type { Batch } from "../data/batch.ts";
import type { Document } from "../data/document.ts";
import { EncodedDocuments } from "../data/encoded_documents.ts";
import { EpochStream } from "../data/resumable_epoch.ts";
import { createRng, type RngState } from "../random.ts";
import { Throttle } from "../throttle.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { holdOut } from "../training/plan.ts";
import type { CorpusFacts } from "./config_file.ts";
import {
  chooseHeldOut,
  type CorpusUse,
  type Progress,
  PROGRESS_INTERVAL,
  type RunCorpus,
  type RunEpoch,
  type RunPlace,
  type SurveyOptions,
  type TextSurvey,
} from "./run_corpus.ts";
import type { RunDocuments } from "./run_documents.ts";
import { surveyText } from "./text_survey.ts";

/** The corpus of a run, held in memory as sentences and as ids. */
export class MemoryCorpus implements RunCorpus {
  readonly facts: CorpusFacts;
  readonly heldOutDocuments: readonly Document[];
  readonly #train: readonly Document[];
  readonly #tokenizer: BertTokenizer;
  readonly #use: CorpusUse;
  readonly #progress: Progress;
  #ids: EncodedDocuments | undefined;
  #heldOut: readonly Batch[] | undefined;

  /**
   * Makes a corpus of documents that were read. The training text is encoded when it is first needed.
   */
  constructor(
    { train, heldOut, facts }: RunDocuments,
    tokenizer: BertTokenizer,
    use: CorpusUse,
    progress: Progress,
  ) {
    this.facts = facts;
    this.heldOutDocuments = heldOut;
    this.#train = train;
    this.#tokenizer = tokenizer;
    this.#use = use;
    this.#progress = progress;
  }

  get #encoded(): EncodedDocuments {
    this.#ids ??= encode(this.#train, this.#tokenizer, this.#progress);
    return this.#ids;
  }

  get counts(): Float64Array {
    return this.#encoded.counts;
  }

  get heldOut(): readonly Batch[] {
    const { data, train, seed } = this.#use;
    const options = { documents: [], heldOut: this.#scored(), tokenizer: this.#tokenizer, seed };
    this.#heldOut ??= holdOut({ options, data, train });
    return this.#heldOut;
  }

  async survey(options: SurveyOptions): Promise<TextSurvey> {
    return await surveyText(this.#train, this.#encoded, this.#tokenizer, this.#use, options);
  }

  sample(): readonly Document[] {
    return this.#train;
  }

  epoch(epoch: number): RunEpoch {
    const { data, seed, train: { batchSize } } = this.#use;
    return new MemoryEpoch(
      new EpochStream(this.#encoded, this.#tokenizer, { data, batchSize, seed, epoch }),
    );
  }

  /** Does nothing, as only arrays are held. */
  [Symbol.dispose](): void {}

  /** The held-out documents, or as many of them as the setting `heldOutTokens` allows. */
  #scored(): readonly Document[] {
    const { heldOutTokens: most, seed } = this.#use;
    if (most === undefined) return this.heldOutDocuments;
    const sizes = this.heldOutDocuments.map(({ sentences }) =>
      sentences.reduce((sum, text) => sum + this.#tokenizer.ids(text).length, 0)
    );
    const rng = createRng(seed).fork("held out");
    const places = chooseHeldOut(sizes, most, (places) => rng.shuffle(places));
    return Array.from(places, (place) => this.heldOutDocuments[place]);
  }
}

function encode(
  documents: readonly Document[],
  tokenizer: BertTokenizer,
  progress: Progress,
): EncodedDocuments {
  const encoded = new EncodedDocuments(tokenizer);
  const throttle = new Throttle(PROGRESS_INTERVAL);
  for (const [i, document] of documents.entries()) {
    encoded.add(document);
    if (throttle.isDue()) {
      progress("encoding the text", `document ${i + 1} of ${documents.length}`);
    }
  }
  return encoded;
}

/** An epoch. To go to a place in it, all batches before that place are made again. */
class MemoryEpoch implements RunEpoch {
  readonly source: EpochStream;

  constructor(source: EpochStream) {
    this.source = source;
  }

  get place(): RunPlace {
    const { batches, generators } = this.source.place;
    return { batches, generators };
  }

  async goTo({ batches, generators }: RunPlace): Promise<boolean> {
    const found = await this.source.skip(batches);
    const now = this.place.generators;
    const same = Object.keys(now).every((job) => equalStates(now[job], generators[job]));
    return found === batches && same;
  }
}

function equalStates(a: RngState, b: RngState | undefined): boolean {
  return a.index === b?.index && a.words.every((word, i) => word === b.words[i]);
}
