/**
 * A time limit for `MPI_Init()`, which blocks this thread until all processes have called it: a thread
 * ends the process, with a message, if one of them never does.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { C_LIBRARY } from "../c_library.ts";
import { turnOf } from "./first_speaker.ts";
import type { Launcher } from "./launcher.ts";
import { pmiDescriptor } from "./pmi_abort.ts";

/** What the thread is told. */
export interface StartWatchData {
  /** When it ends the process. */
  readonly milliseconds: number;
  /** What it prints then. */
  readonly message: string;
  /** Where the launcher listens. */
  readonly descriptor: number | undefined;
}

/** Starts the time limit, and returns what ends it. */
export async function watchStart(
  launcher: Launcher,
  seconds: number,
): Promise<() => Promise<unknown>> {
  if (!C_LIBRARY) return () => Promise.resolve();
  const { rank, size } = launcher;
  const who = rank === undefined ? "A process" : `rank ${rank} of ${size ?? "several"}`;
  const data: StartWatchData = {
    milliseconds: Math.min(1000 * seconds + turnOf(launcher), MOST),
    message:
      `${who}: waited ${seconds} s for the other processes to begin: one of them has ended ` +
      "or hangs, or the network between them is cut; --patience says how many seconds to wait; all " +
      "processes end\n",
    descriptor: pmiDescriptor(),
  };
  const url = new URL("./start_watch_worker.ts", import.meta.url);
  const worker = new Worker(url, { workerData: data, env: {} }); // its copy would need permission
  await once(worker, "message");
  return () => worker.terminate();
}

/** The longest time of a timer in milliseconds, 24 days. */
const MOST = 2 ** 31 - 1;
