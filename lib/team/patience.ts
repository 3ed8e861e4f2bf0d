/** Waiting for other processes: not in a call that blocks, and not for ever. */
import type { Request } from "./mpi.ts";
import type { Alarm } from "./system.ts";

/** The others were waited for as long as was allowed. */
export class LostTeamError extends Error {
  /** Always `"LostTeamError"`. */
  override readonly name = "LostTeamError";

  /** For what, and how long, in seconds. */
  constructor(what: string, seconds: number) {
    super(
      `Waited ${seconds} s for the other processes (${what}): one of them or the network between them ` +
        "is gone, or it is that slow; --patience says how many seconds to wait",
    );
  }
}

/** How a process waits. */
export interface Waiting {
  /** Seconds after which the others count as lost. */
  readonly patience: number;
  /** Ends the process where asking about the request never returns. */
  readonly alarm: Alarm;
}

/** Milliseconds of asking without a pause: what is quick is not slowed down. */
const EAGER = 1;
/** Milliseconds after which timers and signals get their turn. */
const TURN = 10;
/** Seconds that the alarm comes after patience has ended. */
const GRACE = 20;
/** Times that the library is asked in a row: each time it moves some bytes. */
const IN_A_ROW = 16;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Waits until a request is done: eagerly at first, then with pauses, so that processes that share
 * cores leave them to those that compute. Meanwhile timers and signals have their turn.
 *
 * @throws {LostTeamError} If it is not done in time.
 */
export async function waitFor(request: Request, { patience, alarm }: Waiting): Promise<void> {
  const began = performance.now();
  let turn = began + TURN;
  alarm(Math.ceil(patience) + GRACE);
  try {
    while (!asked(request)) {
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

function asked(request: Request): boolean {
  for (let i = 0; i < IN_A_ROW; i++) if (request.test()) return true;
  return false;
}

/** Milliseconds: a twentieth of what was waited already, but never so long that a network stands still. */
function pauseAfter(waited: number): number {
  return Math.min(waited / 20, waited > 10_000 ? 10 : 0.5);
}
