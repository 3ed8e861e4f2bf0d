/** The exercises of a notebook, with their published solutions filled in. */
import { type Cell, type Notebook, sourceOf } from "bert/cli/notebook_file.ts";

/** The output of an exercise whose answer is right, or which has no right answer to compare with. */
export const SOLVED = /^(correct|you said)/m;

/**
 * Adds a copy of each exercise with its solution at the end of a notebook: a reader goes back to the
 * exercises when all cells have run. Returns the notebook and the copies.
 */
export function withSolutions(notebook: Notebook): { notebook: Notebook; solved: Cell[] } {
  const solved: Cell[] = [];
  let last: Cell | undefined;
  for (const cell of notebook.cells) {
    const solutions = cell.cell_type === "markdown" ? solutionsIn(sourceOf(cell)) : [];
    if (last !== undefined && solutions.length > 0 && sourceOf(last).includes("your turn")) {
      solved.push({
        ...last,
        id: `${last.id}-solved`,
        source: solve(sourceOf(last), solutions[0]),
      });
      last = undefined;
    }
    if (cell.cell_type === "code") last = cell;
  }
  return { notebook: { ...notebook, cells: [...notebook.cells, ...solved] }, solved };
}

/** A call of `dispose()` outside of functions and blocks, with the name of what it frees first. */
const DISPOSAL = /^(\w+)[\w.?]*\.dispose\(\)/gm;

/** What a cell frees although another cell made it, so that the other one cannot be run again. */
export function disposedFromElsewhere(source: string): string[] {
  return [...source.matchAll(DISPOSAL)].map(([, name]) => name)
    .filter((name) => !new RegExp(`(?:const|let) [^=;]*\\b${name}\\b[^=;]*=`).test(source));
}

/** The code of the solutions in a Markdown text, where they are folded away. */
export function solutionsIn(markdown: string): string[] {
  return [...markdown.matchAll(/<details><summary>Solution<\/summary>([^]*?)<\/details>/g)]
    .flatMap(([, solution]) =>
      [...solution.matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code)
    );
}

/** Replaces the declarations of an exercise by those of the same names in its solution. */
export function solve(exercise: string, solution: string): string {
  const names = [...solution.matchAll(/^(?:const|let|(?:async )?function) (\w+)/gm)]
    .map(([, name]) => name);
  const mark = "\u0000";
  let code = exercise;
  for (const name of names) {
    const declaration = new RegExp(
      `^(?:const|let) ${name}\\b[^]*?;( //.*)?$|^(?:async )?function ${name}\\b[^]*?^}$`,
      "m",
    );
    code = code.replace(declaration, mark);
  }
  if (!code.includes(mark)) throw new Error(`The solution answers nothing:\n${solution}`);
  const [before, ...after] = code.split(mark);
  return `${before}${solution}${after.join("")}`;
}
