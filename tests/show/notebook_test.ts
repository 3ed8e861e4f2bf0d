import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import { Kernel, type KernelMessage } from "bert/cli/jupyter_kernel.ts";
import {
  flush,
  inNotebook,
  live,
  progressBar,
  show,
  type Showable,
  stopButton,
} from "bert/show/notebook.ts";
import { notebookPreset } from "bert/show/presets.ts";
import { OutputRecorder } from "bert/cli/run_notebook.ts";
import { completeSettings } from "bert/runs/complete_settings.ts";
import { setVariable } from "../support/environment.ts";
import { printed } from "../support/notebooks.ts";

const SETUP = `import { live, progressBar, show, stopButton } from "bert/show/notebook.ts";
  import { lineChart } from "bert/show/plot.ts";
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));`;

/** Calls a function with a kernel that has imported the functions to test, and ends the kernel. */
async function withKernel(use: (kernel: Kernel) => Promise<void>): Promise<void> {
  const kernel = await Kernel.start({ folder: "notebooks" });
  try {
    await run(kernel, SETUP);
    await use(kernel);
  } finally {
    await kernel.close();
  }
}

async function run(
  kernel: Kernel,
  code: string,
  onMessage: (message: KernelMessage) => void = () => {},
) {
  const recorder = new OutputRecorder(1);
  await kernel.execute(code, (message) => {
    recorder.add(message);
    onMessage(message);
  }, 20);
  strictEqual(recorder.error, undefined);
  return recorder.outputs;
}

Deno.test("in a notebook each printed line gets time to leave the kernel before the next cell", () =>
  withKernel(async (kernel) => {
    const outputs = await run(
      kernel,
      `const { wait } = Atomics;
      let waits = 0;
      Atomics.wait = ((array: Int32Array, at: number, value: number, time: number) => {
        waits++;
        return wait(array, at, value, time);
      }) as typeof Atomics.wait;
      for (const method of ["log", "info", "warn", "error"] as const) console[method](method);
      Atomics.wait = wait;
      console.log(waits);`,
    );
    strictEqual(printed(outputs).trim().split("\n").at(-1), "4");
  }));

/** Runs a cell, and returns the data by which it replaces earlier outputs. */
async function updatesOf(kernel: Kernel, code: string): Promise<Record<string, unknown>[]> {
  const updates: Record<string, unknown>[] = [];
  await run(kernel, code, ({ type, content }) => {
    if (type === "update_display_data") updates.push(content.data as Record<string, unknown>);
  });
  return updates;
}

Deno.test("after stopButton() the Stop button ends a run and not the kernel, also a second time", () =>
  withKernel(async (kernel) => {
    const pid = Number(printed(await run(kernel, "let steps = 0; console.log(Deno.pid)")));
    for (let press = 1; press <= 2; press++) {
      const loop = `const signal${press} = stopButton();
        console.log("running");
        while (!signal${press}.aborted) { steps++; await pause(10); }
        console.log("stopped", steps > 0);`;
      const outputs = await run(kernel, loop, ({ type, content }) => {
        if (type === "stream" && content.text === "running\n") Deno.kill(pid, "SIGINT");
      });
      const text = printed(outputs);
      ok(text.includes("Stopping after this step"), text);
      ok(text.endsWith("stopped true\n"), text);
    }
    strictEqual(printed(await run(kernel, "console.log(steps > 1)")), "true\n");
  }));

Deno.test("after stopButton() uncaught errors are printed, and the kernel does not end", () =>
  withKernel(async (kernel) => {
    const lost = `stopButton();
      Promise.reject(new Error("left alone"));
      setTimeout(() => { throw new Error("in a timer") }, 1);
      await pause(50);`;
    const text = printed(await run(kernel, lost));
    ok(/nobody awaited failed: Error: left alone/.test(text), text);
    ok(/A callback failed: Error: in a timer/.test(text), text);
    strictEqual(printed(await run(kernel, "console.log(1)")), "1\n");
  }));

Deno.test("show() gives a figure in all its forms, and live() keeps only the last output", () =>
  withKernel(async (kernel) => {
    const titles = `{ title: "t", xTitle: "x", yTitle: "y" }`;
    const chart = `lineChart([{ name: "a", x: [1, 2], y: [3, 4] }], ${titles})`;
    const [shown] = await run(kernel, `await show(${chart})`);
    const forms = ["application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"];
    deepStrictEqual(Object.keys(shown.data as object), forms);
    deepStrictEqual((await run(kernel, chart))[0].data, shown.data, "as the value of a cell, too");
    const updates = `const view = live("bar", 1);
      for (let i = 0; i <= 40; i++) await view.update(progressBar(i / 40, \`step ${"${i}"}\`));
      await view.finish();`;
    const outputs = await run(kernel, updates);
    strictEqual(outputs.length, 1);
    const text = (outputs[0].data as Record<string, string[]>)["text/plain"].join("");
    ok(text.endsWith("100 %  step 40"), text);
  }));

Deno.test("a live figure is an SVG until it is finished, as JupyterLab does not redraw plotly figures", () =>
  withKernel(async (kernel) => {
    const titles = `{ title: "t", xTitle: "x", yTitle: "y" }`;
    const growing = `const curve = live("curve", 0);
      const grown = (n: number) => lineChart([{ name: "a", x: [1, 2], y: [n, 4] }], ${titles});
      for (const n of [1, 2]) await curve.update(() => grown(n));`;
    const outputs = await run(kernel, growing);
    const svg = ["image/svg+xml", "text/plain"];
    deepStrictEqual(outputs.map(({ data }) => Object.keys(data as object)), [svg]);
    const [finished] = await updatesOf(kernel, "await curve.finish();");
    deepStrictEqual(Object.keys(finished), ["application/vnd.plotly.v1+json", ...svg]);
    const [newest] = await run(kernel, "await show(grown(2));");
    const text = (newest.data as Record<string, string[]>)["text/plain"].join("");
    strictEqual(finished["text/plain"], text);
  }));

Deno.test("live() calls the function that makes its content only when the content is shown", () =>
  withKernel(async (kernel) => {
    const code = `let made = 0;
      const slow = live("slow", 60_000);
      for (let i = 1; i <= 9; i++) {
        await slow.update(() => progressBar(++made / 9, "step " + i));
      }
      await slow.finish();
      console.log(made);`;
    const outputs = await run(kernel, code);
    strictEqual(printed(outputs), "2\n", "the first at once and the last at the end");
    ok(JSON.stringify(outputs).includes("step 9"));
  }));

Deno.test("outside a kernel stopButton() returns a signal that is not aborted, and flush() returns", async () => {
  strictEqual(inNotebook(), false);
  using stop = stopButton();
  strictEqual(stop.aborted, false);
  await flush(1);
});

Deno.test("after the block of `using stop = stopButton()` the Stop button ends the kernel again", {
  ignore: Deno.build.os !== "linux", // as it reads /proc
}, () =>
  withKernel(async (kernel) => {
    const code = "{ using stop = stopButton(); } console.log(Deno.pid);";
    const pid = Number(printed(await run(kernel, code)));
    Deno.kill(pid, "SIGINT");
    for (let waited = 0; waited < 500 && isAlive(pid); waited++) await flush(10);
    strictEqual(isAlive(pid), false);
  }));

/** Whether a process exists and has not ended. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

Deno.test("`await using` shows the last content of a live view for good", async () => {
  const { log } = console;
  const said: unknown[] = [];
  Object.assign(console, { log: (text: unknown) => void said.push(text) });
  try {
    await using view = live("view");
    await view.update({ text: "first", bundle: () => ({}) });
    await view.update({ text: "last", bundle: () => ({}) });
    deepStrictEqual(said, []);
  } finally {
    Object.assign(console, { log });
  }
  deepStrictEqual(said, ["last"]);
});

Deno.test("show() refuses what is neither a figure nor a table", async () => {
  for (const wrong of ["a text", undefined, 5, { text: "a" }]) {
    await rejects(show(wrong as Showable), {
      name: "TypeError",
      message: /show\(content\).*a figure, a diagram or a table/,
    });
  }
});

Deno.test("progressBar() shows a share, and limits it to 0 to 100 %", () => {
  strictEqual(progressBar(0.5, "half").text, `${"█".repeat(10)}${"░".repeat(10)} 50 %  half`);
  ok(progressBar(7, "").text.startsWith(`${"█".repeat(20)} 100 %`));
  ok(progressBar(-1, "").text.startsWith(`${"░".repeat(20)} 0 %`));
});

Deno.test("notebookPreset() follows BERT_PRESET and refuses other names", () => {
  for (const [value, name] of [[undefined, "tutorial"], ["smoke", "smoke"]] as const) {
    using _ = setVariable("BERT_PRESET", value);
    strictEqual(notebookPreset().name, name);
  }
  using _ = setVariable("BERT_PRESET", "huge");
  throws(notebookPreset, /Invalid BERT_PRESET = "huge": it must be one of smoke, tutorial, full/);
});

Deno.test("the preset full is the recipe short with four times the steps", () => {
  using _ = setVariable("BERT_PRESET", "full");
  const { model, maxLength, batchSize, steps } = notebookPreset();
  const short = completeSettings({ recipe: "short" });
  strictEqual(model, short.preset);
  strictEqual(maxLength, short.length);
  strictEqual(batchSize, short.batchSize);
  strictEqual(steps, 4 * short.steps!);
});
