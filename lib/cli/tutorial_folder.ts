/** The folder of the tutorial's notebooks. */
import { ConfigError } from "../errors.ts";
import { TUTORIAL_NOTEBOOK } from "./notebook_file.ts";

/** The folder of the notebooks. */
export const FOLDER = "notebooks";

/** The folder of the user's own notebooks, in which the tasks run and replace nothing unasked. */
export const OWN = `${FOLDER}/mine`;

/**
 * Lists the tutorial's notebooks whose names begin with one of the given texts, or all of them if no
 * text is given.
 */
export function chooseNotebooks(beginnings: readonly string[]): string[] {
  const all = [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
    .filter((name) => TUTORIAL_NOTEBOOK.test(name)).sort();
  if (beginnings.length === 0) return all;
  for (const beginning of beginnings) {
    if (all.some((name) => name.startsWith(beginning))) continue;
    throw new ConfigError("notebook", beginning, `must begin one of ${all.join(", ")}`);
  }
  return all.filter((name) => beginnings.some((beginning) => name.startsWith(beginning)));
}
