/** The colours of lines, bars and level lines. */

/**
 * The colours of lines and bars: Okabe and Ito's palette (2008), which colour-blind readers can
 * distinguish. Its purple is reserved for the line of word frequencies.
 */
export const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#000000"];

/** The colour of a line or a series by its index, from 0. After the last colour the first follows. */
export function colourAt(index: number): string {
  return COLOURS[index % COLOURS.length];
}

/** The colours of level lines that occur in many charts. */
const LEVEL_COLOURS: readonly (readonly [RegExp, string])[] = [
  [/^(no knowledge|knows nothing|ln V)/, "#999999"],
  [/frequenc|most frequent word/, "#cc79a7"],
  [/coin|majority|half and half/, "#555555"],
];

/**
 * The colour of a level line. It depends on the name, so that a baseline has the same colour
 * everywhere.
 *
 * @param index Its index among the level lines with other names, from 0.
 */
export function levelColour(name: string, index: number): string {
  const known = LEVEL_COLOURS.find(([pattern]) => pattern.test(name));
  return known?.[1] ?? ["#555555", "#999999", "#c0a000"][index % 3];
}
