// deno-lint-ignore-file camelcase -- the names of Jupyter's own format
/**
 * The simd backend in a Jupyter kernel: no thread is left after a restart, and an interruption does
 * no damage.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { createHmac } from "node:crypto";
import { Kernel } from "bert/cli/jupyter_kernel.ts";
import { ZmtpSocket } from "bert/cli/zmtp.ts";
import { isRunning } from "../../support/notebooks.ts";

/** A cell that starts the backend and computes with helpers. */
const SETUP = `import * as tf from "@tensorflow/tfjs";
  import { simdMachine, startSimd } from "bert/backend/simd/start.ts";
  import { stopButton } from "bert/show/notebook.ts";
  await startSimd({ threads: 3 });
  const work = (size) => tf.tidy(() => tf.matMul(tf.ones([size, 300]), tf.ones([300, size])).dataSync());
  const held = () => JSON.stringify([simdMachine().usage.used, tf.memory().numTensors]);
  work(400);
  console.log(Deno.pid, held());`;

/** Runs a cell and returns what it prints; `onWords` is called when it first prints something. */
async function run(kernel: Kernel, code: string, onWords: () => void = () => {}): Promise<string> {
  let text = "";
  await kernel.execute(code, ({ type, content }) => {
    if (type === "error") throw new Error(String(content.evalue));
    if (type !== "stream") return;
    if (text === "") onWords();
    text += content.text;
  }, 30);
  return text;
}

/** Runs `use` with a kernel in which helpers have worked, its process id, and the memory in use. */
async function withBackend(use: (kernel: Kernel, pid: number, held: string) => Promise<void>) {
  const kernel = await Kernel.start({ folder: "notebooks" });
  try {
    const [pid, held] = (await run(kernel, SETUP)).trim().split(" ");
    await use(kernel, Number(pid), held);
  } finally {
    await kernel.close();
  }
}

/** Sends Jupyter's request to restart a kernel; returns the kernel's answer. */
async function askForRestart({ connectionFile }: Kernel): Promise<Record<string, unknown>> {
  const { control_port, key } = JSON.parse(await Deno.readTextFile(connectionFile));
  const socket = await ZmtpSocket.connect(control_port, "DEALER");
  const header = { msg_id: "1", msg_type: "shutdown_request", session: "1", version: "5.3" };
  const all = { ...header, username: "test", date: new Date().toISOString() };
  const parts = [all, {}, {}, { restart: true }].map((part) => JSON.stringify(part));
  const signature = createHmac("sha256", key).update(parts.join("")).digest("hex");
  const encode = (text: string) => new TextEncoder().encode(text);
  await socket.send(["<IDS|MSG>", signature, ...parts].map(encode));
  const frames = await socket.receive();
  socket.close();
  return JSON.parse(new TextDecoder().decode(frames!.at(-1)));
}

/** Waits until a process has ended, half a minute at most; no signal is sent to it. */
async function hasEnded(pid: number): Promise<boolean> {
  for (let i = 0; i < 1500 && isRunning(pid); i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return !isRunning(pid);
}

const FOREVER = `console.log("working"); for (;;) work(400);`;
const UNTIL_STOPPED = `{
  const signal = stopButton();
  console.log("working");
  while (!signal.aborted) {
    work(1000);
    await new Promise((resolve) => setTimeout(resolve));
  }
}`;

Deno.test("a kernel that is asked to restart ends by itself, although helper threads sleep in it", () =>
  withBackend(async (kernel, pid) => {
    deepStrictEqual(await askForRestart(kernel), { status: "ok", restart: true });
    ok(await hasEnded(pid));
  }));

Deno.test("a kernel that trains is stopped, asked to restart, and ends, as JupyterLab does it", () =>
  withBackend(async (kernel, pid) => {
    await run(kernel, UNTIL_STOPPED, () => Deno.kill(pid, "SIGINT"));
    await askForRestart(kernel);
    ok(await hasEnded(pid));
  }));

Deno.test("a signal in the middle of its kernels ends a Jupyter kernel with all its threads", async () => {
  await Promise.all(
    (["SIGINT", "SIGTERM", "SIGKILL"] as const).map((signal) =>
      withBackend(async (kernel, pid) => {
        const end = run(kernel, FOREVER, () => Deno.kill(pid, signal)).catch(String);
        ok(await hasEnded(pid), signal);
        ok((await end).includes("the kernel has ended"));
      })
    ),
  );
});

Deno.test("a cell that is stopped in the middle of a kernel leaves the backend as it was", () =>
  withBackend(async (kernel, pid, held) => {
    for (let press = 0; press < 2; press++) {
      const later = () => void setTimeout(() => Deno.kill(pid, "SIGINT"), 20 * press);
      await run(kernel, UNTIL_STOPPED, later);
      const check = `console.log(work(700).every((x) => x === 300), held())`;
      strictEqual(await run(kernel, check), `true ${held}\n`);
    }
  }));
