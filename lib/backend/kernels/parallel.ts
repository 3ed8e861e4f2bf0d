// How threads share a job. The main thread describes one job in the control block at the start of
// the memory; every thread then takes tasks of it by counting up NEXT until none is left. A task
// writes only its own part of the output and always in the same order, so it does not matter
// which thread takes which task, nor how many threads there are.

const GENERATION: usize = 64; // counts jobs; idle threads wait for it to change
const NEXT: usize = 128; // the next task that nobody has taken
const ACTIVE: usize = 192; // helpers that may be inside the job
const OPEN: usize = 256; // 1 while the job may be entered
const SLEEPERS: usize = 320; // helpers that must be woken
const KERNEL: usize = 384;
const COUNT: usize = 388;
const QUIT: usize = 392;
const WAITING: usize = 448; // 1 while the main thread sleeps until ACTIVE is 0
const PARAMETERS: usize = 512; // 64 words

const HELPER_SPINS: i32 = 40000;
const MAIN_SPINS: i32 = 200000;

/** A whole-number parameter of the job: a size, a flag or an address. */
// @ts-ignore: decorator
@inline
export function int(i: i32): i32 {
  return load<i32>(PARAMETERS + (<usize> i << 2));
}

// @ts-ignore: decorator
@inline
export function address(i: i32): usize {
  return <usize> load<u32>(PARAMETERS + (<usize> i << 2));
}

// @ts-ignore: decorator
@inline
export function float(i: i32): f32 {
  return load<f32>(PARAMETERS + (<usize> i << 2));
}

/** This thread's own working memory. */
export let scratch: usize = 0;

export function setScratch(at: usize): void {
  scratch = at;
}

type Task = (kernel: i32, task: i32) => void;

/** Runs a job on all threads that are awake or wake in time; returns when all of it is done. */
export function runJob(kernel: i32, count: i32, helpers: i32, task: Task): void {
  if (helpers == 0 || count < 2) {
    for (let i = 0; i < count; i++) task(kernel, i);
    return;
  }
  store<i32>(KERNEL, kernel);
  store<i32>(COUNT, count);
  atomic.store<i32>(NEXT, 0);
  atomic.store<i32>(OPEN, 1);
  atomic.add<i32>(GENERATION, 1);
  if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(GENERATION, helpers);
  takeTasks(task);
  atomic.store<i32>(OPEN, 0);
  awaitHelpers();
}

function takeTasks(task: Task): void {
  const count = load<i32>(COUNT);
  const kernel = load<i32>(KERNEL);
  while (true) {
    const i = atomic.add<i32>(NEXT, 1);
    if (i >= count) return;
    task(kernel, i);
  }
}

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

/** What a helper thread does all its life: waits for jobs and takes part in them. */
export function serveJobs(task: Task): void {
  let seen = atomic.load<i32>(GENERATION) - 1;
  while (true) {
    awaitJob(seen);
    seen = atomic.load<i32>(GENERATION);
    if (atomic.load<i32>(QUIT) != 0) return;
    atomic.add<i32>(ACTIVE, 1);
    if (atomic.load<i32>(OPEN) != 0) takeTasks(task);
    atomic.sub<i32>(ACTIVE, 1);
    if (atomic.load<i32>(WAITING) != 0) atomic.notify(ACTIVE, 1);
  }
}

/** Spins for a moment, as the next job mostly comes at once; then sleeps. */
function awaitJob(seen: i32): void {
  for (let i = 0; i < HELPER_SPINS; i++) {
    if (atomic.load<i32>(GENERATION) != seen) return;
  }
  atomic.add<i32>(SLEEPERS, 1);
  while (atomic.load<i32>(GENERATION) == seen) atomic.wait<i32>(GENERATION, seen, -1);
  atomic.sub<i32>(SLEEPERS, 1);
}
