import { match, strictEqual } from "node:assert";

const LIBRARY = import.meta.resolve("bert/cli/signals.ts");

/** Starts a process that prints "ready" and computes. With `listen` it goes on after the first signal. */
function start(listen: boolean): Deno.ChildProcess {
  const code = `import { Interruption } from "${LIBRARY}";
    const stop = new Interruption((signal) => console.log(signal));
    if (${listen}) stop.listen().onabort = () => setTimeout(() => {
      console.log("aborted with", stop.code);
      for (const end = Date.now() + 20_000; Date.now() < end;);
    });
    console.log("ready");
    if (!${listen}) for (const end = Date.now() + 20_000; Date.now() < end;);
    setTimeout(() => {}, 20_000);`;
  const args = ["eval", code];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" }).spawn();
}

/** Reads the output of a process, and calls a function when its word is printed for the first time. */
async function whenSaid(process: Deno.ChildProcess, words: Record<string, () => void>) {
  let said = "";
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    for (const [word, act] of Object.entries(words)) {
      if (!said.includes(word)) continue;
      delete words[word];
      act();
    }
  }
  return said;
}

/** Sends SIGINT twice. Returns the time from before the first one to after the second one in milliseconds. */
function killTwice(process: Deno.ChildProcess): number {
  const began = performance.now();
  process.kill("SIGINT");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  process.kill("SIGINT");
  return performance.now() - began;
}

Deno.test({
  name:
    "Interruption: the first signal aborts, and the second ends the process even while it computes",
  ignore: Deno.build.os === "windows",
  async fn() {
    const process = start(true);
    const said = await whenSaid(process, {
      ready: () => process.kill("SIGTERM"),
      aborted: () => process.kill("SIGINT"),
    });
    match(said, /SIGTERM\naborted with 143\n$/);
    await process.stderr.cancel();
    strictEqual((await process.status).signal, "SIGINT");
  },
});

Deno.test({
  name: "Interruption: one Ctrl-C may arrive twice, from the terminal and passed on by `deno task`",
  ignore: Deno.build.os === "windows",
  async fn() {
    for (let milliseconds = Infinity; milliseconds > 50;) { // a busy machine may part the two signals
      const process = start(true);
      const said = await whenSaid(process, {
        ready: () => milliseconds = killTwice(process),
        aborted: () => process.kill("SIGTERM"),
      });
      await process.stderr.cancel();
      const { signal } = await process.status;
      if (milliseconds > 50) continue;
      match(said, /SIGINT\naborted with 130\n$/);
      strictEqual(signal, "SIGTERM");
    }
  },
});

Deno.test({
  name:
    "Interruption: before there is something to save, a signal ends even a process that computes",
  ignore: Deno.build.os === "windows",
  async fn() {
    const process = start(false);
    await whenSaid(process, { ready: () => process.kill("SIGINT") });
    await process.stderr.cancel();
    strictEqual((await process.status).signal, "SIGINT");
  },
});
