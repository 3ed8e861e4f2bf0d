/** The progress of `deno task prepare`, as one line. */
import { count, duration, percent, several } from "../format.ts";
import type { PrepareProgress } from "../store/prepare_settings.ts";
import type { Output } from "./terminal_output.ts";
import { StatusLine } from "./status_line.ts";

/** The width of the bar, in characters. */
const WIDTH = 20;

/** Shows the progress of preparing. The caller calls `close()`, or declares it with `using`. */
export class PrepareLine extends StatusLine<PrepareProgress> {
  readonly #now: () => number;
  /** The progress with which this process began the present stage, and the time. */
  #first?: PrepareProgress & { readonly at: number };

  /**
   * Prints to `output`.
   *
   * @param now A clock in milliseconds, for tests.
   */
  constructor(output: Output, now: () => number = () => performance.now()) {
    super(output, now);
    this.#now = now;
  }

  /** Shows the progress, unless the line was drawn a moment ago. A new stage is shown at once. */
  override show(progress: PrepareProgress): void {
    const isNew = progress.stage !== this.#first?.stage;
    if (isNew) this.#first = { ...progress, at: this.#now() };
    super.show(progress, isNew);
  }

  protected override describe(
    { stage, bytes, totalBytes, documents, tokens }: PrepareProgress,
  ): string {
    const first = this.#first!;
    const seconds = (this.#now() - first.at) / 1000;
    const rate = (bytes - first.bytes) / Math.max(seconds, 1e-3);
    const done = Math.min(bytes, totalBytes);
    const files = totalBytes === 0 ? [] : [
      `${bar(done / totalBytes)} ${percent(done / totalBytes, 0)} of ${inUnits(totalBytes)}`,
      `${(rate / 1e6).toFixed(1)} MB/s`,
    ];
    const left = totalBytes === 0
      ? []
      : [`ETA ${rate > 0 ? duration((totalBytes - done) / rate) : "…"}`];
    return [
      stage,
      ...files,
      several(documents, "document"),
      ...(tokens > 0 ? [`${count(tokens)} tokens`] : []),
      ...left,
    ].join("  ");
  }
}

/** Draws a bar such as `[=====     ]`. */
function bar(share: number): string {
  const filled = Math.round(WIDTH * share);
  return `[${"=".repeat(filled)}${" ".repeat(WIDTH - filled)}]`;
}

/** A number of bytes in a suitable unit, such as `"20.0 GB"`. */
function inUnits(bytes: number): string {
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(units.length, Math.max(1, Math.floor(Math.log10(bytes) / 3)));
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1]}`;
}
