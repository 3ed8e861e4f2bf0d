/** A helper thread of `prepare()`: it receives documents and sends back their ids, in order. */
import type { RawDocument } from "../data/raw_document.ts";
import { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { Vocab, type VocabOrigin } from "../tokenizer/vocab.ts";
import type { TokenizerOptions } from "../tokenizer/options.ts";
import { encodeBatch, type EncodeRules } from "./encode_batch.ts";

/** The first message to a thread. */
export interface WorkerStart {
  /** The tokens of the vocabulary. */
  readonly tokens: readonly string[];
  /** The other parts of the vocabulary. */
  readonly origin: Pick<VocabOrigin, "repeats" | "added" | "pieces">;
  /** How the tokenizer treats text. */
  readonly options: Required<TokenizerOptions>;
  /** How documents become ids. */
  readonly rules: EncodeRules;
}

/** Half of the largest number of words in the cache of a thread; a full cache takes 50 MB. */
const CACHE = 250_000;

let encode: ((documents: RawDocument[]) => ReturnType<typeof encodeBatch>) | undefined;

/** The global object of a helper thread; the usual types describe only that of the main thread. */
interface ThreadScope {
  onmessage: (event: MessageEvent<WorkerStart | RawDocument[]>) => void;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

const thread = globalThis as unknown as ThreadScope;

thread.onmessage = ({ data }) => {
  if (!encode) {
    const { tokens, origin, options, rules } = data as WorkerStart;
    const vocab = new Vocab(tokens, "the vocabulary", origin);
    const tokenizer = new BertTokenizer(vocab, { ...options, cacheSize: CACHE });
    encode = (documents) => encodeBatch(documents, tokenizer, rules);
    return;
  }
  const batch = encode(data as RawDocument[]);
  thread.postMessage(batch, Object.values(batch).map(({ buffer }) => buffer));
};
