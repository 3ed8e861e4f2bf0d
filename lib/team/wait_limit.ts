/** Waiting for other processes, without a blocking call and with a time limit. */
import type { Request } from "./mpi.ts";
import type { Alarm } from "./sigalrm.ts";

/** The other processes did not answer within the time limit. */
export class LostTeamError extends Error {
  /** Always `"LostTeamError"`. */
  override readonly name = "LostTeamError";

  /** Says what was waited for, and for how many seconds. */
  constructor(what: string, seconds: number) {
    super(
      `Waited ${seconds} s for the other processes (${what}): one of them or the network between them ` +
        "is gone, or a step takes longer than that; --patience says how many seconds to wait",
    );
  }
}

/** Options of `waitFor()`. */
export interface Waiting {
  /** Seconds after which the other processes count as lost. */
  readonly patience: number;
  /** Ends the process if polling the request never returns. */
  readonly alarm: Alarm;
}

/** Milliseconds of polling without a pause, in which fast operations end. */
const EAGER = 1;
/** Milliseconds between two moments at which timers and signals are served. */
const TURN = 10;
/** Seconds between the end of patience and the alarm. */
const GRACE = 20;
/** How often the library is polled in a row, as each call moves some bytes. */
const IN_A_ROW = 16;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Waits until a request is done: at first by polling, then with pauses, so that waiting processes
 * leave the cores to those that compute. Timers and signals are served meanwhile.
 *
 * @throws {LostTeamError} If it is not done in time.
 */
export async function waitFor(request: Request, { patience, alarm }: Waiting): Promise<void> {
  const began = performance.now();
  let turn = began + TURN;
  alarm(Math.ceil(patience) + GRACE);
  try {
    while (!poll(request)) {
      const now = performance.now();
      const waited = now - began;
      if (waited > 1000 * patience) throw new LostTeamError(request.what, patience);
      if (now > turn) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        turn = performance.now() + TURN;
      }
      if (waited > EAGER) Atomics.wait(sleeper, 0, 0, pauseAfter(waited));
    }
  } finally {
    alarm(0);
  }
}

/** Polls a request a few times; whether it is done. */
function poll(request: Request): boolean {
  for (let i = 0; i < IN_A_ROW; i++) if (request.test()) return true;
  return false;
}

/**
 * The next pause in milliseconds: a twentieth of the time waited so far, but short enough to keep a
 * network busy.
 */
function pauseAfter(waited: number): number {
  return Math.min(waited / 20, waited > 10_000 ? 10 : 0.5);
}
