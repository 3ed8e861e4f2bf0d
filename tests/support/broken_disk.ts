/** A disk that fails: calls of Deno's file functions are counted, and some of them fail. */

const NAMES = [
  "mkdir",
  "open",
  "lstat",
  "stat",
  "remove",
  "rename",
  "readTextFile",
  "writeTextFile",
] as const;

/** Which calls fail: only the call with a number, or that one and all later ones, as in a killed process. */
export interface Break {
  readonly call: number;
  readonly how: "once" | "for good";
}

/**
 * Does some work while calls fail.
 *
 * @returns The number of calls, and whether the work ended without an error.
 */
export async function onBrokenDisk(
  { call, how }: Break,
  work: () => Promise<void>,
): Promise<{ calls: number; done: boolean }> {
  const functions = Deno as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const originals = NAMES.map((name) => [name, functions[name]] as const);
  let calls = 0;
  for (const [name, original] of originals) {
    functions[name] = async (...args) => {
      calls++;
      const broken = how === "once" ? calls === call : calls >= call;
      if (broken) throw Object.assign(new Error(`broken ${name}`), { code: "EIO" });
      return await original(...args);
    };
  }
  try {
    const done = await work().then(() => true, () => false);
    return { calls, done };
  } finally {
    for (const [name, original] of originals) functions[name] = original;
  }
}
