/**
 * Processes that train one model together. `Team` is the interface for their communication, `SOLO`
 * the team of one process, and `mpi_team.ts` the team over MPI.
 */

/**
 * A team of processes (ranks) that all run the same program. Every rank must call the same methods in
 * the same order: if a rank leaves out a call, the others wait for it.
 */
export interface Team extends AsyncDisposable {
  /** The number of this process, from 0. Rank 0 writes files and prints messages. */
  readonly rank: number;
  /** How many processes there are. */
  readonly size: number;
  /** The name of this process in messages, such as `rank 1 of 4 on node7`. */
  readonly name: string;
  /** The team in words: its processes, and what connects them. */
  readonly description: string;
  /** How many cores this process may use; undefined if it may use all cores of the machine. */
  readonly cores: number | undefined;
  /** A warning about the way in which the processes were started, if there is one. */
  readonly warning: string | undefined;
  /** Sums a few numbers over all ranks, in float64 and in the order of the ranks. */
  sumCounts(values: readonly number[]): Promise<number[]>;
  /**
   * Sums arrays of one length over all ranks, in place, by a binary tree in the order of the ranks:
   * every rank gets the same bits, with every library of MPI.
   */
  sum(values: Float32Array): Promise<void>;
  /** Gathers bytes of all ranks, in the order of the ranks. */
  gather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /** Sends bytes of rank 0 to every rank. The others pass no argument. */
  broadcast(bytes?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A signal that is aborted on every rank in the same call of `sumCounts()` or `gather()`, once
   * `signal` is aborted on any rank, so that all ranks stop after the same step.
   */
  agree(signal: AbortSignal | undefined): AbortSignal | undefined;
  /**
   * Ends the processes of all ranks, as one of them cannot go on; it does not return.
   *
   * @param report Is called with the name of this rank, to print the reason. If several ranks
   * fail for one reason, it is called on the first of them only.
   */
  abort(report: (name: string) => void): never;
  /** Leaves the team; `await using` does so, too. Every rank calls it as its last method. */
  close(): Promise<void>;
}

/** The team of one process. It waits for no other process, and its sums are the given values. */
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
  abort: (report) => {
    report(SOLO.name);
    Deno.exit(1);
  },
  close: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
