import { systemAlarm } from "bert/team/sigalrm.ts";

Deno.test("systemAlarm() takes any number of seconds", () => {
  const alarm = systemAlarm();
  for (const seconds of [1e6, 2 ** 32, 1e12, Infinity, 0]) alarm(seconds);
});
