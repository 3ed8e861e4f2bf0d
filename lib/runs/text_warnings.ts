/** Warnings about the training text of a run, a run that is too short, and a rate that is too high. */
import type { DataConfig } from "../config.ts";
import { count, percent, several } from "../format.ts";
import type { TextFacts } from "./text_facts.ts";

/**
 * The largest share of the text that may be unused. Pairs are cut to the length, which loses about a
 * tenth of any text; without pairs nothing is lost.
 */
const MOST_UNREACHED = { nsp: 0.25, sop: 0.25, none: 0.02 };

/** The largest share of documents of which nothing may be used. */
const MOST_UNUSED = 0.01;

/** The largest share of documents that may have the same text as an earlier one. */
const MOST_EQUAL = 0.05;

/** How far from one half the share of pairs that do not follow each other may be. */
const MOST_UNEVEN = 0.1;

/** With fewer pairs their share is not judged. */
const FEWEST_PAIRS = 50;

/**
 * Warnings about the training text, each with advice. `unknownWarning()` warns of frequent `[UNK]`.
 *
 * @param pairing As in `DataConfig`.
 */
export function textWarnings(facts: TextFacts, pairing: DataConfig["pairing"]): string[] {
  const { documents, reachedShare, unusedDocuments, equalDocuments, pairs, notNextShare } = facts;
  const warnings: string[] = [];
  if (unusedDocuments && unusedDocuments > MOST_UNUSED * documents) {
    warnings.push(
      `${count(unusedDocuments)} of ${several(documents, "document")} are never shown to the model${
        pairing === "sop" ? ", as two sentences in order need two sentences" : ""
      }. To use them, join short texts into longer documents, or train with --pairing none`,
    );
  }
  if (reachedShare !== null && 1 - reachedShare > MOST_UNREACHED[pairing]) {
    const advice = pairing === "none"
      ? "raise --length"
      : "end sentences with a full stop or a line end, raise --length, or train with --pairing none, " +
        "which cuts nothing off";
    warnings.push(
      `One epoch does not show ${
        percent(1 - reachedShare)
      } of the tokens: sentences that do not fit ` +
        `into --length are cut off. To use them, ${advice}`,
    );
  }
  if (equalDocuments !== null && equalDocuments > MOST_EQUAL * documents) {
    warnings.push(
      `${count(equalDocuments)} of ${
        several(documents, "document")
      } have the same text as an earlier one, so that ` +
        "this text counts more than the rest. Remove them from the corpus unless you want that",
    );
  }
  if (
    notNextShare !== null && pairs >= FEWEST_PAIRS && Math.abs(notNextShare - 0.5) > MOST_UNEVEN
  ) {
    warnings.push(
      `${
        percent(notNextShare)
      } of the sentence pairs do not follow each other, where one half should: ` +
        "a model that always gives the same answer is right that often. Join short texts into longer documents",
    );
  }
  return warnings;
}

/** A model as wide as BERT-base, and the highest learning rate of which nothing is said there. */
const WIDE = { hiddenSize: 768, learningRate: 3e-4 };

/** A warning if the learning rate is one for small models, and the model is as wide as BERT-base. */
export function rateWarning(hiddenSize: number, learningRate: number): string | undefined {
  if (hiddenSize < WIDE.hiddenSize || learningRate <= WIDE.learningRate) return undefined;
  return `The learning rate ${learningRate} is one for small models, and this model is ${hiddenSize} wide: the loss ` +
    "may jump, and a saved model forget what it knows. BERT-base was trained at --lr 1e-4, and published models " +
    "are trained on at --lr 5e-5";
}

/**
 * In this many tokens a small model that began with random weights was seen to learn little but word
 * frequencies.
 */
const PLATEAU = 12_000_000;

/**
 * A warning if a run from random weights is too short to learn more than word frequencies.
 *
 * @param plannedSteps The steps of the run; `null` if only the clock ends it.
 * @param sequences Sequences in a step.
 */
export function plateauWarning(
  plannedSteps: number | null,
  sequences: number,
  { exampleTokens }: TextFacts,
): string | undefined {
  if (plannedSteps === null) return undefined;
  const tokens = plannedSteps * sequences * exampleTokens;
  if (tokens >= PLATEAU) return undefined;
  const million = tokens < 1e6
    ? `${count(Math.round(tokens))}`
    : `${(tokens / 1e6).toFixed(1)} million`;
  return `The run shows ${million} tokens to a model that begins with random weights. In 12 million tokens such a ` +
    "model was seen to learn how frequent words are, and little about the words around them. For a " +
    "short run add --recipe short or --head-start, or begin with a saved model: --init";
}
