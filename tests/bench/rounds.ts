/**
 * Turns: A B A B. A machine that others use too gets slower and faster while one measures; taking
 * turns lets that hit all contenders alike, and medians leave the worst of it out.
 */
import type { Child, Message } from "./child.ts";

/** Something that is measured in turn with others. */
export interface Contender {
  readonly name: string;
  readonly child: Child;
  /** What it is asked in each round. */
  readonly request: Message;
  /** It takes part in that many rounds at most; in all by default. */
  readonly rounds?: number;
}

/** The answers of each contender by its name, in the order of the rounds. */
export type Answers = ReadonlyMap<string, readonly Message[]>;

const PAUSE = 50; // ms, in which the threads of the one before go to sleep

/** Asks every contender once a round. `onAnswer` is called with each answer. */
export async function takeTurns(
  contenders: readonly Contender[],
  rounds: number,
  onAnswer: (contender: Contender, answer: Message) => void = () => {},
): Promise<Answers> {
  const answers = new Map<string, Message[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      const { name, child, request, rounds: most = rounds } = contender;
      if (round >= most) continue;
      const answer = await child.ask(request);
      answers.get(name)?.push(answer);
      onAnswer(contender, answer);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
  return answers;
}

/** A quantity measured several times. */
export interface Sample {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  readonly values: readonly number[];
}

/** The sample of some values, of which there must be one. */
export function sample(values: readonly number[]): Sample {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
  return { median, lowest: sorted[0], highest: sorted[sorted.length - 1], values };
}

/** Ratios of two samples, round by round; where one has fewer rounds, those that both have. */
export function ratios(a: Sample, b: Sample): Sample {
  const count = Math.min(a.values.length, b.values.length);
  return sample(a.values.slice(0, count).map((value, i) => value / b.values[i]));
}
