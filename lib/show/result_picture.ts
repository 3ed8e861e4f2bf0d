/** The picture of a run for the README: its loss curve, and the model's guesses for blanks. */
import { percent } from "../format.ts";
import type { Baselines } from "../training/baselines.ts";
import type { StepLog } from "../training/history.ts";
import { FRAME, label } from "./svg.ts";
import { mlmLossChart } from "./training_view.ts";

/** A text with a blank, and the most probable words for it. */
export interface FilledBlank {
  /** The text, with one `[MASK]`. */
  readonly text: string;
  /** Words for the blank, the most probable first. At most three are drawn. */
  readonly guesses: readonly { readonly token: string; readonly probability: number }[];
}

const WIDTH = 1000;
const CHART_WIDTH = 600;
const CHART_HEIGHT = Math.round(CHART_WIDTH * FRAME.height / FRAME.width);
const HEIGHT = CHART_HEIGHT + 16;

/**
 * Draws the picture as a stand-alone SVG document.
 *
 * @param blanks At most five texts, each with one `[MASK]`.
 */
export function resultPicture(
  steps: readonly StepLog[],
  baselines: Baselines,
  blanks: readonly FilledBlank[],
): string {
  const chart = mlmLossChart(steps, baselines).svg
    .replace(/^<svg /, '<svg x="0" y="8" ')
    .replace(/ width="\d+" height="\d+"/, ` width="${CHART_WIDTH}" height="${CHART_HEIGHT}"`);
  const lines = blanks.flatMap(({ text, guesses }, i) => {
    const [first, ...others] = guesses.slice(0, 3).map(({ token, probability }) =>
      `${token} ${percent(probability, 0)}`
    );
    const y = 70 + 58 * i;
    return [
      label(text, CHART_WIDTH + 20, y, { size: 14 }),
      label(first, CHART_WIDTH + 40, y + 21, { size: 14, colour: "#0072b2" }),
      label(others.join("   "), CHART_WIDTH + 180, y + 21, { size: 12, colour: "#777777" }),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    chart,
    label("What the model fills in", CHART_WIDTH + 20, 34, { size: 15 }),
    ...lines,
    "</svg>",
  ].join("\n");
}
