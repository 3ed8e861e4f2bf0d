/** Writing the files of a prepared corpus, and saving a place from which preparing can continue. */
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { replaceFileSync } from "../files/write.ts";
import { DigestSet } from "./duplicates.ts";
import type { EncodedBatch } from "./encode_batch.ts";
import { HeldOutPool, type RankedDocument } from "./held_out_pool.ts";
import { idTypeFor } from "./indexed_layout.ts";
import { IndexedWriter, START, type WriterPlace } from "./indexed_writer.ts";
import { HELD_OUT, TRAIN } from "./prepared.ts";
import type { PreparedFacts } from "./prepared_facts.ts";
import { FIRST_PLACE, type Input, type InputPlace } from "./prepare_inputs.ts";
import type { PrepareSettings } from "./prepare_settings.ts";

/** The counts of the documents that were left out. */
interface LeftOut {
  /** Those with the text of an earlier document. */
  duplicates: number;
  /** Those with too few tokens. */
  short: number;
}

/** The state from which preparing continues after it was stopped. It is saved as JSON. */
export interface BuilderPlace extends LeftOut {
  /** The place in the inputs. */
  readonly input: InputPlace;
  /** The inputs up to this place. */
  readonly inputs: readonly Input[];
  /** Whether all inputs were read. */
  readonly isRead: boolean;
  /** The place in the store of the text to train on. */
  readonly train: WriterPlace;
  /** The number of digests in the file of digests. */
  readonly digests: number;
  /** How often each piece of the vocabulary occurs in the text to train on. */
  readonly histogram: readonly number[];
  /** The state of the `HeldOutPool`: its documents, and the rank below which others are held out. */
  readonly below: number | null;
  readonly held: readonly { rank: number; ids: readonly number[]; lengths: readonly number[] }[];
}

/** The state at the beginning. */
export function beginning(vocabSize: number): BuilderPlace {
  return {
    input: FIRST_PLACE,
    inputs: [],
    isRead: false,
    train: START,
    digests: 0,
    histogram: Array<number>(vocabSize).fill(0),
    below: null,
    held: [],
    duplicates: 0,
    short: 0,
  };
}

/** The folders in which a corpus is prepared. */
export interface BuilderFolders {
  /** The folder that becomes the corpus. */
  readonly folder: string;
  /** A folder in it that is removed at the end. */
  readonly work: string;
}

/** The name of the file of the place, in the folder `work`. */
export const PLACE_FILE = "place.json";

/** Takes encoded documents in order. Declare it with `using`, which closes its files. */
export class StoreBuilder implements Disposable {
  readonly #folders: BuilderFolders;
  readonly #settings: PrepareSettings;
  readonly #type: "uint16" | "int32";
  readonly #train: IndexedWriter;
  readonly #digests: DigestSet;
  readonly #pool: HeldOutPool;
  readonly #histogram: Float64Array;
  readonly #leftOut: LeftOut;

  /** Continues from a place, which `beginning()` or a file of `save()` gives. */
  constructor(
    folders: BuilderFolders,
    tokenizer: BertTokenizer,
    settings: PrepareSettings,
    place: BuilderPlace,
  ) {
    const { heldOut: share, heldOutTokens: tokens } = settings;
    const { train, digests, histogram, held, below, duplicates, short } = place;
    const { folder, work } = folders;
    this.#folders = folders;
    this.#settings = settings;
    this.#type = idTypeFor(tokenizer.vocab.size);
    const options = { spill: `${work}/${TRAIN}` };
    this.#train = IndexedWriter.resume(`${folder}/${TRAIN}`, this.#type, train, options);
    this.#digests = new DigestSet(`${work}/digests`, digests);
    const documents = held.map((document) => this.#fromJson(document));
    this.#pool = new HeldOutPool({ share, tokens }, documents, below ?? share);
    this.#histogram = Float64Array.from(histogram);
    this.#leftOut = { duplicates, short };
  }

  /** The number of tokens so far, including those that are held out. */
  get tokens(): number {
    return this.#train.place.tokens + this.#pool.tokens;
  }

  /** The number of documents so far, including those left out. */
  get documents(): number {
    const { duplicates, short } = this.#leftOut;
    return this.#digests.size + duplicates + short;
  }

  /** Adds documents. */
  add({ ids, lengths, sentences, digests, ranks }: EncodedBatch): void {
    let sentence = 0;
    let token = 0;
    for (let i = 0; i < sentences.length; i++) {
      const own = lengths.subarray(sentence, sentence + sentences[i]);
      sentence += sentences[i];
      const count = own.reduce((sum, length) => sum + length, 0);
      const document = { rank: ranks[i], ids: ids.subarray(token, token + count), lengths: own };
      token += count;
      if (count < this.#settings.minTokens) this.#leftOut.short++;
      else if (!this.#digests.add(digests[2 * i], digests[2 * i + 1])) this.#leftOut.duplicates++;
      else this.#place(document);
    }
  }

  /**
   * Waits until everything is on disk, so that preparing can continue from here if the process is
   * killed.
   *
   * @param input The place in the inputs up to which documents were added.
   * @param inputs All inputs.
   * @param isRead Whether all of them were read.
   */
  save(input: InputPlace, inputs: readonly Input[], isRead: boolean): void {
    const train = this.#train.save();
    this.#digests.save();
    const place: BuilderPlace = {
      input,
      inputs: inputs.slice(0, input.input),
      isRead,
      train,
      digests: this.#digests.size,
      histogram: [...this.#histogram],
      below: this.#pool.below,
      held: this.#pool.documents.map(({ rank, ids, lengths }) => ({
        rank,
        ids: [...ids],
        lengths: [...lengths],
      })),
      ...this.#leftOut,
    };
    replaceFileSync(`${this.#folders.work}/${PLACE_FILE}`, JSON.stringify(place));
  }

  /**
   * Writes the held-out documents and both indexes. Nothing can be added afterwards. This completes
   * the corpus and frees nothing.
   */
  finish(): Pick<PreparedFacts, "heldOut" | "histogram" | "duplicates" | "short"> & WriterPlace {
    const held = [...this.#pool.documents];
    if (this.#train.place.documents === 0 && held.length === 1) this.#write(held.pop()!);
    const { folder, work } = this.#folders;
    const options = { spill: `${work}/${HELD_OUT}` };
    using heldOut = IndexedWriter.create(`${folder}/${HELD_OUT}`, this.#type, options);
    for (const { ids, lengths } of held) heldOut.addIds(ids, lengths);
    for (const writer of [heldOut, this.#train]) writer.finish();
    const histogram = [...this.#histogram];
    return { ...this.#train.place, heldOut: heldOut.place, histogram, ...this.#leftOut };
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    this.#train[Symbol.dispose]();
    this.#digests[Symbol.dispose]();
  }

  /** Holds a document out, or writes it and those that it displaces to the training text. */
  #place(document: RankedDocument): void {
    for (const other of this.#pool.offer(document)) this.#write(other);
  }

  /** Writes a document to the text to train on, and counts its ids. */
  #write({ ids, lengths }: RankedDocument): void {
    this.#train.addIds(ids, lengths);
    for (let i = 0; i < ids.length; i++) this.#histogram[ids[i]]++;
  }

  #fromJson({ rank, ids, lengths }: BuilderPlace["held"][number]): RankedDocument {
    const Ids = this.#type === "uint16" ? Uint16Array : Int32Array;
    return { rank, ids: Ids.from(ids), lengths: Int32Array.from(lengths) };
  }
}
