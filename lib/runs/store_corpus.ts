/**
 * The corpus of a run as a prepared store. Memory holds one window of each lane, whatever the size of
 * the store.
 */
import type { Batch } from "../data/batch.ts";
import type { Document, TokenIds, TokenizedDocument } from "../data/document.ts";
import { createRng } from "../random.ts";
import { cutStore, WindowOrder } from "../store/lane_order.ts";
import { LaneStream } from "../store/lanes.ts";
import type { PreparedCorpus } from "../store/prepared.ts";
import { surveyStore } from "../store/store_survey.ts";
import type { Team } from "../team/team.ts";
import { holdOutIds } from "../training/plan.ts";
import type { CorpusFacts } from "./config_file.ts";
import {
  chooseHeldOut,
  type CorpusUse,
  type RunCorpus,
  type RunEpoch,
  type RunPlace,
  type TextSurvey,
} from "./run_corpus.ts";

/** About how many held-out tokens a model is evaluated on by default. */
const HELD_OUT_TOKENS = 500_000;

/** The corpus of a run as an open store. */
export class StoreCorpus implements RunCorpus {
  readonly facts: CorpusFacts;
  readonly #corpus: PreparedCorpus;
  readonly #use: CorpusUse;
  #scored: readonly TokenizedDocument[] | undefined;
  #heldOut: readonly Batch[] | undefined;

  /** Takes an open store. Disposing of the corpus closes it. */
  constructor(corpus: PreparedCorpus, use: CorpusUse) {
    const { train, heldOut, sha256 } = corpus;
    this.#corpus = corpus;
    this.#use = use;
    this.facts = { sha256, training: train.documents, heldOut: heldOut?.documents ?? 0 };
  }

  get counts(): Float64Array {
    return Float64Array.from(this.#corpus.facts.histogram);
  }

  get heldOutDocuments(): readonly Document[] {
    return this.#asText(this.#scoredDocuments());
  }

  get heldOut(): readonly Batch[] {
    const { data, train, seed } = this.#use;
    const { tokenizer } = this.#corpus;
    this.#heldOut ??= holdOutIds(this.#scoredDocuments(), tokenizer, { data, train, seed });
    return this.#heldOut;
  }

  survey(): Promise<TextSurvey> {
    const { data, seed, train: { batchSize, accumulation: lanes } } = this.#use;
    const { train, tokenizer, facts } = this.#corpus;
    const options = { data, seed, epoch: 1, batchSize, lanes };
    const found = surveyStore(train, tokenizer, options);
    const { countedShare, pairs, notNext } = found;
    const text = {
      documents: facts.documents,
      sentences: facts.sentences,
      tokens: facts.tokens,
      unknownShare: facts.unknownShare,
      reachedShare: found.reachedShare,
      unusedDocuments: Math.round(found.unusedDocuments / countedShare),
      equalDocuments: facts.settings === undefined ? null : 0, // prepare() leaves such documents out
      pairs,
      notNextShare: pairs === 0 ? null : notNext / pairs,
      exampleTokens: found.exampleTokens / found.examples,
      ...(countedShare < 1 ? { countedShare } : {}),
    };
    return Promise.resolve({ text, steps: found.steps, estimated: countedShare < 1 });
  }

  sample(): readonly Document[] {
    const { data, seed, train: { accumulation: lanes } } = this.#use;
    const { train } = this.#corpus;
    const order = new WindowOrder(train, cutStore(train, lanes), { data, seed, epoch: 1 });
    return this.#asText(order.read(0));
  }

  epoch(epoch: number, team: Team): RunEpoch {
    const { data, seed, train: { batchSize, accumulation: lanes } } = this.#use;
    const { train, tokenizer } = this.#corpus;
    const count = lanes / team.size;
    const sum = team.size > 1 ? (values: readonly number[]) => team.sumCounts(values) : undefined;
    const share = { lanes, first: team.rank * count, count, sum };
    return new StoreEpoch(
      new LaneStream(train, tokenizer, { data, batchSize, seed, epoch, ...share }),
    );
  }

  [Symbol.dispose](): void {
    this.#corpus[Symbol.dispose]();
  }

  /** Decodes documents. Ids do not keep spaces and unknown words, nor the case that was removed. */
  #asText(documents: readonly TokenizedDocument[]): Document[] {
    const { tokenizer } = this.#corpus;
    const text = (ids: TokenIds) => tokenizer.decode([...ids]);
    return documents.map(({ name, sentences }) => ({
      name,
      sentences: sentences.map(({ ids }) => text(ids)),
    }));
  }

  #scoredDocuments(): readonly TokenizedDocument[] {
    this.#scored ??= this.#readScored();
    return this.#scored;
  }

  #readScored(): TokenizedDocument[] {
    const { heldOut } = this.#corpus;
    if (!heldOut) return [];
    const { heldOutTokens = HELD_OUT_TOKENS, seed } = this.#use;
    const sizes = Uint32Array.from(
      { length: heldOut.documents },
      (_, i) => heldOut.documentTokens(i),
    );
    const rng = createRng(seed).fork("held out");
    const places = chooseHeldOut(sizes, heldOutTokens, (places) => rng.shuffle(places));
    return Array.from(places, (place) => heldOut.document(place));
  }
}

/** An epoch. To go to a place in it, only one window of each lane is read. */
class StoreEpoch implements RunEpoch {
  readonly source: LaneStream;

  constructor(source: LaneStream) {
    this.source = source;
  }

  get place(): RunPlace {
    const { steps: batches, places: lanes } = this.source;
    return { batches, generators: {}, lanes };
  }

  goTo({ batches, lanes = [] }: RunPlace): Promise<boolean> {
    return Promise.resolve(this.source.goTo(lanes, batches));
  }
}
