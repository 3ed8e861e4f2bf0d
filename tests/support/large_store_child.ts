// deno-lint-ignore-file no-console -- this program prints its result
/**
 * Does what a run on a store does except for training: counts the text, takes the batches of some steps
 * of eight lanes, and goes back to a place. Prints its results and the memory that it took.
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
let tokens = 0;
let taken = 0;
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
