/** A model in the browser itself: onnxruntime-web runs the ONNX file beside the page. */
import type * as Ort from "onnxruntime-web";
import { BertTokenizer, type Encoding } from "../../tokenizer/bert_tokenizer.ts";
import { Vocab } from "../../tokenizer/vocab.ts";
import { cosinesTo, largest, meanRow, softmax } from "../../use/vectors.ts";
import {
  bestFirst,
  type Candidate,
  type Engine,
  type Facts,
  joined,
  type LabelledWord,
  type Look,
  type Near,
  type PageFile,
  type PageModel,
  SHOWN,
  type Texts,
  withBlanks,
  wordAround,
} from "./engine.ts";
import {
  type Ids,
  isWhole,
  MOST_TOKENS,
  nearestInPlace,
  putInPlace,
  SEARCHED,
  TRIED,
} from "./in_place.ts";
import { labelledWords } from "./word_labels.ts";

/** The outputs of a model for one sequence, by name. */
interface Outputs {
  readonly encoding: Encoding;
  readonly values: Readonly<Record<string, Float32Array>>;
}

/** An engine that runs the model of this page. */
export class OnnxEngine implements Engine {
  readonly #model: PageModel;
  readonly #tokenizer: BertTokenizer;
  readonly #session: Ort.InferenceSession;
  readonly #ort: typeof Ort;
  readonly #table: Float32Array;
  /** The last sequence and its outputs, as several questions in a row are about the same one. */
  #last: { key: string; outputs: Promise<Outputs> } | undefined;
  /** Is fulfilled when all work so far is done, as onnxruntime runs one sequence at a time. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(
    model: PageModel,
    ort: typeof Ort,
    session: Ort.InferenceSession,
    table: Float32Array,
  ) {
    this.#model = model;
    const { tokens, pieces, added, options } = model;
    const vocab = new Vocab(tokens, "page.json", { pieces, added, repeats: "later" });
    this.#tokenizer = new BertTokenizer(vocab, options);
    this.#session = session;
    this.#ort = ort;
    this.#table = table;
  }

  /** Loads one of the page's files. `progress` is called with the share that has arrived. */
  static async load(
    model: PageModel,
    file: PageFile,
    progress: (share: number) => void,
  ): Promise<OnnxEngine> {
    const ort: typeof Ort = await import(urlOf("ort/ort.wasm.bundle.min.mjs"));
    ort.env.wasm.wasmPaths = { wasm: urlOf("ort/ort-wasm-simd-threaded.wasm") };
    ort.env.wasm.numThreads = 1; // more threads need HTTP headers that hosts of static pages rarely send
    const response = await fetched(urlOf(`model/onnx/${file.name}`));
    const bytes = await withProgress(response, file.bytes, progress);
    const table = wordTable(bytes, file, model.tokens.length, model.facts.width);
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    return new OnnxEngine(model, ort, session, table);
  }

  facts(): Promise<Facts> {
    return Promise.resolve(this.#model.facts);
  }

  async fill(text: string): Promise<Candidate[][]> {
    const { encoding, values } = await this.#run({ text });
    const { maskId } = this.#tokenizer.vocab;
    const blanks = [...encoding.tokenIds.keys()].filter((at) => encoding.tokenIds[at] === maskId);
    return blanks.map((at) => this.#words(values["logits"], at));
  }

  async follows(text: string, second: string): Promise<number> {
    const { values } = await this.#run({ text, second });
    return softmax(values["seq_relationship_logits"])[0];
  }

  async classify(texts: Texts): Promise<Candidate[]> {
    const { values } = await this.#run(texts);
    const { classes, shares } = this.#model.facts;
    const logits = values["logits"];
    if (shares === "none") return bestFirst(classes, logits);
    return bestFirst(
      classes,
      shares === "softmax" ? softmax(logits) : logits.map((x) => 1 / (1 + Math.exp(-x))),
    );
  }

  async label(text: string): Promise<LabelledWord[]> {
    const { encoding: { tokens }, values } = await this.#run({ text });
    return labelledWords(tokens, values["logits"], this.#model.facts.wordClasses);
  }

  async look(texts: Texts, layer: number): Promise<Look> {
    const { encoding: { tokens }, values } = await this.#run(texts);
    const weights = values[`attentions.${layer}`];
    const length = tokens.length;
    const row = (head: number, from: number) => {
      const start = (head * length + from) * length;
      return Array.from(weights.subarray(start, start + length));
    };
    const heads = Array.from(
      { length: this.#model.facts.heads },
      (_, head) => tokens.map((_, from) => row(head, from)),
    );
    return { tokens, heads };
  }

  async near(texts: Texts, place: number): Promise<Near> {
    const { encoding, values } = await this.#run(texts);
    const { vocab } = this.#tokenizer;
    const places = wordAround(encoding.tokens, place);
    const ids = places.map((at) => encoding.tokenIds[at]);
    const word = joined(encoding.tokens, places);
    const inSentence = this.#model.facts.fillsBlanks
      ? this.#words(values["logits"], place, encoding.tokenIds[place])
      : undefined;
    if (ids.some((id) => vocab.isSpecial(id))) return { word, alone: [], inSentence };
    const cosines = cosinesTo(meanRow(this.#table, ids, this.#model.facts.width), this.#table);
    for (const id of [...ids, ...vocab.specialIds]) cosines[id] = -Infinity;
    const neighbours = largest(cosines, SEARCHED).filter((id) => cosines[id] > -Infinity)
      .map((id) => ({ id, token: vocab.tokenOf(id), share: cosines[id] }));
    const alone = neighbours.slice(0, SHOWN).map(({ token, share }) => ({ token, share }));
    if (inSentence) return { word, alone, inSentence };
    const tried = neighbours.filter(isWhole).slice(0, TRIED);
    return { word, alone, inPlace: await this.#inPlace({ encoding, values }, places, tried) };
  }

  /** The words whose vectors are most like that of a word when they are put in its places. */
  async #inPlace(
    { encoding, values }: Outputs,
    places: readonly number[],
    tried: readonly { readonly id: number; readonly token: string }[],
  ): Promise<Candidate[] | undefined> {
    if (tried.length === 0 || encoding.tokenIds.length > MOST_TOKENS) return undefined;
    const { width } = this.#model.facts;
    const word = meanRow(values["last_hidden_state"], places, width);
    const texts = putInPlace(encoding, places, tried.map(({ id }) => id));
    const table = new Float32Array(texts.length * width);
    for (const [i, text] of texts.entries()) {
      // each text is queued by itself, so that a newer question can be answered between them
      const { last_hidden_state: states } = await this.#next(() =>
        this.#compute(text, ["last_hidden_state"])
      );
      const start = places[0] * width;
      table.set(states.subarray(start, start + width), i * width);
    }
    return nearestInPlace(word, table, tried.map(({ token }) => token));
  }

  /** The most probable words at a place, except for one. */
  #words(logits: Float32Array, place: number, except?: number): Candidate[] {
    const { vocab } = this.#tokenizer;
    const shares = softmax(logits.subarray(place * vocab.size, (place + 1) * vocab.size));
    return largest(shares, SHOWN + 1).filter((id) => id !== except).slice(0, SHOWN)
      .map((id) => ({ token: vocab.tokenOf(id), share: shares[id] }));
  }

  #run({ text, second }: Texts): Promise<Outputs> {
    const key = JSON.stringify([text, second]);
    if (this.#last?.key === key) return this.#last.outputs;
    const outputs = this.#next(() => this.#runNow(text, second));
    this.#last = { key, outputs };
    return outputs;
  }

  /** Does some work as soon as all earlier work is done. */
  #next<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }

  async #runNow(text: string, second: string | undefined): Promise<Outputs> {
    const encoding = this.#tokenizer.encode(
      withBlanks(text),
      second === undefined ? undefined : withBlanks(second),
    );
    const { length } = encoding.tokenIds;
    const most = this.#model.facts.maxLength;
    if (length > most) {
      throw new RangeError(
        `The text has ${length} tokens: shorten it to ${most}, with [CLS] and [SEP]`,
      );
    }
    return { encoding, values: await this.#compute(encoding) };
  }

  /** The outputs of the model, or some of them. */
  async #compute(
    { tokenIds, attentionMask, segmentIds }: Ids,
    names?: readonly string[],
  ): Promise<Record<string, Float32Array>> {
    const tensor = (values: readonly number[]) =>
      new this.#ort.Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
    const found = await this.#session.run(
      {
        "input_ids": tensor(tokenIds),
        "attention_mask": tensor(attentionMask),
        "token_type_ids": tensor(segmentIds.map((id) => id - 1)),
      },
      names ?? this.#session.outputNames,
    );
    const values = Object.entries(found).map(([name, { data }]) =>
      [name, data as Float32Array] as const
    );
    return Object.fromEntries(values);
  }
}

/** The address of a file of the page. */
function urlOf(path: string): string {
  return new URL(path, document.baseURI).href;
}

async function fetched(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Cannot load ${url}: ${response.status}`);
  return response;
}

/** Loads the facts of the model. Throws if they are missing. */
export async function loadPageModel(): Promise<PageModel> {
  return await (await fetched(urlOf("page.json"))).json();
}

/** The word embeddings in a file, [rows, width] as float32. */
function wordTable(
  bytes: Uint8Array<ArrayBuffer>,
  { table, scales }: PageFile,
  rows: number,
  width: number,
): Float32Array {
  const floats = (start: number, count: number) =>
    new Float32Array(bytes.buffer.slice(start, start + 4 * count)); // a view would need a start that 4 divides
  if (scales === undefined) return floats(table, rows * width);
  const factors = floats(scales, rows);
  const numbers = bytes.subarray(table, table + rows * width);
  return Float32Array.from(numbers, (n, i) => (n - 128) * factors[Math.floor(i / width)]);
}

/** Reads the bytes of an answer. Its header may state the length of a compressed body instead. */
async function withProgress(
  response: Response,
  length: number,
  progress: (share: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const part of response.body!) {
    if (at + part.length > length) throw wrongLength(response, length);
    bytes.set(part, at);
    at += part.length;
    progress(at / length);
  }
  if (at < length) throw wrongLength(response, length);
  return bytes;
}

function wrongLength({ url }: Response, length: number): Error {
  return new Error(`Cannot load ${url}: expected ${length} bytes: export the page again`);
}
