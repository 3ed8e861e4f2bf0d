/** The recipes: sets of settings that work together. */
import { checkArguments, having } from "../checks.ts";
import type { Given } from "./option_parser.ts";

/** The settings of each recipe, by its name. Notebook 10 explains them. */
export const RECIPES = {
  short: {
    steps: 5000,
    length: 64,
    batchSize: 32,
    headStart: true,
    countedStart: true,
    heads: 8,
    initialRange: 0.06,
    dropout: 0,
    lr: 3e-3,
    beta2: 0.98,
  },
} as const;

/** The name of a recipe. */
export type RecipeName = keyof typeof RECIPES;

/**
 * Adds the settings of the recipe, if the settings name one. Given settings take precedence over the
 * recipe. Given epochs or minutes replace its number of steps.
 *
 * @example
 * ```ts
 * import { withRecipe } from "bert/runs/recipes.ts";
 * import { strictEqual } from "node:assert";
 * const { headStart, steps } = withRecipe({ recipe: "short", steps: 500 });
 * strictEqual(headStart, true);
 * strictEqual(steps, 500);
 * ```
 */
export function withRecipe(given: Given<string>): Given<string> {
  checkArguments("withRecipe(given)", [["given", given, having("settings by name")]]);
  const { recipe } = given;
  if (recipe === undefined) return given;
  const { steps, ...others } = RECIPES[recipe as RecipeName];
  const ends = given.epochs !== undefined || given.maxMinutes !== undefined;
  return { ...others, ...(ends ? {} : { steps }), ...given };
}
