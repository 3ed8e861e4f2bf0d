/** A file by which a run is told to stop where no signal reaches it. */

/** Milliseconds between two looks. */
const INTERVAL = 1000;

/** Looks for a file `stop` in a run's folder, at most once a second. */
export class StopFile {
  readonly #path: string;
  readonly #controller = new AbortController();
  #lookedAt = -Infinity;

  /** @param folder The run's folder. */
  constructor(folder: string) {
    this.#path = `${folder}/stop`;
  }

  /** Aborted when the file was found. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Takes the file away if it is there, so that it stops one process only; whether it was. */
  async look(now = performance.now()): Promise<boolean> {
    if (now - this.#lookedAt < INTERVAL) return false;
    this.#lookedAt = now;
    try {
      await Deno.remove(this.#path);
    } catch {
      return false; // as a rule there is none
    }
    this.#controller.abort();
    return true;
  }
}
