/** The file `stop`, which stops a run where no signal can reach it. */

/** Milliseconds between two checks for the file. */
const INTERVAL = 1000;

/** Checks for a file `stop` in a run's folder, at most once a second. */
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

  /**
   * Removes the file if it is there, so that it stops one process only, and says whether it was
   * there.
   */
  async look(now = performance.now()): Promise<boolean> {
    if (now - this.#lookedAt < INTERVAL) return false;
    this.#lookedAt = now;
    try {
      await Deno.remove(this.#path);
    } catch {
      return false; // usually there is none
    }
    this.#controller.abort();
    return true;
  }
}
