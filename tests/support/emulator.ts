/** Machine code on an emulated processor with AVX512_BF16, which `emulator.py` describes. */
import type { Convention } from "bert/backend/native/executable_memory.ts";

/** Code to run, its block of parameters, and the memory that it reads and writes. */
export interface Job {
  readonly code: Uint8Array;
  readonly block: Uint8Array;
  readonly memory: Uint8Array;
  readonly convention: Convention;
}

/** The address of `Job.memory`. */
export const MEMORY_AT = 0x400000;

/** The block and the memory after the code has run. */
export interface JobResult {
  readonly block: Uint8Array<ArrayBuffer>;
  readonly memory: Uint8Array<ArrayBuffer>;
}

/**
 * A Python with `bochscpu-python`, which `BERT_EMULATOR` names; without one, tests are skipped by name.
 */
export function emulator(): string | undefined {
  const python = Deno.env.get("BERT_EMULATOR") || undefined;
  // deno-lint-ignore no-console
  if (python === undefined) console.log("skipped: BERT_EMULATOR names no Python with bochscpu");
  return python;
}

/** Runs jobs one after the other on one processor. */
export async function emulate(python: string, jobs: readonly Job[]): Promise<JobResult[]> {
  const script = new URL("./emulator.py", import.meta.url).pathname;
  const child = new Deno.Command(python, {
    args: [script],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines = jobs.map(({ code, block, memory, convention }) =>
    JSON.stringify({
      convention,
      code: code.toBase64(),
      block: block.toBase64(),
      memory: memory.toBase64(),
      at: MEMORY_AT,
    })
  );
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines.join("\n") + "\n"));
  await writer.close();
  const { code, stdout, stderr } = await output;
  const text = new TextDecoder();
  if (code !== 0) throw new Error(`The emulator failed: ${text.decode(stderr)}`);
  return text.decode(stdout).trim().split("\n").map((line) => {
    const { error, block, memory } = JSON.parse(line);
    if (error) throw new Error(`The emulated processor stopped: ${error}`);
    return { block: Uint8Array.fromBase64(block), memory: Uint8Array.fromBase64(memory) };
  });
}
