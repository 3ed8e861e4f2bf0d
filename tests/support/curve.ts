/** The model and the batches of fixtures/make_curve_fixtures.py, and training on them. */
import type { Precision } from "bert/config.ts";
import { type Batch, collate } from "bert/data/batch.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { learningRateAt } from "bert/training/learning_rate.ts";
import { AdamW } from "bert/training/optimizer.ts";
import { trainStep } from "bert/training/train_step.ts";

interface Row {
  readonly tokenIds: number[];
  readonly segmentIds: number[];
  readonly labels: number[];
  readonly nspLabel: 0 | 1;
}

/** The figures of a step that are compared. */
export const FIGURES = ["mlmLoss", "nspLoss", "gradientNorm"] as const;

/** Figures of all steps, by name. */
export type Figures = Readonly<Record<typeof FIGURES[number], number[]>>;

/** The settings with which PyTorch trained. */
export interface CurveSettings {
  readonly peak: number;
  readonly warmupShare: number;
  readonly clipNorm: number;
}

/** One step of PyTorch. */
export interface CurveStep {
  readonly learningRate: number;
  readonly mlmLoss: number;
  readonly nspLoss: number;
  readonly gradientNorm: number;
}

const FOLDER = new URL("../fixtures/curve/", import.meta.url).pathname;

/** Reads the batches and settings with which PyTorch trained, and the figures of its steps. */
export async function readCurve() {
  const text = await Deno.readTextFile(`${FOLDER}curve.json`);
  const { batches, settings, curve } = JSON.parse(text) as {
    batches: Row[][];
    settings: CurveSettings;
    curve: CurveStep[];
  };
  return { batches: batches.map(toBatch), settings, curve };
}

/** Makes a batch of PyTorch's rows, whose segments are 0 and 1 instead of 1 and 2. */
function toBatch(rows: Row[]): Batch {
  const first = { document: "oracle", start: 0, end: 1 };
  return collate(rows.map(({ segmentIds, ...row }) => ({
    ...row,
    segmentIds: segmentIds.map((segment) => segment + 1),
    first,
    truncated: false,
  })));
}

/** Trains the fixture's model as PyTorch did, for the first `steps` of its hundred steps. */
export async function curveOf(
  batches: readonly Batch[],
  { peak, warmupShare, clipNorm }: CurveSettings,
  { steps, precision }: { steps: number; precision: Precision },
): Promise<Figures> {
  const model = await BertPretrainHead.fromPretrained(FOLDER);
  using optimizer = new AdamW(model.weights);
  const found: Figures = { mlmLoss: [], nspLoss: [], gradientNorm: [] };
  for (let i = 0; i < steps; i++) {
    const learningRate = learningRateAt((i + 0.5) / 100, { peak, warmupShare });
    const options = { learningRate, clipNorm, seed: i, precision };
    const step = await trainStep(model, optimizer, batches[i % batches.length], options);
    for (const figure of FIGURES) found[figure].push(step[figure]);
  }
  model.dispose();
  return found;
}
