/**
 * A process that measures when it is asked: one JSON object a line in, one a line out. Each variant
 * has its own, so that none sees another's memory, threads or warm code, and all can wait their turn.
 */

/** One line of the conversation. */
export type Message = Readonly<Record<string, unknown>>;

/** How to start a child. */
export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What a Deno child may do, and flags of `deno run`; `ffi` lets it use a native library. */
export interface DenoOptions {
  readonly ffi?: boolean;
  readonly flags?: readonly string[];
}

/** The command that runs a script of this folder under Deno, with a specification as its argument. */
export function denoChild(
  script: string,
  spec: Message,
  { ffi = false, flags = [] }: DenoOptions = {},
): ChildOptions {
  const path = new URL(script, import.meta.url).pathname;
  const permissions = ["--allow-read", "--allow-env", ...(ffi ? ["--allow-ffi"] : [])];
  const options = ["--quiet", "--no-prompt", ...flags, ...permissions];
  const args = ["run", ...options, path, JSON.stringify(spec)];
  return { command: Deno.execPath(), args };
}

/** The command that runs a script of this folder under Python. */
export function pythonChild(python: string, script: string, spec: Message): ChildOptions {
  const path = new URL(script, import.meta.url).pathname;
  const env = { TOKENIZERS_PARALLELISM: "false", RAYON_NUM_THREADS: "1" };
  return { command: python, args: [path, JSON.stringify(spec)], env };
}

/** A running child. */
export class Child {
  /** What it said when it was ready. */
  readonly hello: Message;
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    process: Deno.ChildProcess,
    lines: AsyncIterator<string>,
    hello: Message,
  ) {
    this.#process = process;
    this.#writer = process.stdin.getWriter();
    this.#lines = lines;
    this.hello = hello;
  }

  /** Starts a process and waits until it says that it is ready. */
  static async start({ command, args, env }: ChildOptions): Promise<Child> {
    const process = new Deno.Command(command, {
      args: [...args],
      env: { ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = readLines(process.stdout);
    return new Child(process, lines, await nextMessage(process, lines));
  }

  /** Sends a request and waits for the answer. */
  async ask(request: Message): Promise<Message> {
    await this.#writer.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
    return await nextMessage(this.#process, this.#lines);
  }

  /** Lets the child end, which it does when its input ends. */
  async close(): Promise<void> {
    await this.#writer.close().catch(() => {}); // it may have ended by itself
    await this.#process.status;
  }
}

async function nextMessage(
  process: Deno.ChildProcess,
  lines: AsyncIterator<string>,
): Promise<Message> {
  const { value, done } = await lines.next();
  if (!done) return JSON.parse(value);
  const { code, signal } = await process.status;
  throw new Error(`the process ended early, with ${signal ?? `code ${code}`}`);
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let pending = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (pending + text).split("\n");
    pending = lines.pop() ?? "";
    yield* lines;
  }
}

/** The other side: says hello, then answers one request after the other until there are no more. */
export async function serve(
  hello: Message,
  answer: (request: Message) => Message | Promise<Message>,
): Promise<void> {
  say(hello);
  for await (const line of readLines(Deno.stdin.readable)) say(await answer(JSON.parse(line)));
}

function say(message: Message): void {
  let bytes = new TextEncoder().encode(JSON.stringify(message) + "\n");
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}
