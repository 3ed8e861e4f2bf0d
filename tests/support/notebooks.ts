// deno-lint-ignore-file camelcase -- the names of Jupyter's own format
/** Temporary notebooks for tests of running them. */
import type { Notebook, Output } from "bert/cli/notebook_file.ts";

/** A code cell: its source, or its source and its tags. */
export type Code = string | { readonly source: string; readonly tags: readonly string[] };

/** Writes a notebook with these code cells into a new folder, and removes the folder afterwards. */
export async function withNotebook<T>(
  cells: readonly Code[],
  use: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "runner-test-" });
  try {
    const path = `${folder}/small.ipynb`;
    await Deno.writeTextFile(path, JSON.stringify(notebook(cells)));
    return await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A notebook as an editor saves it: a heading and these code cells, none of which was run. */
export function notebook(cells: readonly Code[]): Notebook {
  const code = cells.map((cell, i) => ({
    cell_type: "code" as const,
    execution_count: null,
    id: `code-${i}`,
    metadata: typeof cell === "string" ? {} : { tags: cell.tags },
    outputs: [],
    source: typeof cell === "string" ? cell : cell.source,
  }));
  const heading = { cell_type: "markdown" as const, id: "top", metadata: {}, source: "# Small" };
  return { cells: [heading, ...code], metadata: {}, nbformat: 4, nbformat_minor: 5 };
}

/** The text of all streams among these outputs. */
export function printed(outputs: readonly Output[] | undefined): string {
  return (outputs ?? []).flatMap((output) => (output.text as string[] | undefined) ?? []).join("");
}

/** Whether a process exists. */
export function isRunning(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT"); // does nothing to one that runs
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
