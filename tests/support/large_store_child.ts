// deno-lint-ignore-file no-console -- a program: what it prints is its result
/**
 * Trains nothing, but does all else that a run on a store does: counts it, takes steps of eight lanes,
 * and comes back to a place. Prints what it found and how much memory it took.
 */
import { dataConfig } from "bert/config.ts";
import { IndexedReader } from "bert/store/indexed_reader.ts";
import { LaneStream } from "bert/store/lanes.ts";
import { surveyStore } from "bert/store/store_survey.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";

const LANES = 8;
const STEPS = 3;

const tokenizer = new BertTokenizer(new Vocab(["the", ...SPECIAL_TOKENS, "sea"]));
using reader = IndexedReader.open(Deno.args[0]);
const data = dataConfig({ maxLength: 128, pairing: "none" });
const options = { data, batchSize: 32, seed: 1, epoch: 1, lanes: LANES };
const { steps, countedShare } = surveyStore(reader, tokenizer, options);
let [tokens, taken] = [0, 0];
const stream = new LaneStream(reader, tokenizer, options);
for await (const parts of stream) {
  for (const part of parts) for (const { tokenIds } of part!.examples) tokens += tokenIds.length;
  if (++taken === STEPS) break;
}
const again = new LaneStream(reader, tokenizer, options);
again.goTo(stream.places, taken);
const { value } = await again[Symbol.asyncIterator]().next();
const found = { tokens, parts: value.length, total: reader.tokens, steps, countedShare };
console.log(JSON.stringify({ ...found, rss: Deno.memoryUsage().rss }));
