/** The parts around a plot: scales, axes with their numbers and grid lines, and names of categories. */
import { FRAME, type Frame, label, line, plotBottom, plotWidth, round, upright } from "./svg.ts";

/** A linear mapping from values to pixels. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  toPixel(value: number): number;
}

/** A horizontal scale over the plot's width. Whole numbers, such as epochs, get no ticks between them. */
export function horizontal(values: readonly number[], frame = FRAME): Scale {
  const width = plotWidth(frame);
  const steps = Math.min(STEPS, Math.floor(width / 70));
  const whole = values.every(Number.isInteger);
  return scale(values, frame.left, frame.left + width, { steps, whole });
}

/** A vertical scale over the plot's height; larger values are further up. */
export function vertical(values: readonly number[], frame = FRAME): Scale {
  return scale(values, plotBottom(frame), frame.top);
}

/** About how many steps lie between the ticks of an axis. */
const STEPS = 5;

interface TickOptions {
  /** Steps between the ticks, about. */
  readonly steps?: number;
  /** Whether all ticks are whole numbers. */
  readonly whole?: boolean;
}

function scale(values: readonly number[], from: number, to: number, options?: TickOptions): Scale {
  const finite = values.filter(Number.isFinite);
  const least = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const most = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const [bottom, top] = least < most
    ? [least, most]
    : least === most
    ? [least - 0.5, most + 0.5]
    : [0, 1];
  const ticks = ticksBetween(bottom, top, options);
  const low = Math.min(bottom, ticks[0]);
  const high = Math.max(top, ticks[ticks.length - 1]);
  const toPixel = (value: number) => round(from + (to - from) * (value - low) / (high - low));
  return { low, high, ticks, toPixel };
}

/** Round numbers at equal distances that enclose the range; about `steps + 1` of them. */
export function ticksBetween(
  low: number,
  high: number,
  { steps = STEPS, whole = false }: TickOptions = {},
): number[] {
  const raw = (high - low) / steps;
  const power = 10 ** Math.floor(Math.log10(raw));
  const sizes = whole && raw < 10
    ? [1, 2, 3, 5, 10]
    : [1, 2, 2.5, 5, 10].map((factor) => factor * power);
  const step = sizes.find((size) => size >= raw) ?? raw;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from(
    { length: last - first + 1 },
    (_, i) => Number(((first + i) * step).toPrecision(10)),
  );
}

/**
 * Draws the names of the axes, tick marks and grid lines. Without `x` the horizontal axis has no
 * numbers. `foot` is the additional height of the names of categories that stand there instead.
 */
export function axes(
  x: Scale | undefined,
  y: Scale,
  titles: { readonly xTitle: string; readonly yTitle: string },
  { foot = 0, frame = FRAME }: { readonly foot?: number; readonly frame?: Frame } = {},
): string[] {
  const { left, top } = frame;
  const right = left + plotWidth(frame);
  const bottom = plotBottom(frame);
  const heights = tickLabels(y.ticks);
  const lines = y.ticks.flatMap((tick, i) => {
    const at = y.toPixel(tick);
    return [
      line(left, at, right, at, "#e3e3e3"),
      label(heights[i], left - 8, at + 4, { anchor: "end" }),
    ];
  });
  const columns = x === undefined ? [] : tickLabels(x.ticks).flatMap((text, i) => {
    const at = x.toPixel(x.ticks[i]);
    return [
      line(at, bottom, at, bottom + 4, "#888888"),
      label(text, inside(at, text, frame), bottom + 18, { anchor: "middle" }),
    ];
  });
  return [
    ...lines,
    ...columns,
    line(left, bottom, right, bottom, "#888888"),
    label(titles.xTitle, (left + right) / 2, frame.height - 12 + foot, { anchor: "middle" }),
    upright(titles.yTitle, besideTicks(heights), (top + bottom) / 2),
  ];
}

/** The numbers of an axis as text, all written in the same way: 0.69 and 0.70, 8e-5 and 1e-4. */
function tickLabels(ticks: readonly number[]): string[] {
  const labels = ticks.map(number);
  if (labels.some((text) => text.includes("e"))) {
    return ticks.map((tick) => tick === 0 ? "0" : exponential(tick));
  }
  const decimals = Math.max(...labels.map((text) => text.split(".")[1]?.length ?? 0));
  return ticks.map((tick) =>
    tick.toLocaleString("en-US", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    })
  );
}

/** The x of the name of the vertical axis, which is further left if the axis has long numbers. */
function besideTicks(labels: readonly string[]): number {
  const widest = Math.max(...labels.map((text) => text.length));
  return Math.max(12, Math.min(18, FRAME.left - 8 - 7.5 * widest - 6));
}

/**
 * The names of categories below the axis, at equal distances. They are slanted if they would not fit
 * side by side; `foot` is the additional height that this needs.
 */
export function categoryNames(names: readonly string[]): { labels: string[]; foot: number } {
  const room = plotWidth(FRAME) / Math.max(1, names.length);
  const bottom = plotBottom(FRAME);
  const widest = Math.max(0, ...names.map((name) => name.length));
  const slanted = widest * 6.2 >= room;
  const at = slanted ? bottom + 12 : bottom + 18;
  const style = slanted
    ? { size: 10, anchor: "end" as const, turn: -35 }
    : { anchor: "middle" as const };
  return {
    labels: names.map((name, i) => label(name, FRAME.left + (i + 0.5) * room, at, style)),
    foot: slanted ? Math.max(0, Math.round(3.1 * widest - 24)) : 0,
  };
}

/** The middle of a text, moved to the left if the text would reach beyond the right edge. */
function inside(middle: number, text: string, { width }: Frame): number {
  return Math.min(middle, width - 2 - 3.4 * text.length);
}

/** A number in a readable notation, such as 12,000 or 0.25 or 3e-5. */
export function number(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return exponential(value);
  return value.toLocaleString("en-US", { maximumSignificantDigits: 6 });
}

function exponential(value: number): string {
  return value.toExponential().replace("e+", "e");
}
