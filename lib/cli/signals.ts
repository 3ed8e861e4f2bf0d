/** Ctrl-C and its kin as a request: the first one asks, the second one ends the process. */

/** The code that a process ends with, by the signal that ended it. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Milliseconds in which signals are one: `deno task` passes on a Ctrl-C that the terminal sends, too. */
const ECHO = 100;

/**
 * Listens to SIGINT, SIGTERM and SIGHUP; on Windows to Ctrl-C.
 *
 * Until `listen()` a signal ends the process at once, in the middle of whatever it computes, as there
 * is nothing to save. After it the first one aborts the signal that `listen()` gave, and the system's
 * own way is restored: a second one ends the process at once, even in the middle of a step. The caller
 * calls `end()`.
 *
 * @example
 * ```ts
 * import { Interruption } from "bert/cli/signals.ts";
 * import { strictEqual } from "node:assert";
 * const stop = new Interruption((signal) => console.log(`${signal}: after this step`));
 * const signal = stop.listen();
 * for (let step = 0; step < 3 && !signal.aborted; step++) await Promise.resolve(); // a step
 * stop.end();
 * strictEqual(stop.code, 0);
 * ```
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #handlers = new Map<Deno.Signal, () => void>();
  readonly #onSignal: (signal: string) => void;
  #code = 0;

  /** @param onSignal Told of the first signal. */
  constructor(onSignal: (signal: string) => void) {
    this.#onSignal = onSignal;
  }

  /** What to exit with: 0 if there was no signal. */
  get code(): number {
    return this.#code;
  }

  /** From here on there is something to save. */
  listen(): AbortSignal {
    for (const [signal, code] of Object.entries(SIGNALS) as [Deno.Signal, number][]) {
      if (Deno.build.os === "windows" && signal !== "SIGINT") continue;
      const handler = () => this.#interrupt(signal, code);
      this.#handlers.set(signal, handler);
      Deno.addSignalListener(signal, handler);
    }
    return this.#controller.signal;
  }

  #interrupt(signal: string, code: number): void {
    this.#code = code;
    sleep(ECHO); // what arrives meanwhile goes to this handler, which is gone by then
    this.end();
    this.#onSignal(signal);
    this.#controller.abort();
  }

  /** Leaves signals to the system again. */
  end(): void {
    for (const [signal, handler] of this.#handlers) Deno.removeSignalListener(signal, handler);
    this.#handlers.clear();
  }
}

/** Blocks: nothing else may run, so that nothing is begun that the signal is to prevent. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
