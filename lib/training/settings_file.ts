/**
 * `config.json` beside a run's `metrics.csv`, in the form in which the task `pretrain` writes it, so
 * that runs of notebooks and of the task can be compared.
 */
import type { BertConfig, DataConfig, TrainConfig } from "../config.ts";
import { replaceFile } from "../files/write.ts";
import type { BertTokenizer } from "../tokenizer/bert_tokenizer.ts";
import { vocabularyFacts } from "../tokenizer/facts.ts";

/** What decides a run. */
export interface RunDecisions {
  /** Decides pairs, masks, order and dropout. */
  readonly seed: number;
  /** The sizes of the model. */
  readonly model: BertConfig;
  /** How text becomes examples. */
  readonly data: DataConfig;
  /** How the model is trained. */
  readonly train: TrainConfig;
  /** Steps that the run will have; infinite if the clock decides. */
  readonly plannedSteps: number;
  /** Documents to learn from; unknown if they come in a stream. */
  readonly training?: number;
  /** Documents to score the model on; unknown if they come in a stream. */
  readonly heldOut?: number;
  /** Whose vocabulary it is. */
  readonly tokenizer: BertTokenizer;
}

/** Writes `config.json` into the folder of a file, which must be there. Throws what `replaceFile()` throws. */
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
