/** Commands in a pseudo-terminal, for tests of what a user at a terminal does. */

/** How a command in a terminal ended. */
export interface TerminalEnd {
  /** The exit code, or minus the number of the signal that ended it. */
  readonly code: number;
  /** The output of the terminal, escape sequences included. */
  readonly printed: string;
}

const SCRIPT = new URL("./pseudo_terminal.py", import.meta.url).pathname;

/** Whether there is a Python that can make a pseudo-terminal. */
export async function hasTerminal(): Promise<boolean> {
  if (Deno.build.os === "windows") return false;
  const args = ["-c", "import pty"];
  const python = new Deno.Command("python3", { args, stdout: "null", stderr: "null" });
  return await python.output().then(({ success }) => success, () => false);
}

/**
 * Runs a command in a terminal.
 *
 * @param closeAt A pattern. The terminal is closed when the output matches it.
 */
export async function inTerminal(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  closeAt = "",
): Promise<TerminalEnd> {
  const python = new Deno.Command("python3", { args: [SCRIPT, closeAt, ...command], env });
  const { stdout, stderr, success } = await python.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const [, printed, code] = /^([^]*)\n(-?\d+)\n$/.exec(new TextDecoder().decode(stdout))!;
  return { code: Number(code), printed };
}
