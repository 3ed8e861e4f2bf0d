/** A text whose blanks are filled while the user types. */
import { candidateList, find, latest, make, replaceInside } from "./dom.ts";
import { type Candidate, type Engine, withBlanks } from "./engine.ts";

const BLANK = "___";

/** Starts the part "Fill the blanks". */
export function startFill(engine: Engine, example: string): void {
  const section = find("#fill");
  const text = find<HTMLTextAreaElement>("#fill-text");
  const answers = find(".answers", section);
  const ask = latest<string>(section, async (typed) => {
    const asked = withBlanks(typed);
    if (!asked.includes("[MASK]")) {
      const hint = `Write ${BLANK} where a word should be guessed.`;
      return () => answers.replaceChildren(make("p", "hint", typed.trim() === "" ? "" : hint));
    }
    const blanks = await engine.fill(typed);
    return () => replaceInside(answers, ...blanks.map(listOf));
  });

  function listOf(candidates: readonly Candidate[], blank: number, all: readonly unknown[]) {
    const title = all.length === 1 ? "In the blank" : `In blank ${blank + 1}`;
    return candidateList(title, candidates, { choose: (token) => putIn(token, blank) });
  }

  /** Writes a chosen candidate into its blank. */
  function putIn(token: string, blank: number): void {
    let at = -1;
    const continuesWord = token.startsWith("##");
    text.value = text.value.replace(/(\s*)(?:_{2,}|\[mask\])/gi, (found, space) => {
      if (++at !== blank) return found;
      return continuesWord ? token.slice(2) : space + token;
    });
    text.focus();
    ask(text.value);
  }

  find("#fill-blank").addEventListener("click", () => {
    text.setRangeText(BLANK, text.selectionStart, text.selectionEnd, "end");
    text.focus();
    ask(text.value);
  });
  text.addEventListener("input", () => ask(text.value));
  text.value = example;
  ask(example);
}
