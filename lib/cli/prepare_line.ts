/** How far preparing is, on a terminal: one line that is drawn over; elsewhere a line now and then. */
import { count, duration, percent, several } from "../format.ts";
import type { PrepareProgress } from "../store/prepare_settings.ts";
import type { Output } from "./output.ts";

/** Milliseconds between two drawings on a terminal, and between two lines elsewhere. */
const OFTEN = 200;
const RARELY = 30_000;

/** Characters of the bar. */
const WIDTH = 20;

/** Shows progress as it comes. The caller calls `close()`, or declares it with `using`. */
export class PrepareLine {
  readonly #output: Output;
  readonly #now: () => number;
  #shownAt = -Infinity;
  #last?: PrepareProgress;
  /** Where this stage began, in this process. */
  #first?: PrepareProgress & { readonly at: number };

  /**
   * Prints to `output`.
   *
   * @param now A clock in milliseconds, for tests.
   */
  constructor(output: Output, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
  }

  /** Shows progress, unless the last one was shown a moment ago. */
  show(progress: PrepareProgress): void {
    const isNew = progress.stage !== this.#last?.stage;
    if (isNew) this.#first = { ...progress, at: this.#now() };
    this.#last = progress;
    const interval = this.#output.terminal ? OFTEN : RARELY;
    if (!isNew && this.#now() - this.#shownAt < interval) return;
    this.#shownAt = this.#now();
    this.#output.draw(this.#describe(progress));
  }

  /** At a terminal, leaves the last line where it is. */
  close(): void {
    if (!this.#output.terminal || !this.#last) return;
    this.#output.draw(this.#describe(this.#last));
    this.#output.keepLine();
    this.#last = undefined;
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #describe({ stage, bytes, totalBytes, documents, tokens }: PrepareProgress): string {
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

/** `[=====     ]`. */
function bar(share: number): string {
  const filled = Math.round(WIDTH * share);
  return `[${"=".repeat(filled)}${" ".repeat(WIDTH - filled)}]`;
}

function inUnits(bytes: number): string {
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(units.length, Math.max(1, Math.floor(Math.log10(bytes) / 3)));
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1]}`;
}
