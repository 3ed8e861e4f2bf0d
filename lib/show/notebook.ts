// deno-lint-ignore-file no-console -- output of notebooks
/**
 * Output of notebooks: showing figures, live updates, a progress bar, and the Stop button. In a plain
 * `deno run` the same functions print text.
 */

import { checkArguments, having } from "../checks.ts";

/** Content that can be shown in a notebook, such as a `Figure` or a `Table`. */
export interface Showable {
  /** Its form as text, for a terminal. */
  readonly text: string;
  /** Its forms for Jupyter, by MIME type. */
  bundle(): Record<string, unknown>;
  /** Its forms while it is going to be replaced soon, if these differ. */
  liveBundle?(): Record<string, unknown>;
}

/**
 * Whether this code runs inside the Deno Jupyter kernel.
 *
 * @example
 * ```ts
 * import { inNotebook } from "bert/show/notebook.ts";
 * import { ok } from "node:assert";
 * const place = inNotebook() ? "below the cell" : "in the terminal";
 * ok(place === "in the terminal" || Deno.jupyter !== undefined);
 * ```
 */
export function inNotebook(): boolean {
  try {
    return Deno.jupyter !== undefined; // outside the kernel, reading it throws
  } catch {
    return false;
  }
}

/** The time that a printed line gets to leave the kernel, in milliseconds. */
const LINE_TIME = 2;

/**
 * Makes the methods of `console` wait until their line has left the kernel. Another thread sends it, to
 * whichever cell runs at that moment, and at "Run All" that may already be the next one: of the lines at
 * the ends of cells one or two in a hundred stood in the wrong place.
 */
function printInPlace(): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (const method of ["log", "info", "warn", "error"] as const) {
    const print = console[method];
    console[method] = (...values: unknown[]) => {
      print(...values);
      Atomics.wait(never, 0, 0, LINE_TIME);
    };
  }
}

if (inNotebook()) printInPlace();

/**
 * Waits until all output has left the kernel. The kernel may report a cell as done before its last
 * output is sent, and programs that then stop listening would lose it.
 *
 * @example
 * ```ts
 * import { flush } from "bert/show/notebook.ts";
 * await flush(); // show() and live() do this themselves
 * ```
 */
export function flush(milliseconds = 30): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Shows a figure or a table below the cell, and waits until it has left the kernel. Outside a notebook
 * its text is printed.
 *
 * @throws {TypeError} If it is something else, such as a text.
 *
 * @example
 * ```ts
 * import { inNotebook, show } from "bert/show/notebook.ts";
 * import { table } from "bert/show/table.ts";
 * import { ok } from "node:assert";
 * const words = table([{ word: "sea", count: 5 }, { word: "ship", count: 12 }]);
 * if (inNotebook()) await show(words); // a table; elsewhere the text below is printed
 * ok(words.text.startsWith("word  count"));
 * ```
 */
export async function show(content: Showable): Promise<void> {
  checkArguments("show(content)", [["content", content, SHOWABLE]]);
  if (!inNotebook()) return console.log(content.text);
  await Deno.jupyter.display(content.bundle(), { raw: true });
  await flush();
}

const SHOWABLE = having("a figure, a diagram or a table", "text", "bundle");

type Content = Showable | (() => Showable);

/** A place in a cell's output whose content can be replaced. `await using` finishes it. */
export interface LiveView extends AsyncDisposable {
  /**
   * Replaces the content, unless the last update was within the interval. A function is called only
   * when its content is shown.
   */
  update(content: Showable | (() => Showable)): Promise<void>;
  /**
   * Shows the last content for good, and waits until it has left the kernel. The content stays in the
   * notebook and nothing is freed, so this is not called `close()`.
   */
  finish(): Promise<void>;
}

/**
 * Opens a place for content that changes while a cell runs, such as a loss curve.
 *
 * @param id A name that is unique in the notebook. It makes outputs reproducible.
 * @param interval The shortest time between two updates, in milliseconds.
 *
 * @example
 * ```ts
 * import { inNotebook, live, progressBar } from "bert/show/notebook.ts";
 * if (inNotebook()) {
 *   await using view = live("my-bar", 500); // is finished at the end of the block
 *   for (let step = 1; step <= 100; step++) {
 *     await view.update(() => progressBar(step / 100, `step ${step}`)); // drawn twice a second
 *   }
 * }
 * ```
 */
export function live(id: string, interval = 1000): LiveView {
  let shown = false;
  let drawnAt = -Infinity;
  let last: Content | undefined;
  const draw = async (bundle: Record<string, unknown>) => {
    await Deno.jupyter.display(bundle, { raw: true, display_id: id, update: shown });
    shown = true;
  };
  const finish = async () => {
    const content = last && made(last);
    if (content && inNotebook()) await draw(content.bundle());
    else if (content) console.log(content.text);
    last = undefined;
    await flush();
  };
  return {
    async update(content) {
      last = content;
      if (!inNotebook() || performance.now() - drawnAt < interval) return;
      drawnAt = performance.now();
      const drawn = made(content);
      await draw(drawn.liveBundle?.() ?? drawn.bundle());
    },
    finish,
    [Symbol.asyncDispose]: finish,
  };
}

function made(content: Content): Showable {
  return typeof content === "function" ? content() : content;
}

/**
 * A progress bar as a `Showable`.
 *
 * @param done Share of the work, 0 to 1.
 * @param note A text after the bar.
 *
 * @example
 * ```ts
 * import { progressBar } from "bert/show/notebook.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(progressBar(0.25, "step 5 of 20").text, "█████░░░░░░░░░░░░░░░ 25 %  step 5 of 20");
 * ```
 */
export function progressBar(done: number, note: string): Showable {
  const share = Math.min(1, Math.max(0, done));
  const width = 20; // bar and note fit into a line even beside an open side bar
  const text = `${"█".repeat(Math.round(share * width)).padEnd(width, "░")} ${
    (100 * share).toFixed(0)
  } %  ${note}`;
  return { text, bundle: () => ({ "text/plain": text }) };
}

/**
 * Makes the Stop button stop a run instead of the kernel, and makes uncaught errors visible.
 *
 * Jupyter's Stop button sends SIGINT, which would end the kernel and lose the model. After this call
 * it aborts the returned signal instead, and the training loop stops after the current step. Call it
 * once for each run, as an aborted signal stays aborted.
 *
 * @returns The signal for `pretrain()` or `train()`. Once it is disposed of, the button ends the kernel
 * again. `using stop = stopButton()` disposes of it at the end of the block.
 *
 * @example
 * ```ts
 * import { stopButton } from "bert/show/notebook.ts";
 * import { strictEqual } from "node:assert";
 * strictEqual(stopButton().aborted, false);
 * ```
 */
export function stopButton(): AbortSignal & Disposable {
  showErrorsOnce();
  stopListening();
  controller = new AbortController();
  if (inNotebook()) Deno.addSignalListener("SIGINT", stop);
  return Object.assign(controller.signal, { [Symbol.dispose]: stopListening });
}

let controller = new AbortController();

function stop(): void {
  console.log("Stopping after this step; the model keeps what it has learnt.");
  controller.abort();
}

function stopListening(): void {
  if (inNotebook()) Deno.removeSignalListener("SIGINT", stop);
}

let showingErrors = false;

/** Prints uncaught errors from now on. Otherwise they would end the kernel or get lost. */
function showErrorsOnce(): void {
  if (showingErrors || !inNotebook()) return;
  showingErrors = true;
  globalThis.addEventListener("unhandledrejection", (event) => {
    console.error("A promise that nobody awaited failed:", event.reason);
    event.preventDefault(); // otherwise the kernel would end
  });
  globalThis.addEventListener("error", (event) => {
    console.error("A callback failed:", event.error);
    event.preventDefault();
  });
}
