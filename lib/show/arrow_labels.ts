/** The labels of a diagram's arrows: how wide they are, whether they touch, and how they are drawn. */
import { escape, round, subscripts } from "./svg.ts";

/** The text beside an arrow, and its position in pixels. */
export interface Label {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly anchor: "middle" | "start";
}

/** Whether any two of the labels touch. */
export function anyTouch(labels: readonly Label[]): boolean {
  const shown = labels.filter(({ text }) => text !== "");
  return shown.some((a, i) =>
    shown.slice(i + 1).some((b) =>
      Math.abs(a.y - b.y) < 14 && leftOf(a) < rightOf(b) + 8 && leftOf(b) < rightOf(a) + 8
    )
  );
}

/** The width of a label, in pixels. Its letters are smaller than those of the boxes. */
function labelWidth({ text }: Label): number {
  return 6.7 * text.replaceAll("_", "").length;
}

function leftOf(label: Label): number {
  return label.anchor === "start" ? label.x : label.x - labelWidth(label) / 2;
}

function rightOf(label: Label): number {
  return leftOf(label) + labelWidth(label);
}

/**
 * Draws a label on a white background, which interrupts the line of its arrow. Signs such as + are
 * drawn large.
 */
export function drawLabel(label: Label): string {
  const { text, x, y, anchor } = label;
  if (text === "") return "";
  const width = labelWidth(label) + 4;
  const ground = `<path d="M${round(leftOf(label) - 2)} ${round(y - 12)}h${round(width)}v17h` +
    `${round(-width)}Z" fill="#ffffff"/>`;
  const [size, down] = /^[+=×]$/.test(text) ? [19, 2.5] : [12, 0];
  return `${ground}<text x="${round(x)}" y="${round(y + down)}" font-family="sans-serif" ` +
    `font-size="${size}" text-anchor="${anchor}" fill="#222222">${subscripts(escape(text))}</text>`;
}
