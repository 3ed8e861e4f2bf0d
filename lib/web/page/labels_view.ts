/** The words of a text, each with its most probable class, while the user types. */
import {
  candidateList,
  choices,
  find,
  latest,
  make,
  moveWithArrows,
  press,
  reachByTab,
} from "./dom.ts";
import type { Engine, Facts, LabelledWord } from "./engine.ts";

/** The hue of the second class, and the step from one class to the next, in degrees. */
const FIRST_HUE = 250;
/** Multiples of the golden angle stay apart, however many there are. */
const GOLDEN_ANGLE = 137.508;

/** Starts the part "A class for each word". */
export function startLabels(engine: Engine, { wordClasses }: Facts, example: string): void {
  const section = find("#labels");
  const text = find<HTMLTextAreaElement>("#labels-text");
  const row = find(".words", section);
  const answers = find(".answers", section);
  let chosen = 0;
  const ask = latest<string>(section, async (typed) => {
    const words = await engine.label(typed);
    return () => show(words);
  });

  function show(words: readonly LabelledWord[]): void {
    const choose = (place: number) => {
      chosen = place;
      press(chips, place);
      reachByTab(chips, place);
      const { word, classes } = words[place];
      answers.replaceChildren(candidateList(`Classes of "${word}"`, classes));
    };
    chosen = Math.max(0, Math.min(chosen, words.length - 1));
    const chips = choices(row, words.map(({ word }) => word), chosen, choose);
    for (const [at, chip] of chips.entries()) {
      const [{ token }] = words[at].classes;
      chip.append(" ", make("span", "class", token));
      colour(chip, wordClasses.indexOf(token));
    }
    if (words.length > 0) choose(chosen);
    else answers.replaceChildren(make("p", "hint", "Write a text."));
  }

  moveWithArrows(row);
  text.addEventListener("input", () => ask(text.value));
  text.value = example;
  ask(example);
}

/** Gives a chip the colour of a class: grey for the first, and another hue for each of the others. */
function colour({ style }: HTMLElement, index: number): void {
  style.setProperty("--vivid", index === 0 ? "0" : "1");
  style.setProperty("--hue", String((FIRST_HUE + (index - 1) * GOLDEN_ANGLE) % 360));
}
