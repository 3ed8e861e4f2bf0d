/** The team of the processes that a launcher of MPI started. */
import { type Place, type Share, shareOf } from "./core_shares.ts";
import type { Mpi, Request } from "./mpi.ts";
import { waitFor } from "./wait_limit.ts";
import { bytesOf, SegmentedSum } from "./segmented_sum.ts";
import { type Alarm, systemAlarm } from "./sigalrm.ts";
import { systemCores } from "./system_cores.ts";
import type { Team } from "./team.ts";

/** The most bytes that one operation moves; MPI counts them in a signed integer of 32 bits. */
const MOST_BYTES = 1 << 28;
/** Seconds to wait for the other processes, by default. */
const PATIENCE = 600;
/** Seconds after which this process exits if MPI has not ended it. */
const ABORT_SECONDS = 5;
/** Seconds that `MPI_Finalize` may take before this process exits anyway. */
const FINISH_SECONDS = 60;
/** Milliseconds for the launcher to forward printed text: what is left when it ends is lost. */
const FORWARDING = 300;
/** Milliseconds that rank 0 has to print its message before the others do. */
const TURN = 500;

/** A team over MPI; `openTeam()` makes it. */
export class MpiTeam implements Team {
  readonly rank: number;
  readonly size: number;
  readonly name: string;
  readonly description: string;
  readonly cores: number;
  readonly warning: string | undefined;
  readonly #ranks: Ranks;
  readonly #stop = new AbortController();
  #asked: AbortSignal | undefined;
  #ended = false;

  private constructor(ranks: Ranks, { localSize, cores, warning }: Share) {
    const { rank, size, machine, mpi } = ranks;
    this.#ranks = ranks;
    this.rank = rank;
    this.size = size;
    this.name = `rank ${rank} of ${size} on ${machine}`;
    this.description = `${size} processes, ${localSize} on this machine, by ${mpi.version}`;
    this.cores = cores;
    this.warning = warning;
    addEventListener("unload", () => this.#leave("ended before the others did"));
    addEventListener("error", (event) => this.#leave(event.message));
    addEventListener("unhandledrejection", ({ reason }) => this.#leave(String(reason)));
  }

  /**
   * Exchanges facts about each process, and makes the team.
   *
   * @param check Throws if the number of processes that the library sees is impossible.
   */
  static async meet(mpi: Mpi, check: (size: number) => void): Promise<MpiTeam> {
    const ranks = new Ranks(mpi);
    check(ranks.size);
    const cores = { cores: navigator.hardwareConcurrency, ...systemCores() };
    const own = JSON.stringify({ machine: ranks.machine, ...cores } satisfies Place);
    const { all } = await ranks.gather(new TextEncoder().encode(own), false);
    const places = all.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Place);
    return new MpiTeam(ranks, shareOf(ranks.rank, places));
  }

  async sumCounts(values: readonly number[]): Promise<number[]> {
    const length = values.length + 1;
    const all = new Float64Array(this.size * length);
    await this.#ranks.gatherEqual(Float64Array.of(...values, this.#wantsStop ? 1 : 0), all);
    const sums = Array.from({ length }, (_, i) => {
      let sum = 0;
      for (let rank = 0; rank < this.size; rank++) sum += all[rank * length + i];
      return sum;
    });
    if (sums.pop()! > 0) this.#stop.abort();
    return sums;
  }

  async sum(values: Float32Array): Promise<void> {
    await this.#ranks.sum.add(values);
  }

  async gather(bytes: Uint8Array): Promise<Uint8Array[]> {
    const { all, flagged } = await this.#ranks.gather(bytes, this.#wantsStop);
    if (flagged) this.#stop.abort();
    return all;
  }

  async broadcast(bytes?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#ranks.broadcast(bytes);
  }

  agree(signal: AbortSignal | undefined): AbortSignal {
    this.#asked = signal;
    return this.#stop.signal;
  }

  waitAtMost(seconds: number): void {
    this.#ranks.patience = seconds;
  }

  async abort(report: (name: string) => void): Promise<never> {
    this.#ended = true;
    if (this.rank > 0) await new Promise((resolve) => setTimeout(resolve, TURN));
    report(this.name);
    this.#ranks.abort();
    Deno.exit(1);
  }

  async close(): Promise<void> {
    await this.sumCounts([]); // waits with the time limit, which MPI_Finalize lacks
    this.#ended = true;
    this.#ranks.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #wantsStop(): boolean {
    return this.#asked?.aborted ?? false;
  }

  /** Ends all processes if this one ends without `close()`, so that the others do not wait for it. */
  #leave(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    const text = `${this.name}: ${why}; all processes end\n`;
    Deno.stderr.writeSync(new TextEncoder().encode(text));
    this.#ranks.abort();
  }
}

/** The processes as MPI sees them, and the operations that move bytes between them. */
class Ranks {
  readonly mpi: Mpi;
  readonly rank: number;
  readonly size: number;
  /** The name of this machine. */
  readonly machine: string;
  /** Seconds to wait for the other processes. */
  patience = PATIENCE;
  /** Sums arrays over all ranks. */
  readonly sum: SegmentedSum;
  readonly #alarm: Alarm = systemAlarm();

  constructor(mpi: Mpi) {
    this.mpi = mpi;
    this.#alarm(PATIENCE);
    ({ rank: this.rank, size: this.size, machine: this.machine } = mpi.start());
    this.#alarm(0);
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

  /** Ends all processes; if MPI does not return, the alarm ends this one. */
  abort(): void {
    this.#alarm(ABORT_SECONDS);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FORWARDING);
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
