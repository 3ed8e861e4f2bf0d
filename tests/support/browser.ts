/** A headless Chromium for tests of the page. */
import { existsSync } from "node:fs";
import { type Browser, launch, type Page } from "npm:puppeteer-core@25.16.0";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The Chromium of the environment variable `BERT_CHROMIUM`, or that of the system. */
export function findChromium(): string | undefined {
  const own = Deno.env.get("BERT_CHROMIUM");
  const found = (own ? [own] : PLACES).find((path) => existsSync(path));
  if (found === undefined) {
    // deno-lint-ignore no-console -- a skipped test must not look like a passed one
    console.warn("Skipped: the page in a browser. There is no Chromium; name one in BERT_CHROMIUM");
  }
  return found;
}

/** Starts Chromium, which can reach this machine only. The caller closes it. */
export async function openChromium(path: string): Promise<Browser> {
  return await launch({
    executablePath: path,
    args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
  });
}

/** The window of a page. */
export interface Look {
  readonly width: number;
  readonly height: number;
  readonly colorScheme?: "light" | "dark";
}

export const DESKTOP: Look = { width: 1280, height: 900 };
export const PHONE: Look = { width: 390, height: 844 };

/** Opens a page and calls a function with it. Throws if the page reports an error or asks another server. */
export async function withPage(
  browser: Browser,
  url: string,
  { width, height, colorScheme = "light" }: Look,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.setViewport({ width, height, isMobile: width < 500, hasTouch: width < 500 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: colorScheme }]);
  const troubles: string[] = [];
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("status of 400")) {
      troubles.push(message.text());
    }
  });
  page.on("request", (request) => {
    if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(url)) {
      troubles.push(`asked ${request.url()}`);
    }
  });
  try {
    await page.goto(url);
    await use(page);
  } finally {
    await context.close();
  }
  if (troubles.length > 0) throw new Error(troubles.join("\n"));
}

/** The value of an expression that the page's JavaScript computes. */
export async function valueOf<Value>(page: Page, expression: string): Promise<Value> {
  return await page.evaluate(expression) as Value;
}

/** Waits until an expression is true in the page. */
export async function until(page: Page, expression: string): Promise<void> {
  await page.waitForFunction(expression).catch((cause) => {
    throw new Error(`It did not become true: ${expression}`, { cause });
  });
}

/** Waits for the element with a role and a name, as a screen reader reads them, and returns it. */
export async function named(page: Page, role: string, name: string) {
  const found = await page.waitForSelector(`::-p-aria([role="${role}"][name="${name}"])`);
  if (found) return found;
  throw new Error(`The page has no ${role} called ${name}`);
}

/** Replaces the content of a text field at once, as pasting a text does. */
export async function write(page: Page, label: string, text: string): Promise<void> {
  const field = await named(page, "textbox", label);
  await field.evaluate(SET_TEXT, text);
}

// deno-lint-ignore no-explicit-any -- the types of the page are not available in this program
const SET_TEXT = (field: any, text: string) => {
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
};
