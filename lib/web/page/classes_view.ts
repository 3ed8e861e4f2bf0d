/** A text that is classified while the user types. */
import { candidateList, find, latest, make, percent } from "./dom.ts";
import type { Engine, Facts, Texts } from "./engine.ts";

const READINGS: Readonly<Record<Facts["shares"], string>> = {
  softmax: "One of these",
  sigmoid: "Each by itself",
  none: "Score",
};

/** Starts the part "Which class?". */
export function startClasses(engine: Engine, { shares }: Facts, example: string): void {
  const section = find("#classes");
  const text = find<HTMLTextAreaElement>("#classes-text");
  const second = find<HTMLTextAreaElement>("#classes-second");
  const answers = find(".answers", section);
  const shown = shares === "none" ? (score: number) => score.toFixed(3) : percent;
  const ask = latest<Texts>(section, async (texts) => {
    if (texts.text.trim() === "") {
      return () => answers.replaceChildren(make("p", "hint", "Write a text."));
    }
    const classes = await engine.classify(texts);
    return () => answers.replaceChildren(candidateList(READINGS[shares], classes, { shown }));
  });
  const changed = () =>
    ask({ text: text.value, ...(second.value.trim() !== "" && { second: second.value }) });
  text.addEventListener("input", changed);
  second.addEventListener("input", changed);
  text.value = example;
  changed();
}
