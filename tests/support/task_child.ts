// deno-lint-ignore-file no-console -- this program prints its result
/**
 * Runs many tasks in one process, each in its folder, and prints as JSON how each ended. This is faster
 * than a process for each task, which would have to start Deno and load the library.
 */
import { main } from "bert/cli/main.ts";
import { messageOf } from "bert/cli/error_message.ts";

/** A task: the arguments of `lib/cli/main.ts`, the folder, and the preset of notebooks. */
export interface Task {
  readonly args: readonly string[];
  readonly folder: string;
  readonly preset: string;
}

/** How a task ended: its exit code and its error output. */
export interface TaskEnd {
  readonly code: number;
  readonly said: string;
}

class Exit extends Error {
  constructor(readonly code = 0) {
    super();
  }
}

async function endOf({ args, folder, preset }: Task): Promise<TaskEnd> {
  const said: string[] = [];
  console.error = (text: string) => void said.push(text);
  Deno.chdir(folder);
  Deno.env.set("BERT_PRESET", preset);
  try {
    await main([...args]);
    return { code: 0, said: said.join("\n") };
  } catch (error) {
    const code = error instanceof Exit ? error.code : 1;
    if (!(error instanceof Exit)) said.push(messageOf(error));
    return { code, said: said.join("\n") };
  }
}

if (import.meta.main) {
  Deno.exit = (code) => {
    throw new Exit(code);
  };
  const ends: TaskEnd[] = [];
  for (const task of JSON.parse(Deno.args[0]) as Task[]) ends.push(await endOf(task));
  console.log(JSON.stringify(ends));
}
