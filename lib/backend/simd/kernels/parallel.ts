// Running a job on several threads. The main thread describes a job in the control block at the
// start of the memory; every thread then takes tasks of it by counting up NEXT until none is left.
// A task writes only its own part of the output, and always in the same order, so it does not
// matter which thread takes which task, nor how many threads there are.

import { setThread } from "./parameters";
import { runTask } from "./tasks";

const GENERATION: usize = 64; // counts jobs; idle threads wait for it to change
const NEXT: usize = 128; // the next task that no thread has taken
const ACTIVE: usize = 192; // helpers that may be inside the job
const OPEN: usize = 256; // 1 while helpers may enter the job
const SLEEPERS: usize = 320; // helpers that must be woken
const KERNEL: usize = 384; // the number of the job's kernel
const COUNT: usize = 388; // the number of the job's tasks
const QUIT: usize = 392; // 1 if the helpers have to end
const WAITING: usize = 448; // 1 while the main thread sleeps until ACTIVE is 0

const HELPER_SPINS: i32 = 400000; // turns, 0.4 ms: longer than the usual time between two kernels
const MAIN_SPINS: i32 = 200000; // turns of the main thread that waits for the helpers

/** Runs a job on all threads that are awake or wake up in time; returns when all tasks are done. */
export function runJob(kernel: i32, count: i32, helpers: i32): void {
  if (helpers == 0 || count < 2) {
    for (let i = 0; i < count; i++) runTask(kernel, i);
    return;
  }
  store<i32>(KERNEL, kernel);
  store<i32>(COUNT, count);
  atomic.store<i32>(NEXT, 0);
  atomic.store<i32>(OPEN, 1);
  atomic.add<i32>(GENERATION, 1);
  if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(GENERATION, helpers);
  takeTasks();
  atomic.store<i32>(OPEN, 0);
  awaitHelpers();
}

/** Takes tasks of the job until none is left. */
function takeTasks(): void {
  const count = load<i32>(COUNT);
  const kernel = load<i32>(KERNEL);
  while (true) {
    const i = atomic.add<i32>(NEXT, 1);
    if (i >= count) return;
    runTask(kernel, i);
  }
}

/** Waits until no helper is in the job: first it spins, then it sleeps. */
function awaitHelpers(): void {
  for (let i = 0; i < MAIN_SPINS; i++) {
    if (atomic.load<i32>(ACTIVE) == 0) return;
  }
  atomic.store<i32>(WAITING, 1);
  while (true) {
    const active = atomic.load<i32>(ACTIVE);
    if (active == 0) break;
    atomic.wait<i32>(ACTIVE, active, 1000000);
  }
  atomic.store<i32>(WAITING, 0);
}

/** The loop of a helper thread: it waits for jobs and takes part in them, until QUIT is set. */
export function serveJobs(index: i32): void {
  setThread(index);
  let seen = atomic.load<i32>(GENERATION) - 1;
  while (true) {
    awaitJob(seen);
    seen = atomic.load<i32>(GENERATION);
    if (atomic.load<i32>(QUIT) != 0) return;
    atomic.add<i32>(ACTIVE, 1);
    if (atomic.load<i32>(OPEN) != 0) takeTasks();
    atomic.sub<i32>(ACTIVE, 1);
    if (atomic.load<i32>(WAITING) != 0) atomic.notify(ACTIVE, 1);
  }
}

/** Waits for the next job: first it spins, as the next job usually comes at once, then it sleeps. */
function awaitJob(seen: i32): void {
  for (let i = 0; i < HELPER_SPINS; i++) {
    if (atomic.load<i32>(GENERATION) != seen) return;
  }
  atomic.add<i32>(SLEEPERS, 1);
  while (atomic.load<i32>(GENERATION) == seen) atomic.wait<i32>(GENERATION, seen, -1);
  atomic.sub<i32>(SLEEPERS, 1);
}
