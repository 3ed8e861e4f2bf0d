/** Two sentences, and whether the second follows the first. */
import { find, latest, make, percent } from "./dom.ts";
import type { Engine } from "./engine.ts";

/** If the probability is nearer than this to one half, the answer is left open. */
const UNDECIDED = 0.05;

/** Starts the part "Does the second follow the first?". */
export function startPair(engine: Engine, [one, two]: readonly [string, string]): void {
  const section = find("#pair");
  const first = find<HTMLTextAreaElement>("#pair-first");
  const second = find<HTMLTextAreaElement>("#pair-second");
  const answers = find(".answers", section);
  const ask = latest<readonly [string, string]>(section, async (texts) => {
    if (texts.some((text) => text.trim() === "")) {
      return () => answers.replaceChildren(make("p", "hint", "Write two sentences."));
    }
    const share = await engine.follows(...texts);
    return () => answers.replaceChildren(verdict(share));
  });
  const changed = () => ask([first.value, second.value]);
  first.addEventListener("input", changed);
  second.addEventListener("input", changed);
  first.value = one;
  second.value = two;
  changed();
}

function verdict(share: number): HTMLElement {
  const isOpen = Math.abs(share - 0.5) < UNDECIDED;
  const words = isOpen ? "It cannot tell" : share > 0.5 ? "Yes, it follows" : "No, it does not";
  const bar = make("div", "bar");
  bar.style.width = `${100 * share}%`;
  const track = make("div", "track", bar);
  track.setAttribute("aria-hidden", "true");
  const line = `${words}: ${percent(share)} for "it follows"`;
  return make("div", "", make("div", "verdict", line), track);
}
