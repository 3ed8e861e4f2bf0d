/** The team of the processes that a launcher of MPI started. */
import { type Place, type Share, shareOf } from "./core_shares.ts";
import { printLine } from "./first_speaker.ts";
import type { Ranks } from "./ranks.ts";
import { systemCores } from "./system_cores.ts";
import type { Team } from "./team.ts";

/** Milliseconds that the other ranks leave to the one that gives the message of a failed start. */
const YIELDING = 2000;
/** Milliseconds for the launcher to forward printed text: what is left when it ends is lost. */
const FORWARDING = 300;

/** What the ranks tell each other when they meet. */
interface Introduction extends Place {
  /** Why this rank cannot go on. */
  readonly failure?: string | undefined;
}

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
    const { rank, size, mpi } = ranks;
    this.#ranks = ranks;
    this.rank = rank;
    this.size = size;
    this.name = ranks.name;
    this.description = `${size} processes, ${localSize} on this machine, by ${mpi.version}`;
    this.cores = cores;
    this.warning = warning;
    addEventListener("unload", () => this.#leave("ended before the others did"));
    addEventListener("error", (event) => this.#leave(event.message));
    addEventListener("unhandledrejection", ({ reason }) => this.#leave(String(reason)));
  }

  /**
   * Exchanges facts about each process, and makes the team. If any of them cannot go on, the first of
   * those says why, and all end.
   *
   * @param failure Why this process cannot go on.
   */
  static async meet(ranks: Ranks, failure?: string): Promise<MpiTeam> {
    const { rank, machine } = ranks;
    const cores = { cores: navigator.hardwareConcurrency, ...systemCores() };
    const own = JSON.stringify({ machine, ...cores, failure } satisfies Introduction);
    const { all } = await ranks.gather(new TextEncoder().encode(own), false);
    const places = all.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Introduction);
    const first = places.findIndex(({ failure }) => failure !== undefined);
    if (first >= 0) {
      if (rank === first) printLine(`${ranks.name}: ${failure}`);
      ranks.end(rank === first ? FORWARDING : YIELDING);
      Deno.exit(1);
    }
    return new MpiTeam(ranks, shareOf(rank, places));
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

  abort(report: (name: string) => void): never {
    this.#ended = true;
    this.#ranks.abort(() => report(this.name));
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
    this.#ranks.abort(() => printLine(`${this.name}: ${why}; all processes end`));
  }
}
