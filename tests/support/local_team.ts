/** Teams whose ranks are asynchronous functions of one process, for tests without MPI. */
import type { Team } from "bert/team/team.ts";
import { sumRows } from "bert/team/tree_sum.ts";

/** Runs a program on each rank of a team at the same time. Returns the results by rank. */
export async function onTeam<T>(size: number, program: (team: Team) => Promise<T>): Promise<T[]> {
  const meeting = new Meeting(size);
  const ranks = Array.from({ length: size }, (_, rank) => new LocalTeam(rank, size, meeting));
  return await Promise.all(ranks.map((team) => program(team)));
}

/** A meeting of all ranks, to which each brings a thing, and from which each takes the things of all. */
class Meeting {
  readonly #size: number;
  #brought: unknown[] = [];
  #count = 0;
  #all = Promise.withResolvers<unknown[]>();

  constructor(size: number) {
    this.#size = size;
  }

  async bring<T>(rank: number, thing: T): Promise<T[]> {
    const { promise, resolve } = this.#all;
    this.#brought[rank] = thing;
    if (++this.#count === this.#size) {
      resolve(this.#brought);
      this.#brought = [];
      this.#count = 0;
      this.#all = Promise.withResolvers();
    }
    return await promise as T[];
  }
}

class LocalTeam implements Team {
  readonly rank: number;
  readonly size: number;
  readonly name: string;
  readonly description = "ranks in one process";
  readonly cores = undefined;
  readonly warning = undefined;
  readonly #meeting: Meeting;
  readonly #stop = new AbortController();
  #signal: AbortSignal | undefined;

  constructor(rank: number, size: number, meeting: Meeting) {
    this.rank = rank;
    this.size = size;
    this.name = `rank ${rank} of ${size}`;
    this.#meeting = meeting;
  }

  async sumCounts(values: readonly number[]): Promise<number[]> {
    const all = await this.#bring([...values]);
    return values.map((_, i) => all.reduce((sum, one) => sum + one[i], 0));
  }

  async sum(values: Float32Array): Promise<void> {
    const all = await this.#bring(values.slice());
    const rows = new Float32Array(this.size * values.length);
    for (const [rank, row] of all.entries()) rows.set(row, rank * values.length);
    values.set(sumRows(rows, this.size, values.length));
  }

  async gather(bytes: Uint8Array): Promise<Uint8Array[]> {
    return await this.#bring(bytes);
  }

  async broadcast(bytes = new Uint8Array()): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.#bring(bytes))[0].slice();
  }

  agree(signal: AbortSignal | undefined): AbortSignal {
    this.#signal = signal;
    return this.#stop.signal;
  }

  abort(): never {
    throw new Error(`${this.name} ended all of them`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #bring<T>(thing: T): Promise<T[]> {
    const stop = this.#signal?.aborted ?? false;
    const all = await this.#meeting.bring(this.rank, { thing, stop });
    if (all.some(({ stop }) => stop)) this.#stop.abort();
    return all.map(({ thing }) => thing);
  }
}
