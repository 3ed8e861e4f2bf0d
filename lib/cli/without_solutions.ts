/** Copies of the notebooks for a class: without the solutions of the exercises. */
import { ConfigError } from "../errors.ts";
import { isThere } from "../files/optional_file.ts";
import { type Notebook, readNotebook, sourceOf, writeNotebook } from "./notebook_file.ts";

const SOLUTION = /<details><summary>Solution<\/summary>[^]*?<\/details>\n*/g;

/**
 * Returns a notebook without its solutions.
 *
 * @example
 * ```ts
 * import { readNotebook } from "bert/cli/notebook_file.ts";
 * import { withoutSolutions } from "bert/cli/without_solutions.ts";
 * import { ok } from "node:assert";
 * const copy = withoutSolutions(await readNotebook("notebooks/01_tokenizer.ipynb"));
 * ok(!JSON.stringify(copy).includes("Solution"));
 * ```
 */
export function withoutSolutions(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell) =>
    cell.cell_type === "markdown"
      ? { ...cell, source: sourceOf(cell).replaceAll(SOLUTION, "") }
      : cell
  );
  return { ...notebook, cells };
}

/**
 * Writes notebooks without their solutions into another folder.
 *
 * @throws {ConfigError} If one of them is there already; none is written then.
 */
export async function copyWithoutSolutions(
  from: string,
  to: string,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    if (!await isThere(`${to}/${name}`)) continue;
    throw new ConfigError(
      "--without-solutions",
      `${to}/${name}`,
      "is there already: delete it first",
    );
  }
  await Deno.mkdir(to, { recursive: true });
  for (const name of names) {
    writeNotebook(`${to}/${name}`, withoutSolutions(await readNotebook(`${from}/${name}`)));
  }
}
