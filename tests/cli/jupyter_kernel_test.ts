import { ok, rejects, strictEqual, throws } from "node:assert";
import { Kernel, type KernelMessage, killKernels } from "bert/cli/jupyter_kernel.ts";
import { isRunning } from "../support/notebooks.ts";

/** Calls a function with a new kernel, and ends the kernel. */
async function withKernel(use: (kernel: Kernel) => Promise<void>): Promise<void> {
  const kernel = await Kernel.start({ folder: ".", env: { KERNEL_TEST: "of the test" } });
  try {
    await use(kernel);
  } finally {
    await kernel.close();
  }
}

async function run(kernel: Kernel, code: string, timeout = 20): Promise<KernelMessage[]> {
  const messages: KernelMessage[] = [];
  await kernel.execute(code, (message) => messages.push(message), timeout);
  return messages;
}

async function textOf(kernel: Kernel, code: string): Promise<string> {
  const messages = await run(kernel, code);
  return messages.filter(({ type }) => type === "stream").map(({ content }) => content.text)
    .join("");
}

Deno.test("Kernel.execute() keeps state from cell to cell, in the given folder and environment", () =>
  withKernel(async (kernel) => {
    await run(kernel, "const answer = 6 * 7;");
    strictEqual(await textOf(kernel, "console.log(answer)"), "42\n");
    strictEqual(await textOf(kernel, "console.log(Deno.cwd())"), `${Deno.cwd()}\n`);
    strictEqual(
      await textOf(kernel, `console.log(Deno.env.get("KERNEL_TEST"))`),
      "of the test\n",
    );
  }));

Deno.test("Kernel.execute() loses no output at the end of a cell and gives none to the next", () =>
  withKernel(async (kernel) => {
    for (let cell = 0; cell < 60; cell++) {
      const expected = Array.from({ length: 20 }, (_, i) => `${cell}/${i}\n`).join("");
      const text = await textOf(
        kernel,
        `for (let i = 0; i < 20; i++) console.log("${cell}/" + i)`,
      );
      strictEqual(text, expected);
    }
  }));

Deno.test("Kernel.execute() carries long messages and every character", () =>
  withKernel(async (kernel) => {
    const text = await textOf(kernel, `console.log("é\\u0000漢🙂".repeat(100_000))`);
    strictEqual(text, "é\u0000漢🙂".repeat(100_000) + "\n");
  }));

Deno.test("Kernel.execute() rejects when the time is over, and the kernel can still be stopped", () =>
  withKernel((kernel) => rejects(run(kernel, "for (;;);", 1), /ran longer than 1 s/)));

Deno.test("Kernel.execute() rejects when the kernel ends, and after that", () =>
  withKernel(async (kernel) => {
    await rejects(run(kernel, "Deno.exit(3)"), /^Error: the kernel has ended without a message$/);
    await rejects(run(kernel, "1"), /the kernel has ended/);
  }));

Deno.test("Kernel.close() ends the process and removes its file, however often it is called", async () => {
  const kernel = await Kernel.start({ folder: ".", patience: 60 });
  const pid = Number(await textOf(kernel, "console.log(Deno.pid)"));
  ok(isRunning(pid));
  strictEqual((await kernel.close()).signal, null, "the kernel was killed and not shut down");
  await kernel.close();
  strictEqual(isRunning(pid), false);
  throws(() => Deno.statSync(kernel.connectionFile), Deno.errors.NotFound);
});

Deno.test("killKernels() ends all kernels at once, and leaves no file", async () => {
  const kernel = await Kernel.start({ folder: "." });
  const pid = Number(await textOf(kernel, "console.log(Deno.pid)"));
  const busy = rejects(run(kernel, "for (;;);"), /the kernel has ended/);
  killKernels();
  await busy;
  await kernel.close();
  strictEqual(isRunning(pid), false);
  throws(() => Deno.statSync(kernel.connectionFile), Deno.errors.NotFound);
});

Deno.test("a kernel ends by itself when the program that started it was killed", async () => {
  const code = `import { Kernel } from "${import.meta.resolve("bert/cli/jupyter_kernel.ts")}";
    const kernel = await Kernel.start({ folder: "." });
    console.log(kernel.connectionFile);
    await kernel.execute("console.log(Deno.pid)", ({ type, content }) => {
      if (type === "stream") console.log(String(content.text).trim());
    }, 20);
    setInterval(() => {}, 1000);`;
  const program = new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = program.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (said.split("\n").length < 3) said += (await reader.read()).value;
  const [file, line] = said.split("\n");
  const pid = Number(line);
  ok(isRunning(pid));
  program.kill("SIGKILL");
  await reader.cancel();
  await program.status;
  await Deno.remove(file);
  for (let i = 0; i < 300 && isRunning(pid); i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  strictEqual(isRunning(pid), false);
});

Deno.test("a kernel listens on this machine only, for messages signed with a key that nobody else can read", () =>
  withKernel(async (kernel) => {
    const { ip, key } = JSON.parse(await Deno.readTextFile(kernel.connectionFile));
    strictEqual(ip, "127.0.0.1");
    ok(key.length >= 32);
    strictEqual((await Deno.stat(kernel.connectionFile)).mode! & 0o077, 0);
  }));
