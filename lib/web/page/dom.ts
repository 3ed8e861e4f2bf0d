/** Helpers for all parts of the page. Text is always inserted as text and never as markup. */
import type { Candidate } from "./engine.ts";

/** Finds the element of a selector. Throws if there is none. */
export function find<E extends Element = HTMLElement>(
  selector: string,
  within: ParentNode = document,
): E {
  const found = within.querySelector<E>(selector);
  if (found) return found;
  throw new Error(`The page has no ${selector}`);
}

/** Makes an element with a class, and text or other elements inside. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...inside: readonly (string | Node)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...inside);
  return element;
}

/**
 * Makes a function that sends a question and shows its answer. It may be called at every key press:
 * while an answer is pending, only the newest question is kept.
 *
 * @param section The part of the page in which problems are shown.
 * @param ask Asks the question, and returns a function that shows the answer.
 */
export function latest<Question>(
  section: HTMLElement,
  ask: (question: Question) => Promise<() => void>,
): (question: Question) => void {
  const problem = find(".problem", section);
  let waiting: { question: Question } | undefined;
  let isBusy = false;
  const work = async () => {
    isBusy = true;
    while (waiting) {
      const { question } = waiting;
      waiting = undefined;
      try {
        const show = await ask(question);
        if (waiting) continue; // a newer question makes this answer out of date
        show();
        say(problem, "");
      } catch (error) {
        if (!waiting) say(problem, error instanceof Error ? error.message : String(error));
      }
    }
    isBusy = false;
  };
  return (question) => {
    waiting = { question };
    if (!isBusy) void work();
  };
}

/** Changes a text only if it differs, so that screen readers do not repeat it. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Writes 0.1234 as "12 %", and 0.0123 as "1.2 %". */
export function percent(share: number): string {
  if (share < 0.0005) return "< 0.1\u00a0%";
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)}\u00a0%`;
}

/**
 * Makes a list of candidates with bars under a heading.
 *
 * @param choose Is called with the chosen candidate. Without it the candidates are not buttons.
 * @param shown Writes a share as text. Default: as percent.
 */
export function candidateList(
  title: string,
  candidates: readonly Candidate[],
  { choose, shown = percent }: {
    readonly choose?: (token: string) => void;
    readonly shown?: (share: number) => string;
  } = {},
): HTMLElement {
  const items = candidates.map(({ token, share }) => {
    const bar = make("span", "bar");
    bar.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
    const row = make(
      choose ? "button" : "span",
      "candidate",
      bar,
      make("span", "word", token),
      " ", // so that a screen reader does not read both as one word
      make("span", "share", shown(share)),
    );
    if (row instanceof HTMLButtonElement && choose) {
      row.type = "button";
      row.addEventListener("click", () => choose(token));
    }
    return make("li", "", row);
  });
  return make("div", "", make("h3", "", title), make("ol", "", ...items));
}

/**
 * Replaces the elements in a group. If a button in it has the focus, the new button at its place gets the
 * focus, so that an answer that comes late does not take it away.
 */
export function replaceInside(group: HTMLElement, ...inside: readonly Node[]): void {
  const buttons = () => [...group.querySelectorAll<HTMLButtonElement>("button")];
  const focused = buttons().findIndex((button) => button === document.activeElement);
  group.replaceChildren(...inside);
  if (focused >= 0) (buttons()[focused] ?? buttons().at(-1))?.focus();
}

/** Fills a group with a row of buttons of which one is pressed. */
export function choices(
  group: HTMLElement,
  labels: readonly string[],
  pressed: number,
  choose: (index: number) => void,
): HTMLButtonElement[] {
  const buttons = labels.map((label, index) => {
    const button = make("button", "", label);
    button.type = "button";
    button.setAttribute("aria-pressed", String(index === pressed));
    button.addEventListener("click", () => choose(index));
    return button;
  });
  replaceInside(group, ...buttons);
  return buttons;
}

/** Marks one of some buttons as pressed. */
export function press(buttons: readonly HTMLButtonElement[], pressed: number): void {
  for (const [index, button] of buttons.entries()) {
    button.setAttribute("aria-pressed", String(index === pressed));
  }
}

/** Makes Tab reach only one button of a row, whose others `moveWithArrows()` reaches. */
export function reachByTab(buttons: readonly HTMLButtonElement[], reached: number): void {
  for (const [index, button] of buttons.entries()) button.tabIndex = index === reached ? 0 : -1;
}

/** Makes the left and right arrow keys, Home and End move between the buttons of a row. */
export function moveWithArrows(group: HTMLElement): void {
  group.addEventListener("keydown", (event) => {
    const buttons = [...group.querySelectorAll<HTMLButtonElement>("button")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const steps: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      Home: 0,
      End: buttons.length - 1,
    };
    const next = buttons[steps[event.key]];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
    next.click();
  });
}
