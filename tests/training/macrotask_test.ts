import { ok, strictEqual } from "node:assert";
import { macrotask } from "bert/training/macrotask.ts";

Deno.test("macrotask() lets every timer run that is due", async () => {
  let ran = 0;
  for (let step = 1; step <= 5; step++) {
    setTimeout(() => ran++, 0);
    const until = performance.now() + 5; // timers count whole milliseconds
    while (performance.now() < until);
    await macrotask();
    await macrotask(); // an immediate may come before the first timer
    strictEqual(ran, step);
  }
});

/** Prints after how many steps of 20 ms each of six signals came, the most of them. */
const SIGNALS = `
import { macrotask } from "bert/training/macrotask.ts";
let came = false;
Deno.addSignalListener("SIGUSR2", () => { came = true; });
const step = async (milliseconds) => {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
  await macrotask();
};
let most = 0;
for (let round = 0; round < 6; round++) {
  for (let i = 0; i < 7; i++) await step(5);
  came = false;
  Deno.kill(Deno.pid, "SIGUSR2");
  let steps = 0;
  for (; !came && steps < 100; steps++) await step(20);
  most = Math.max(most, steps);
}
console.log(most);
Deno.exit();
`;

Deno.test({
  name: "macrotask() lets a signal through between long steps",
  ignore: Deno.build.os === "windows",
  async fn() {
    const args = ["eval", SIGNALS];
    const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
    const most = Number(new TextDecoder().decode(stdout));
    ok(most >= 1 && most <= 14, `it took ${most} steps`); // up to 61 with immediates alone
  },
});
