// deno-lint-ignore-file no-console -- these programs print to the terminal
/**
 * The entry point of the tasks of `deno.json`: `deno run lib/cli/main.ts TASK`, where TASK is one of
 * `TASKS`.
 */
import { ConfigError } from "../errors.ts";
import { nearest } from "../nearest_name.ts";
import { messageOf } from "./error_message.ts";
import { guardConsole } from "./terminal_output.ts";
import { keepIgnored } from "./signals.ts";

/** The oldest version of Deno that works. Jupyter kernels of earlier versions lose errors and break input. */
const OLDEST_DENO = [2, 9, 4];

const TASKS = { pretrain, prepare, notebooks, lab, jupyter, convert, play, version };

/** Runs the task that the first word names, with the other words as its arguments. */
export async function main([task, ...args]: string[]): Promise<void> {
  if (Object.hasOwn(TASKS, task)) return await TASKS[task as keyof typeof TASKS](args);
  const near = nearest(task ?? "", Object.keys(TASKS));
  const hint = near ? `: did you mean "${near}"?` : "";
  throw new ConfigError(
    "task",
    task ?? "",
    `must be one of ${Object.keys(TASKS).join(", ")}${hint}`,
  );
}

/** Throws `ConfigError` if a version of Deno is too old. */
export function checkVersion(version: string): void {
  const found = version.split(/[.-]/).slice(0, 3).map(Number);
  const difference = found.map((part, i) => part - OLDEST_DENO[i]).find((part) => part !== 0) ?? 0;
  if (difference >= 0) return;
  const oldest = OLDEST_DENO.join(".");
  throw new ConfigError("Deno version", version, `must be at least ${oldest}: npm install -g deno`);
}

// Each task loads only its own code, so that keepIgnored() is called soon after the start.

async function pretrain(args: string[]): Promise<void> {
  const { pretrainCommand } = await import("./pretrain.ts");
  Deno.exit(await pretrainCommand(args));
}

async function prepare(args: string[]): Promise<void> {
  const { prepareCommand } = await import("./prepare.ts");
  Deno.exit(await prepareCommand(args));
}

async function convert(args: string[]): Promise<void> {
  const { convertCommand } = await import("./convert.ts");
  await convertCommand(args);
}

async function notebooks(args: string[]): Promise<void> {
  await (await import("./notebooks.ts")).notebooks(args);
}

async function lab(args: string[]): Promise<void> {
  await (await import("./jupyter_lab.ts")).lab(args);
}

async function jupyter(args: string[]): Promise<void> {
  await (await import("./jupyter_lab.ts")).jupyter(args);
}

async function play(args: string[]): Promise<void> {
  await (await import("./play.ts")).playCommand(args);
}

/** Does nothing. The version of Deno is checked before, for tasks that then run a command of Deno. */
function version(): void {}

/**
 * Runs the main function of a program, if this Deno is new enough. If it throws, only the message is
 * printed, and the exit code is 1.
 */
export async function runAsProgram(main: (args: string[]) => Promise<void>): Promise<void> {
  keepIgnored();
  guardConsole();
  try {
    checkVersion(Deno.version.deno);
    await main(Deno.args);
  } catch (error) {
    await endOthers(error).catch(() => {});
    console.error(messageOf(error));
    Deno.exit(1);
  }
}

/**
 * Ends the other processes if a launcher of MPI started several and this one fails before they have
 * met, as they would wait for it. One of them gives its message then, and this function does not return.
 */
async function endOthers(error: unknown): Promise<void> {
  if (Deno.args[0] !== "pretrain") return; // no other task has others that wait
  const { openTeam } = await import("../team/open_team.ts");
  await openTeam({ failure: messageOf(error) });
}

if (import.meta.main) await runAsProgram(main);
