// deno-lint-ignore-file camelcase -- the names of Jupyter's own format
/**
 * A Jupyter kernel as a child process that runs code. It is `deno jupyter`, the kernel that
 * JupyterLab uses, and it is controlled by Jupyter's own protocol.
 *
 * Source: Jupyter's messaging specification, version 5.3.
 */
import { createHmac } from "node:crypto";
import { ZmtpSocket } from "./zmtp.ts";

/** A parsed message of the kernel. */
export interface KernelMessage {
  /** The type of the message, such as `"stream"`. */
  readonly type: string;
  /** The id of the request that it belongs to. */
  readonly parent: string;
  /** The content, whose fields depend on the type. */
  readonly content: Record<string, unknown>;
}

/** How a kernel is started. */
export interface KernelOptions {
  /** The folder in which cells run, which is that of the notebook. */
  readonly folder: string;
  /** Environment variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** The longest time that `close()` waits for the kernel's own end, in seconds. Default 3. */
  readonly patience?: number;
}

const DELIMITER = "<IDS|MSG>";
const OUTPUTS = ["stream", "display_data", "update_display_data", "execute_result", "clear_output"];

/** Code that ends the kernel when the process that started it has ended, however it ended. */
const WATCH_PARENT = `{
  const parent = Deno.ppid;
  Deno.unrefTimer(setInterval(() => Deno.ppid === parent || Deno.exit(), 1000));
}`;

/** Kernels whose process may be running, so that a signal handler can end them. */
const alive = new Set<Kernel>();

/** Ends every kernel of this process at once, which a signal handler may call. */
export function killKernels(): void {
  for (const kernel of alive) kernel.kill();
}

/** A running kernel. The caller calls `close()`, or declares it with `await using`. */
export class Kernel implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #key: string;
  readonly #patience: number;
  /** The path of the file that tells the kernel its ports and its key. Only this user can read it. */
  readonly connectionFile: string;
  readonly #session = crypto.randomUUID();
  #sockets: ZmtpSocket[] = [];
  #listener: ((message: KernelMessage) => void) | undefined;
  readonly #stderrRead: Promise<void>;
  #stderr = "";
  #ended = false;
  #onEnd: (() => void) | undefined;

  private constructor(
    process: Deno.ChildProcess,
    key: string,
    connectionFile: string,
    patience: number,
  ) {
    this.#process = process;
    this.#key = key;
    this.connectionFile = connectionFile;
    this.#patience = patience;
    alive.add(this);
    this.#stderrRead = this.#collectStderr();
    process.status.then(() => {
      this.#ended = true;
      alive.delete(this);
      this.#onEnd?.();
    });
  }

  /** Starts a kernel and waits until it answers. */
  static async start(options: KernelOptions): Promise<Kernel> {
    for (let tries = 1;; tries++) {
      try {
        return await Kernel.#startOnce(options);
      } catch (error) {
        if (tries === 3) throw error; // another process may have taken a port meanwhile
      }
    }
  }

  static async #startOnce({ folder, env = {}, patience = 3 }: KernelOptions): Promise<Kernel> {
    const ports = freePorts(5);
    const key = crypto.randomUUID();
    // Nothing is awaited from here until the kernel owns the file, so that no signal handler runs.
    const connectionFile = Deno.makeTempFileSync({ prefix: "kernel-", suffix: ".json" });
    Deno.writeTextFileSync(connectionFile, JSON.stringify(connection(ports, key)));
    const command = new Deno.Command(Deno.execPath(), {
      args: ["jupyter", "--kernel", "--conn", connectionFile],
      cwd: folder,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    });
    const kernel = new Kernel(command.spawn(), key, connectionFile, patience);
    try {
      await kernel.#open(ports);
    } catch (error) {
      await kernel.close();
      throw error;
    }
    return kernel;
  }

  /**
   * Runs code and waits until all of its output has arrived.
   *
   * @param onMessage Is called with each message that the code causes.
   * @param timeout The longest time to wait, in seconds.
   * @throws {Error} If the kernel ends, or the code runs longer than `timeout`.
   */
  async execute(
    code: string,
    onMessage: (message: KernelMessage) => void,
    timeout: number,
  ): Promise<void> {
    const id = crypto.randomUUID();
    const fence = crypto.randomUUID();
    const done = this.#collect(id, fence, onMessage, timeout);
    this.#run(id, code).catch(() => {}); // if the kernel has ended, `done` is rejected
    await done;
  }

  /**
   * Asks the kernel to shut down, ends its process after `patience` seconds, and removes its temporary
   * files. Returns how the process ended: with a code of its own, or by a signal.
   */
  async close(): Promise<Deno.CommandStatus> {
    const control = this.#sockets[1];
    if (!this.#ended && control) {
      const id = crypto.randomUUID();
      await this.#send(control, "shutdown_request", id, { restart: false }).catch(() => {});
      const patience = Promise.withResolvers<void>();
      const timer = setTimeout(patience.resolve, 1000 * this.#patience);
      await Promise.race([this.#process.status, patience.promise]);
      clearTimeout(timer);
    }
    this.kill();
    for (const socket of this.#sockets) socket.close();
    await this.#stderrRead;
    return await this.#process.status;
  }

  /** Calls `close()` at the end of the block of an `await using` declaration. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Ends the kernel at once, which a signal handler may do. */
  kill(): void {
    try {
      if (!this.#ended) this.#process.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended just now
    }
    try {
      Deno.removeSync(this.connectionFile);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async #open([shell, iopub, , control]: readonly number[]): Promise<void> {
    for (const [port, type] of [[shell, "DEALER"], [control, "DEALER"], [iopub, "SUB"]] as const) {
      this.#sockets.push(await this.#connect(port, type));
    }
    for (const socket of this.#sockets) this.#listen(socket);
    await this.#wake();
  }

  /**
   * Sends requests until the kernel answers. The first answers may be lost, as the kernel drops its
   * messages until it has received our subscription.
   */
  async #wake(): Promise<void> {
    for (let tries = 1;; tries++) {
      try {
        return await this.execute(WATCH_PARENT, () => {}, 1);
      } catch (error) {
        if (this.#ended || tries >= 30) throw error;
      }
    }
  }

  /** Connects to a port of the kernel, and tries again until the kernel listens. */
  async #connect(port: number, type: "DEALER" | "SUB"): Promise<ZmtpSocket> {
    for (let tries = 0;; tries++) {
      try {
        return await ZmtpSocket.connect(port, type);
      } catch (error) {
        if (this.#ended) throw await this.#death();
        if (tries >= 300) throw error;
        await sleep(50);
      }
    }
  }

  async #listen(socket: ZmtpSocket): Promise<void> {
    for (let frames = await socket.receive(); frames; frames = await socket.receive()) {
      const texts = frames.map((frame) => new TextDecoder().decode(frame));
      const start = texts.indexOf(DELIMITER) + 2;
      const [header, parent, , content] = texts.slice(start).map((text) => JSON.parse(text));
      this.#listener?.({ type: header.msg_type, parent: parent.msg_id ?? "", content });
    }
  }

  /**
   * Waits until the request has been answered and all of its output has arrived. The kernel may send
   * the last outputs after its status "idle", with the id of the next request. So when the cell is
   * done, a second request prints the mark `fence`. All output before the mark belongs to the cell.
   */
  #collect(
    id: string,
    fence: string,
    onMessage: (message: KernelMessage) => void,
    timeout: number,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let idle = false;
    let replied = false;
    const tooLong = () => reject(new Error(`the cell ran longer than ${timeout} s`));
    const limit = setTimeout(tooLong, timeout * 1000);
    this.#onEnd = () => this.#death().then(reject);
    if (this.#ended) this.#onEnd();
    this.#listener = (message) => {
      const { type, parent, content } = message;
      if (type === "stream" && String(content.text).trim() === fence) return resolve();
      if (parent === id || parent === fence && OUTPUTS.includes(type)) onMessage(message);
      if (parent !== id) return;
      const waiting = !(idle && replied);
      idle ||= type === "status" && content.execution_state === "idle";
      replied ||= type === "execute_reply";
      if (waiting && idle && replied) this.#run(fence, `console.log("${fence}")`).catch(() => {});
    };
    return promise.finally(() => {
      clearTimeout(limit);
      this.#listener = this.#onEnd = undefined;
    });
  }

  async #run(id: string, code: string): Promise<void> {
    await this.#send(this.#sockets[0], "execute_request", id, {
      code,
      silent: false,
      store_history: true,
      allow_stdin: false,
      stop_on_error: false,
    });
  }

  async #send(
    socket: ZmtpSocket,
    type: string,
    id: string,
    content: Record<string, unknown>,
  ): Promise<void> {
    const header = {
      msg_id: id,
      msg_type: type,
      session: this.#session,
      username: "runner",
      date: new Date().toISOString(),
      version: "5.3",
    };
    const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
    const signature = createHmac("sha256", this.#key).update(parts.join("")).digest("hex");
    await socket.send(
      [DELIMITER, signature, ...parts].map((text) => new TextEncoder().encode(text)),
    );
  }

  async #collectStderr(): Promise<void> {
    for await (const text of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      this.#stderr = (this.#stderr + text).slice(-2000);
    }
  }

  /**
   * The error that says that the kernel has ended. It waits for the rest of standard error, which may
   * arrive late.
   */
  async #death(): Promise<Error> {
    await this.#stderrRead;
    const printed = this.#stderr.replace(/^Warning "deno jupyter".*\n/m, "").trim();
    return new Error(
      `the kernel has ended${printed ? `; it printed:\n${printed}` : " without a message"}`,
    );
  }
}

function connection([shell, iopub, stdin, control, heartbeat]: readonly number[], key: string) {
  return {
    transport: "tcp",
    ip: "127.0.0.1",
    shell_port: shell,
    iopub_port: iopub,
    stdin_port: stdin,
    control_port: control,
    hb_port: heartbeat,
    signature_scheme: "hmac-sha256",
    key,
  };
}

/** Finds ports of this machine that are free. */
function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
