/**
 * Handling Ctrl-C and similar signals: the first one asks the task to stop, the second one ends the
 * process.
 */
import { C_LIBRARY } from "../c_library.ts";
import { mayCallNative } from "../permissions.ts";
import { sleep } from "../sleep.ts";

/** The exit code of a process by the signal that ended it: 128 plus the signal's number. */
export const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type Name = keyof typeof EXIT_CODES;

type Library = Deno.DynamicLibrary<typeof C_FUNCTIONS>["symbols"];

const NAMES = Object.keys(EXIT_CODES) as Name[];

/**
 * Two signals within this many milliseconds count as one, as a Ctrl-C comes from the terminal and
 * again from `deno task`.
 */
const ECHO = 100;

/**
 * Listens to SIGINT, SIGTERM and SIGHUP; on Windows to Ctrl-C.
 *
 * Before `listen()` is called, a signal ends the process at once, as there is nothing to save. After
 * the call the first signal aborts the `AbortSignal` that `listen()` returned, and a second Ctrl-C or
 * `kill` ends the process at once, even in the middle of a step. A second SIGHUP does not: when a
 * terminal closes, the system, the shell and `deno task` may each send one. A signal that
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

  /** @param onSignal Is called with the name of the first signal. */
  constructor(onSignal: (signal: string) => void) {
    this.#onSignal = onSignal;
  }

  /** The exit code: 0 if there was no signal. */
  get code(): number {
    return this.#code;
  }

  /**
   * Starts to listen. It is called when there is something to save. Returns the `AbortSignal` that the
   * first signal aborts.
   */
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
    if (this.#controller.signal.aborted) return; // only a further SIGHUP still has a handler
    this.#code = EXIT_CODES[name];
    sleep(ECHO); // the handlers are removed before signals that arrive meanwhile are served
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

  /** Stops listening: signals end the process again. */
  close(): void {
    for (const name of this.#handlers.keys()) this.#leave(name);
  }

  /** Calls `close()` at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The numbers of the signals. */
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
 * Keeps ignoring the signals that were ignored when the process began, such as SIGHUP under `nohup`.
 *
 * Deno itself begins to listen to them half a second after its start, and would then end the process.
 * So a program calls this first.
 */
export function keepIgnored(): void {
  for (const name of ignoredSignals()) {
    ignored.add(name);
    Deno.addSignalListener(name, () => {});
  }
}

/**
 * The signals that were ignored when the process began. Only the C library can tell which; if it
 * cannot be called, the result is empty.
 *
 * If `deno task` started the process, this information is lost, as `deno task` itself listens to
 * SIGHUP. So three other traces of `nohup` are checked: it replaces a terminal by a standard input
 * that can only be written to; a shell puts the name of the program that it started into the variable
 * `_`; and a script that `nohup` started ignores the signal. No trace is left by `nohup bash -c` with
 * a single `deno task` and redirected input, as bash then becomes that task.
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
      hasAncestorIgnoringHangup(c);
    library.close();
    return nohup ? [...found, "SIGHUP"] : found;
  } catch {
    return [];
  }
}

/**
 * Whether an ancestor of this process ignores SIGHUP. Only ancestors in the same session count, as the
 * others are not scripts but the terminal program or the system. Only Linux has this information, in
 * `/proc`.
 */
function hasAncestorIgnoringHangup(c: Library): boolean {
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

/** The most ancestors that are examined. */
const GENERATIONS = 16;

/**
 * Reads the beginning of a file; empty if there is none. Deno itself would need all permissions to read
 * `/proc`.
 */
function textOf(c: Library, path: string): string {
  const file = c.open(new TextEncoder().encode(`${path}\0`), 0);
  if (file < 0) return "";
  const bytes = new Uint8Array(4096);
  const count = Number(c.read(file, bytes, BigInt(bytes.length)));
  c.close(file);
  return new TextDecoder().decode(bytes.subarray(0, Math.max(0, count)));
}
