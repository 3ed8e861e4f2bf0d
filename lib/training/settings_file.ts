/**
 * `config.json` beside a run's `metrics.csv`, in the format of `deno task pretrain`, so that runs of
 * notebooks and of the task can be compared.
 */
import type { BertConfig, DataConfig, TrainConfig } from "../config.ts";
import { replaceFile } from "../files/write.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { vocabularyFacts } from "../tokenizer/vocab_facts.ts";

/** Everything that decides the numbers of a run. */
export interface RunDecisions {
  /** The seed of pairs, masks, order and dropout. */
  readonly seed: number;
  /** The sizes of the model. */
  readonly model: BertConfig;
  /** The settings by which text becomes examples. */
  readonly data: DataConfig;
  /** The settings of training. */
  readonly train: TrainConfig;
  /** Steps that the run will have; infinite if its time limit ends it. */
  readonly plannedSteps: number;
  /** Documents to train on; undefined if they come in a stream. */
  readonly training?: number;
  /** Documents to evaluate the model on; undefined if they come in a stream. */
  readonly heldOut?: number;
  /** The tokenizer. */
  readonly tokenizer: BertTokenizer;
}

/** Writes `config.json` into the folder of the file `beside`. The folder must exist. */
export async function writeSettings(beside: string, run: RunDecisions): Promise<void> {
  const { seed, model, data, train, plannedSteps, training, heldOut, tokenizer } = run;
  const text = JSON.stringify(
    {
      format: 1,
      settings: { seed },
      model,
      data,
      train,
      plannedSteps: Number.isFinite(plannedSteps) ? plannedSteps : null,
      corpus: { training, heldOut },
      vocabulary: vocabularyFacts(tokenizer),
    },
    undefined,
    2,
  );
  const folder = beside.replace(/[^/\\]*$/, "");
  await replaceFile(`${folder}config.json`, `${text}\n`);
}
