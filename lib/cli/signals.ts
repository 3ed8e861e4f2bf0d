/** Ctrl-C and similar signals as a request: the first one asks, the second one ends the process. */
import { C_LIBRARY } from "../c_library.ts";
import { mayCallNative } from "../permissions.ts";

/** The code that a process exits with, by the signal that ended it: 128 and the signal's number. */
export const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type Name = keyof typeof EXIT_CODES;

type Library = Deno.DynamicLibrary<typeof C_FUNCTIONS>["symbols"];

const NAMES = Object.keys(EXIT_CODES) as Name[];

/** Milliseconds in which signals are one: `deno task` passes on a Ctrl-C that the terminal sends, too. */
const ECHO = 100;

/**
 * Listens to SIGINT, SIGTERM and SIGHUP; on Windows to Ctrl-C.
 *
 * Until `listen()` a signal ends the process at once, in the middle of whatever it computes, as there
 * is nothing to save. After it the first one aborts the signal that `listen()` returned, and a second
 * Ctrl-C or `kill` ends the process at once, even in the middle of a step. A second SIGHUP does not:
 * where a terminal closes, the system, the shell and `deno task` may each send one. A signal that
 * `keepIgnored()` found stays ignored. The caller calls `close()`, or declares it with `using`.
 *
 * @example
 * ```ts
 * import { Interruption } from "bert/cli/signals.ts";
 * import { strictEqual } from "node:assert";
 * using stop = new Interruption((signal) => console.log(`${signal}: after this step`));
 * const signal = stop.listen();
 * for (let step = 0; step < 3 && !signal.aborted; step++) await Promise.resolve(); // a step
 * strictEqual(stop.code, 0);
 * ```
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #handlers = new Map<Name, () => void>();
  readonly #onSignal: (signal: string) => void;
  #code = 0;

  /** @param onSignal Called with the name of the first signal. */
  constructor(onSignal: (signal: string) => void) {
    this.#onSignal = onSignal;
  }

  /** What to exit with: 0 if there was no signal. */
  get code(): number {
    return this.#code;
  }

  /** Call it when there is something to save. Returns the signal that the first interruption aborts. */
  listen(): AbortSignal {
    for (const name of NAMES) {
      if (Deno.build.os === "windows" && name !== "SIGINT") continue;
      if (ignored.has(name)) continue;
      const handler = () => this.#interrupt(name);
      this.#handlers.set(name, handler);
      Deno.addSignalListener(name, handler);
    }
    return this.#controller.signal;
  }

  #interrupt(name: Name): void {
    if (this.#controller.signal.aborted) return; // a further SIGHUP
    this.#code = EXIT_CODES[name];
    sleep(ECHO); // what arrives meanwhile goes to the handlers, which are gone by then
    this.#leave("SIGINT");
    this.#leave("SIGTERM");
    this.#controller.abort();
    this.#onSignal(name);
  }

  #leave(name: Name): void {
    const handler = this.#handlers.get(name);
    if (handler) Deno.removeSignalListener(name, handler);
    this.#handlers.delete(name);
  }

  /** Leaves the signals to the system again. */
  close(): void {
    for (const name of this.#handlers.keys()) this.#leave(name);
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Signals by number. */
const NUMBERS: Record<Name, number> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
const C_FUNCTIONS = {
  sigaction: { parameters: ["i32", "pointer", "buffer"], result: "i32" },
  fcntl: { parameters: ["i32", "i32"], result: "i32" },
  getenv: { parameters: ["buffer"], result: "pointer" },
  getppid: { parameters: [], result: "i32" },
  getsid: { parameters: ["i32"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

const SIG_IGN = 1n;
const F_GETFL = 3;
const O_ACCMODE = 3;
const O_WRONLY = 1;

const ignored = new Set<Name>();

/**
 * Keeps on ignoring the signals that the process was started to ignore, as `nohup` does with SIGHUP.
 *
 * Deno itself begins to listen to them half a second after its start, and would then end the process;
 * so a program calls this first.
 */
export function keepIgnored(): void {
  for (const name of ignoredSignals()) {
    ignored.add(name);
    Deno.addSignalListener(name, () => {});
  }
}

/**
 * The signals that the process was started to ignore. Only the C library knows; where it cannot be
 * asked, none.
 *
 * That they are ignored may be lost where `deno task` stands between, as it listens to SIGHUP itself.
 * So three other traces of `nohup` are looked at: in the place of a terminal it gives a standard input
 * that can only be written to, a shell leaves the name of what it started in the variable `_`, and a
 * script that `nohup` started ignores the signal itself. There is none where `nohup bash -c` had nothing
 * to do but one `deno task` with redirected input: bash is that task then.
 */
function ignoredSignals(): Name[] {
  if (C_LIBRARY === undefined || !mayCallNative()) return [];
  try {
    const library = Deno.dlopen(C_LIBRARY, C_FUNCTIONS);
    const { symbols: c } = library;
    const found = NAMES.filter((name) => {
      const action = new BigUint64Array(32); // a `struct sigaction`, which begins with the handler
      return c.sigaction(NUMBERS[name], null, action) === 0 && action[0] === SIG_IGN;
    });
    const flags = c.fcntl(0, F_GETFL);
    const started = c.getenv(new TextEncoder().encode("_\0"));
    const command = started === null ? "" : Deno.UnsafePointerView.getCString(started);
    const nohup = flags >= 0 && (flags & O_ACCMODE) === O_WRONLY || /(^|\/)nohup$/.test(command) ||
      isStartedByDeaf(c);
    library.close();
    return nohup ? [...found, "SIGHUP"] : found;
  } catch {
    return [];
  }
}

/**
 * Whether a process from which this one comes ignores SIGHUP, within its session: what lies outside is
 * no script, but a terminal's program or the system. Only Linux tells, in `/proc`.
 */
function isStartedByDeaf(c: Library): boolean {
  const session = c.getsid(0);
  let pid = c.getppid();
  for (let i = 0; i < GENERATIONS && pid > 1 && c.getsid(pid) === session; i++) {
    const status = textOf(c, `/proc/${pid}/status`);
    const ignores = status.match(/^SigIgn:\s*([0-9a-f]+)$/m)?.[1] ?? "0";
    if (BigInt(`0x${ignores}`) & 1n << BigInt(NUMBERS.SIGHUP - 1)) return true;
    pid = Number(status.match(/^PPid:\s*(\d+)$/m)?.[1] ?? 0);
  }
  return false;
}

const GENERATIONS = 16;

/** The start of a file; empty if there is none. Deno itself reads `/proc` with all permissions only. */
function textOf(c: Library, path: string): string {
  const file = c.open(new TextEncoder().encode(`${path}\0`), 0);
  if (file < 0) return "";
  const bytes = new Uint8Array(4096);
  const count = Number(c.read(file, bytes, BigInt(bytes.length)));
  c.close(file);
  return new TextDecoder().decode(bytes.subarray(0, Math.max(0, count)));
}

/** Blocks: nothing else may run, so that nothing is begun that the signal is to prevent. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
