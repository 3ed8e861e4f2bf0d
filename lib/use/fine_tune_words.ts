/** Fine-tuning a classifier of words on sentences with a label for each word. */
import { checkArguments, checkOptions } from "../checks.ts";
import { TOKEN_CLASSIFIER } from "../training/argument_kinds.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import {
  checkRun,
  FINE_TUNE_OPTIONS,
  type FineTuneLog,
  type FineTuneOptions,
  runEpochs,
} from "./fine_tune.ts";
import {
  checkSentences,
  type LabelledWords,
  sentenceBatch,
  sentenceRows,
  withSomeLabel,
} from "./labelled_words.ts";
import { mostTokens } from "./text_inputs.ts";
import type { BertTokenClassifier } from "./token_classifier.ts";

/**
 * Fine-tunes a classifier of words on labelled sentences, in a new random order for each epoch. Loss
 * and accuracy of a step are those of its labelled words; each word counts once, by its first piece.
 * Sentences without a labelled word are left out.
 *
 * It waits for a macrotask before each step, so that timers, the page and a stop button can respond.
 * The same seed gives the same weights.
 *
 * @param options Those of `fineTune()`, with sentences for texts. Words beyond `maxLength` do not count.
 * @returns One entry for each step.
 * @throws {ConfigError} If no word has a label, or an option is unknown or cannot work.
 * @throws {RangeError} If a label is not one of the model's classes and not -1, or a sentence has more
 * or fewer labels than words. The message names the number of the sentence.
 * @throws {TypeError} If an argument is not what it has to be.
 * @throws {DivergedError} If the loss or the gradient is NaN or infinite.
 *
 * Source: Devlin et al. 2018 section 5.3 and appendix A.3; `run_ner.py` of transformers.
 *
 * @example
 * ```ts
 * import { useBackend } from "bert/backend/choose.ts";
 * import { bertConfig } from "bert/config.ts";
 * import { fineTuneWords } from "bert/use/fine_tune_words.ts";
 * import { BertTokenClassifier } from "bert/use/token_classifier.ts";
 * import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
 * import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
 * import { strictEqual } from "node:assert";
 * await useBackend();
 * const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "in", "rome"]));
 * const config = bertConfig("smoke", { vocabSize: 7 });
 * const model = new BertTokenClassifier(config, { classes: 2, seed: 1 });
 * const sentences = [{ words: ["In", "Rome"], labels: [0, 1] }, { words: ["in"], labels: [0] }];
 * const logs = await fineTuneWords(model, sentences, tokenizer, { epochs: 3, batchSize: 2, seed: 1 });
 * strictEqual(logs.length, 3);
 * ```
 */
export async function fineTuneWords(
  model: BertTokenClassifier,
  sentences: readonly LabelledWords[],
  tokenizer: BertTokenizer,
  options: FineTuneOptions,
): Promise<FineTuneLog[]> {
  const call = "fineTuneWords(model, sentences, tokenizer, options)";
  checkArguments(call, [["model", model, TOKEN_CLASSIFIER]]);
  checkOptions("fineTuneWords()", options, FINE_TUNE_OPTIONS);
  checkSentences(call, sentences, tokenizer, model.classes);
  const taught = withSomeLabel(sentences);
  checkRun(call, options);
  const maxLength = mostTokens(options, model.config);
  const rows = sentenceRows(taught, tokenizer, maxLength);
  return await runEpochs(model, rows, (part) => sentenceBatch(part, tokenizer, maxLength), options);
}
