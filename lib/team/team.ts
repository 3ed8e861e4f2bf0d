/**
 * Processes that train one model together. What a rank may ask of the others is the interface
 * `Team`; `SOLO` is the team of one process, and `mpi_team.ts` the one that MPI connects.
 */

/**
 * A team of processes, its ranks, that all run the same program. Each of its methods is called by
 * every rank, in the same order: one that is left out by a rank makes the others wait.
 */
export interface Team {
  /** The number of this process, from 0. Rank 0 writes, and talks to the person. */
  readonly rank: number;
  /** How many processes there are. */
  readonly size: number;
  /** This process in messages, as `rank 1 of 4 on node7`. */
  readonly name: string;
  /** The team in words: how many processes where, and what connects them. */
  readonly description: string;
  /** Cores of this machine for this process alone; undefined if all of them are. */
  readonly cores: number | undefined;
  /** What a person should know of how the processes were started, if anything. */
  readonly warning: string | undefined;
  /** Sums of small numbers over all ranks, in float64 and in the order of the ranks. */
  sumCounts(values: readonly number[]): Promise<number[]>;
  /**
   * Sums arrays of one length over all ranks, in place, by a binary tree in the order of the ranks:
   * the same bits on every rank, and the same ones whatever moves the bytes.
   */
  sum(values: Float32Array): Promise<void>;
  /** What each rank gave, in the order of the ranks. */
  gather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /** What rank 0 gave, on every rank, which may keep it; the others give nothing. */
  broadcast(bytes?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A signal that is aborted on every rank in the same call of `sumCounts()` or `gather()`, once
   * `signal` is aborted on any rank. What it stops, stops everywhere after the same step.
   */
  agree(signal: AbortSignal | undefined): AbortSignal | undefined;
  /** Sets how many seconds to wait for the others before they count as lost. */
  waitAtMost(seconds: number): void;
  /**
   * Ends the processes of all ranks, as one of them cannot go on; it does not return.
   *
   * @param report Is given the name of this rank, to print why. Where all ranks fail for the same
   * reason, it is called on the first of them only.
   */
  abort(report: (name: string) => void): Promise<never>;
  /** Leaves the team, in order: every rank calls it last, and nothing after it. */
  close(): Promise<void>;
}

/** The team of one process: it waits for no other process, and a sum is the value that was given. */
export const SOLO: Team = {
  rank: 0,
  size: 1,
  name: "this process",
  description: "one process",
  cores: undefined,
  warning: undefined,
  sumCounts: (values) => Promise.resolve([...values]),
  sum: () => Promise.resolve(),
  gather: (bytes) => Promise.resolve([bytes]),
  broadcast: (bytes = new Uint8Array()) => Promise.resolve(bytes),
  agree: (signal) => signal,
  waitAtMost: () => {},
  abort: (report) => {
    report(SOLO.name);
    Deno.exit(1);
  },
  close: () => Promise.resolve(),
};
