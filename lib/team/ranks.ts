/** The processes that a launcher of MPI started, as MPI sees them. */
import { sleep } from "../sleep.ts";
import type { Mpi, Request } from "./mpi.ts";
import { bytesOf, SegmentedSum } from "./segmented_sum.ts";
import { type Alarm, systemAlarm } from "./sigalrm.ts";
import { waitFor } from "./wait_limit.ts";

/** The most bytes that one operation moves; MPI counts them in a signed integer of 32 bits. */
const MOST_BYTES = 1 << 28;
/** Seconds after which this process exits if MPI has not ended it. */
const ABORT_SECONDS = 5;
/** Seconds that `MPI_Finalize` may take before this process exits anyway. */
const FINISH_SECONDS = 60;
/** Seconds between the time limit of the start and the alarm. */
const GRACE = 60;
/** Milliseconds for the launcher to forward printed text: what is left when it ends is lost. */
const FORWARDING = 300;
/** Milliseconds that each rank has to give a message and end all before the next one does. */
const TURN = 500;
/** From this rank on all have their turn at the same time. */
const LAST = 20;

/** The ranks, and the operations that move bytes between them. */
export class Ranks {
  readonly mpi: Mpi;
  readonly rank: number;
  readonly size: number;
  /** The name of this machine. */
  readonly machine: string;
  /** The name of this rank in messages. */
  readonly name: string;
  /** Seconds to wait for the other processes. */
  readonly patience: number;
  /** Sums arrays over all ranks. */
  readonly sum: SegmentedSum;
  readonly #alarm: Alarm = systemAlarm();

  /** Connects to the other processes, which blocks until all of them do the same. */
  constructor(mpi: Mpi, patience: number) {
    this.mpi = mpi;
    this.patience = patience;
    this.#alarm(Math.ceil(patience) + GRACE);
    ({ rank: this.rank, size: this.size, machine: this.machine } = mpi.start());
    this.#alarm(0);
    this.name = `rank ${this.rank} of ${this.size} on ${this.machine}`;
    this.sum = new SegmentedSum(mpi, this.size, (request) => this.#wait(request));
  }

  /** Gathers arrays of equal length from all ranks, one after the other. */
  async gatherEqual(own: ArrayBufferView, all: ArrayBufferView): Promise<void> {
    await this.#wait(this.mpi.allGather(bytesOf(own), bytesOf(all)));
  }

  /** Gathers the bytes of each rank, and whether any of them has set its flag. */
  async gather(bytes: Uint8Array, flag: boolean) {
    const heads = new Float64Array(2 * this.size);
    await this.gatherEqual(Float64Array.of(bytes.length, flag ? 1 : 0), heads);
    const lengths = Array.from({ length: this.size }, (_, rank) => heads[2 * rank]);
    const longest = Math.max(...lengths);
    const own = new Uint8Array(longest);
    own.set(bytes);
    const all = new Uint8Array(this.size * longest);
    if (longest > 0) await this.gatherEqual(own, all);
    return {
      all: lengths.map((length, rank) => all.subarray(rank * longest, rank * longest + length)),
      flagged: heads.some((value, i) => i % 2 === 1 && value > 0),
    };
  }

  /** Sends rank 0's bytes to all ranks: first their number, then the bytes in pieces. */
  async broadcast(bytes?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const length = Float64Array.of(bytes?.length ?? 0);
    await this.#wait(this.mpi.broadcast(bytesOf(length)));
    const all = this.rank === 0 ? bytes! : new Uint8Array(length[0]);
    for (let at = 0; at < all.length; at += MOST_BYTES) {
      await this.#wait(this.mpi.broadcast(bytesOf(all.subarray(at, at + MOST_BYTES))));
    }
    return all;
  }

  /**
   * Ends all processes; if MPI does not return, the alarm ends this one. Of several ranks that fail
   * for one reason, the first gives its message: the others leave it the time to end them.
   *
   * @param report Gives the message of this rank.
   */
  abort(report: () => void): void {
    sleep(TURN * Math.min(this.rank, LAST));
    report();
    this.end(FORWARDING);
  }

  /** Ends all processes after so many milliseconds. */
  end(milliseconds: number): void {
    this.#alarm(ABORT_SECONDS);
    sleep(milliseconds);
    this.mpi.abort(1);
  }

  close(): void {
    this.#alarm(FINISH_SECONDS);
    this.mpi.close();
    this.#alarm(0);
  }

  async #wait(request: Request): Promise<void> {
    await waitFor(request, { patience: this.patience, alarm: this.#alarm });
  }
}
