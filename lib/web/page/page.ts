/** The page: the facts of the model, and those parts of the page that its heads allow. */
import { startClasses } from "./classes_view.ts";
import { find, say } from "./dom.ts";
import type { Engine, Facts } from "./engine.ts";
import { startFill } from "./fill_view.ts";
import { startLabels } from "./labels_view.ts";
import { startLook } from "./look_view.ts";
import { startPair } from "./pair_view.ts";
import { startRun } from "./run_view.ts";

const BLANKS = "we are at peace with all ___ .";
const PAIR = ["the people are at peace .", "may this peace last ."] as const;
const NAMES = "the secretary of state went to geneva .";
const SENTENCE = "the people of the united states are at peace .";

/** Starts the page as soon as `load` returns an engine. If that fails, the page shows the reason. */
export async function startPage(load: () => Promise<Engine>): Promise<void> {
  try {
    const engine = await load();
    const facts = await engine.facts();
    document.title = `${facts.name}: play with a BERT`;
    say(find("#name"), facts.name);
    say(find("#facts"), described(facts));
    find("main").hidden = false;
    if (facts.fillsBlanks) startFill(engine, BLANKS);
    else leaveOut("fill");
    if (facts.judgesPairs) startPair(engine, PAIR);
    else leaveOut("pair");
    if (facts.classes.length > 0) startClasses(engine, facts, SENTENCE);
    else leaveOut("classes");
    if (facts.wordClasses.length > 0) startLabels(engine, facts, NAMES);
    else leaveOut("labels");
    startLook(engine, facts, SENTENCE);
    if (facts.run) startRun(engine, facts.run);
  } catch (error) {
    say(find("#facts"), error instanceof Error ? error.message : String(error));
  }
}

function leaveOut(part: string): void {
  find(`#${part}`).hidden = true;
  find(`nav a[href="#${part}"]`).hidden = true;
}

function described(facts: Facts): string {
  const { layers, heads, width, pieces, maxLength, fillsBlanks, judgesPairs } = facts;
  const size = `${layers} layers of ${heads} heads, ${width} wide; ` +
    `${pieces.toLocaleString("en-US")} word pieces; up to ${maxLength} tokens.`;
  if (facts.classes.length > 0) return `${size} A classifier of texts.`;
  if (facts.wordClasses.length > 0) return `${size} A classifier of words.`;
  const missing = [
    ...(fillsBlanks ? [] : ["It has no masked-word head, so it cannot fill blanks."]),
    ...(judgesPairs ? [] : ["It has no next-sentence head, so it cannot judge pairs."]),
  ];
  return [size, ...missing].join(" ");
}
