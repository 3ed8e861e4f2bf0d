/** Giving one message for many processes where they cannot ask each other, as before `MPI_Init()`. */
import { printable } from "../printable_text.ts";
import { findLauncher, type Launcher } from "./launcher.ts";
import { pmiAbort, pmiDescriptor } from "./pmi_abort.ts";

/** Milliseconds that the first of several processes has to give their message before the others do. */
const TURN = 5000;
/** Milliseconds between the turns of the others. */
const NEXT = 1000;
/** From this rank on all have their turn at the same time. */
const LAST = 20;

/**
 * Milliseconds that a process waits before it gives a message, so that one message is enough: the
 * launcher ends all processes when the first one ends with an error.
 */
export function turnOf({ rank }: Pick<Launcher, "rank">): number {
  return rank ? TURN + NEXT * Math.min(rank - 1, LAST) : 0;
}

/** Waits for the turn of this process. */
export async function awaitTurn(launcher: Launcher): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, turnOf(launcher)));
}

/**
 * Gives the message of an error in its turn, then ends this process and, as far as the launcher
 * listens, all others.
 */
export async function endAllProcesses(launcher: Launcher, message: string): Promise<never> {
  await awaitTurn(launcher);
  const { rank, size } = launcher;
  const who = rank === undefined ? "" : `rank ${rank} of ${size ?? "several"}: `;
  printLine(`${who}${message}`);
  pmiAbort(pmiDescriptor(), false);
  Deno.exit(1);
}

/** Prints a line at once. */
export function printLine(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${printable(line)}\n`));
}

/**
 * Throws if a launcher of MPI started several processes of a program that must run once. The processes
 * other than the first one wait, then end with code 1, so that the message is printed once. They have
 * to wait, as Open MPI ends the first process, too, as soon as another one has ended with an error.
 *
 * @param program The command to call without the launcher, for the message.
 * @param launcher The launcher; undefined if there is none.
 * @throws {Error} In the first process, or if its number is not known.
 */
export async function checkStartedOnce(
  program: string,
  launcher: Launcher | undefined = findLauncher(),
): Promise<void> {
  if (!launcher) return;
  const { name, size, rank } = launcher;
  await awaitTurn(launcher);
  if (rank) Deno.exit(1);
  throw new Error(
    `${name} started ${size ?? "several"} processes of ${program}, which runs once and uses all ` +
      `cores by itself: call it without ${name}`,
  );
}
