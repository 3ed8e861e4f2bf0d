/** The file `stop`, which stops a run where no signal can reach it. */

/** The shortest time between two checks for the file, in milliseconds. */
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

  /** A signal that is aborted when the file was found. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Looks for the file, unless it did so within the last second, and removes it, so that it stops one
   * process only.
   *
   * @returns Whether the file was there.
   */
  async look(now = performance.now()): Promise<boolean> {
    if (now - this.#lookedAt < INTERVAL) return false;
    this.#lookedAt = now;
    try {
      await Deno.remove(this.#path);
    } catch {
      return false; // there is no such file, as usual
    }
    this.#controller.abort();
    return true;
  }
}
