/** The launcher of MPI that the tests use, and runs under it. */

/** A launcher of ranks: `mpiexec` and its first arguments. */
export interface MpiLauncher {
  /** The program. */
  readonly mpiexec: string;
  /** Arguments before `-n`. */
  readonly options: readonly string[];
  /** Whether it is the launcher of Open MPI. */
  readonly isOpenMpi: boolean;
}

/** The output and the exit code of a program. */
export interface Ended {
  /** The exit code. */
  readonly code: number;
  /** Standard output, followed by standard error. */
  readonly text: string;
}

/** Finds the `mpiexec` that `BERT_MPIEXEC` names, or the one on PATH; undefined if there is none. */
export async function findMpiLauncher(): Promise<MpiLauncher | undefined> {
  const mpiexec = Deno.env.get("BERT_MPIEXEC") ?? "mpiexec";
  try {
    const { stdout } = await new Deno.Command(mpiexec, { args: ["--version"] }).output();
    const isOpenMpi = /Open MPI|OpenRTE|prterun/.test(new TextDecoder().decode(stdout));
    const options = isOpenMpi ? ["--oversubscribe", ...asRoot()] : [];
    return { mpiexec, options, isOpenMpi };
  } catch {
    return undefined;
  }
}

/** The argument without which Open MPI refuses to be started by root. */
function asRoot(): string[] {
  return Deno.uid() === 0 ? ["--allow-run-as-root"] : [];
}

/** Environment variables by which ranks use the backend simd and find the launcher's libraries. */
export function mpiEnvironment({ mpiexec }: MpiLauncher): Record<string, string> {
  const environment = { NO_COLOR: "1", BERT_BACKEND: "simd" };
  if (!mpiexec.includes("/")) return environment;
  return { ...environment, VIRTUAL_ENV: mpiexec.replace(/\/bin\/[^/]*$/, "") };
}

/** The command that runs a script of this project. */
export function denoRun(script: string, args: readonly string[]): string[] {
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-check",
    "--cached-only",
    "--allow-all",
    script,
    ...args,
  ];
}

/** Starts ranks of one program. */
export function startRanks(
  launcher: MpiLauncher,
  size: number,
  command: readonly string[],
): Ranks {
  return new Ranks(launcher, [...launcher.options, "-n", `${size}`, ...command]);
}

/** The ranks of a program, which are running or have ended. */
export class Ranks {
  readonly process: Deno.ChildProcess;
  readonly #text: Promise<string[]>;
  #printed = "";

  constructor(launcher: MpiLauncher, args: readonly string[]) {
    this.process = new Deno.Command(launcher.mpiexec, {
      args: [...args],
      env: mpiEnvironment(launcher),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { stdout, stderr } = this.process;
    this.#text = Promise.all([this.#read(stdout), this.#read(stderr)]);
  }

  /** The output so far. */
  get printed(): string {
    return this.#printed;
  }

  /** Waits until the launcher has ended. */
  async ended(): Promise<Ended> {
    const { code } = await this.process.status;
    return { code, text: (await this.#text).join("") };
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<string> {
    let all = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      all += text;
      this.#printed += text;
    }
    return all;
  }
}

/** A process of this machine. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** The command with its arguments. */
  readonly command: string;
}

/** All running processes of this machine, without zombies. */
export async function processes(): Promise<Process[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "pid=,ppid=,stat=,args="] })
    .output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return lines.map((line) => line.trim().split(/\s+/)).filter(([, , state]) => !/^[ZX]/.test(state))
    .map(([pid, parent, , ...words]) => ({
      pid: Number(pid),
      parent: Number(parent),
      command: words.join(" "),
    }));
}

/** Waits until these processes have ended. Returns those that still run after half a minute. */
export async function survivors(pids: readonly number[]): Promise<number[]> {
  let left = [...pids];
  for (let i = 0; i < 300 && left.length > 0; i++) {
    const alive = new Set((await processes()).map(({ pid }) => pid));
    left = left.filter((pid) => alive.has(pid));
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return left;
}
