// deno-lint-ignore-file no-console -- prints a table
/**
 * How long the page of `deno task play` takes from a key press to its candidates, behind its server
 * and as a static folder, and what that time consists of. It needs a Chromium.
 *
 *     deno run -A --lock=tests/deno.lock tests/bench/page_latency.ts FOLDER [KEYS]
 */
import type { Page } from "npm:puppeteer-core@25.16.0";
import {
  DESKTOP,
  findChromium,
  named,
  openChromium,
  until,
  valueOf,
  withPage,
} from "../support/browser.ts";
import { serveFiles } from "../support/file_server.ts";

const PAUSE = 130; // milliseconds between two keys, as a quick typist has them

const TYPED = " and with the people of this land in the years that are to come , as it has been";

/** Notes for each key when it was pressed, when its candidates were there and when they were painted. */
const WATCH = `(() => {
  globalThis.keys = [];
  let pressed;
  addEventListener("keydown", ({ timeStamp }) => { pressed = timeStamp; }, true);
  new MutationObserver(() => {
    if (pressed === undefined) return;
    const key = { pressed, there: performance.now() };
    pressed = undefined;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => keys.push({ ...key, painted: performance.now() });
      port2.postMessage(0);
    });
  }).observe(document.querySelector("#fill .answers"), { childList: true });
})()`;

/** Milliseconds since the page was opened. */
interface Key {
  readonly pressed: number;
  readonly there: number;
  readonly painted: number;
}

interface Request {
  readonly startTime: number;
  readonly requestStart: number;
  readonly responseStart: number;
  readonly responseEnd: number;
}

async function typed(page: Page, count: number): Promise<[Key[], Request[]]> {
  await page.waitForSelector("#fill li");
  await page.waitForSelector("#near-alone li");
  await (await named(page, "textbox", "A sentence with blanks")).focus();
  await page.keyboard.press("End");
  await page.evaluate(WATCH);
  for (let i = 0; i < count; i++) {
    await page.keyboard.press(TYPED[i % TYPED.length] as "a");
    await new Promise((done) => setTimeout(done, PAUSE));
    await until(page, `keys.length > ${i}`);
  }
  const requests = `performance.getEntriesByType("resource")
    .filter(({ name }) => name.endsWith("/api/fill")).map((entry) => entry.toJSON())`;
  return [await valueOf(page, "keys"), await valueOf(page, requests)];
}

function row(values: readonly number[]): Record<string, string> {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))].toFixed(1);
  return { median: at(0.5), "95 %": at(0.95), most: at(1) };
}

/** The answer's parts, where it is a request. */
function parts(keys: readonly Key[], requests: readonly Request[]) {
  const pairs = keys.flatMap((key) => {
    const request = requests.find(({ startTime }) => startTime >= key.pressed);
    return request && request.responseEnd <= key.there ? [{ key, request }] : [];
  });
  if (pairs.length === 0) return {};
  return {
    "  key to request": row(pairs.map(({ key, request }) => request.startTime - key.pressed)),
    "  request to the server": row(
      pairs.map(({ request }) => request.requestStart - request.startTime),
    ),
    "  until it answers": row(
      pairs.map(({ request }) => request.responseStart - request.requestStart),
    ),
    "  until the answer is read": row(
      pairs.map(({ key, request }) => key.there - request.responseStart),
    ),
  };
}

async function measure(title: string, url: string, keys: number): Promise<void> {
  const browser = await openChromium(findChromium()!);
  try {
    await withPage(browser, url, DESKTOP, async (page) => {
      const [found, requests] = await typed(page, keys);
      console.log(`\n${title}, ${found.length} keys, ms from the key press`);
      console.table({
        "candidates are there": row(found.map(({ pressed, there }) => there - pressed)),
        "candidates are painted": row(found.map(({ pressed, painted }) => painted - pressed)),
        ...parts(found, requests),
      });
    });
  } finally {
    await browser.close();
  }
}

/** The task `play` itself, in a process of its own as a person has it. */
function play(...words: string[]): Deno.ChildProcess {
  const args = ["run", "-A", "lib/cli/main.ts", "play", ...words];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
}

/** The address that the task prints. */
async function addressOf(server: Deno.ChildProcess): Promise<string> {
  let said = "";
  for await (const part of server.stdout.pipeThrough(new TextDecoderStream())) {
    said += part;
    const [url] = said.match(/http:\S+/) ?? [];
    if (url) return url;
  }
  throw new Error(`deno task play ended: ${said}`);
}

const [folder, keys = "60"] = Deno.args;
if (!folder || !findChromium()) throw new Error("name the folder of a model; a Chromium is needed");
const out = await Deno.makeTempDir({ prefix: "page-latency-" });
const server = play(folder, "--port", "0");
await play(folder, "--export", out).status;
await using files = serveFiles(out);
try {
  await measure("Behind the server", await addressOf(server), Number(keys));
  await measure("Static folder", `http://127.0.0.1:${files.addr.port}/`, Number(keys));
} finally {
  server.kill();
  await Deno.remove(out, { recursive: true });
}
