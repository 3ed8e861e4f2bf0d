/** The page in a real browser, behind a server and as a static folder. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { BertModel, BertPretrainHead } from "bert/model/bert.ts";
import { saveModel } from "bert/model/folder.ts";
import { BertClassifier } from "bert/use/classifier.ts";
import { saveClassifier } from "bert/use/classifier_folder.ts";
import { classify } from "bert/use/classify.ts";
import { classifyWords } from "bert/use/classify_words.ts";
import { BertTokenClassifier } from "bert/use/token_classifier.ts";
import { saveTokenClassifier } from "bert/use/token_classifier_folder.ts";
import type { LabelledWord } from "bert/web/page/engine.ts";
import { openFolder } from "bert/web/model_or_run_folder.ts";
import { LibraryEngine } from "bert/web/library_engine.ts";
import { startPlayServer } from "bert/web/play_server.ts";
import { exportPage, playground } from "bert/web/playground.ts";
import type { Browser, Page } from "npm:puppeteer-core@25.16.0";
import {
  DESKTOP,
  findChromium,
  named,
  openChromium,
  PHONE,
  until,
  valueOf,
  withPage,
  write,
} from "../support/browser.ts";
import { assertLabelled } from "../support/assert_labelled.ts";
import { serveFiles } from "../support/file_server.ts";
import { TOY_TOKENIZER } from "../support/toy.ts";

const chromium = findChromium();
const folder = await Deno.makeTempDir({ prefix: "page-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const MODEL = `${folder}/<i>run`; // the name must not be shown as markup
const METRICS = "split,epoch,step,mlm_loss,nsp_loss,mlm_accuracy,nsp_accuracy,tokens,seconds\n" +
  "train,1,1,3.1,0.7,0.1,0.5,100,1\ntrain,1,2,2.9,0.7,0.2,0.5,200,2\n";
const CONFIG = bertConfig("smoke", {
  vocabSize: TOY_TOKENIZER.vocab.size,
  numHiddenLayers: 2,
  initializerRange: 0.3,
});

/** The candidates of a list, as "word share". */
async function listed(page: Page, part: string): Promise<string[]> {
  return await valueOf(
    page,
    `[...document.querySelectorAll("${part} li")].map((item) =>
      [...item.querySelectorAll(".word, .share")].map((one) => one.textContent).join(" "))`,
  );
}

/** Waits for a heading that begins with `title`. */
async function heading(page: Page, part: string, title: string): Promise<void> {
  await until(
    page,
    `[...document.querySelectorAll("${part} h3")].some((one) =>
      one.textContent.startsWith(${JSON.stringify(title)}))`,
  );
}

async function texts(page: Page, selector: string): Promise<string[]> {
  const all = `[...document.querySelectorAll("${selector}")]`;
  return await valueOf(page, `${all}.map((one) => one.textContent)`);
}

function percent(share: number): string {
  if (share < 0.0005) return "< 0.1\u00a0%";
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)}\u00a0%`;
}

/** Types a text with blanks, reads the candidates, and puts one into its blank. */
async function playBlanks(page: Page, engine: LibraryEngine): Promise<void> {
  await write(page, "A sentence with blanks", "");
  await (await named(page, "textbox", "A sentence with blanks"))
    .type("the ___ ship sees the ___ .");
  const wanted = await engine.fill("the [MASK] ship sees the [MASK] .");
  await heading(page, "#fill", "In blank 2");
  await until(page, `document.querySelector("#fill-text").value.endsWith(" .")`);
  await until(page, `document.querySelectorAll("#fill li").length === ${wanted.flat().length}`);
  await until(
    page,
    `document.querySelector("#fill .share").textContent === "${percent(wanted[0][0].share)}"`,
  );
  deepStrictEqual(
    await listed(page, "#fill"),
    wanted.flat().map(({ token, share }) => `${token} ${percent(share)}`),
  );
  await page.locator("#fill .answers > :nth-child(2) li:first-child button").click();
  const filled = `the ___ ship sees the ${wanted[1][0].token} .`;
  strictEqual(await valueOf(page, `document.querySelector("#fill-text").value`), filled);
  await heading(page, "#fill", "In the blank");
}

async function playPairs(page: Page, engine: LibraryEngine): Promise<void> {
  const [first, second] = ["the red ship sees the sea .", "once"];
  await write(page, "First sentence", first);
  await write(page, "Second sentence", second);
  const share = percent(await engine.follows(first, second));
  await page.waitForSelector(`::-p-text(${share} for "it follows")`);
}

/** Chooses layers, heads and words by mouse and by keyboard. Typed markup must be shown as text. */
async function playAttention(page: Page, engine: LibraryEngine): Promise<void> {
  const asked = {
    text: "the red ship sees <img src=x onerror=alert(1)> whales",
    second: "a sea",
  };
  await write(page, "A sentence", asked.text);
  await write(page, "A second one, if you like", asked.second);
  await (await named(page, "button", "Layer 2")).click();
  const { tokens, heads } = await engine.look(asked, 1);
  await until(page, `document.querySelectorAll(".tokens button").length === ${tokens.length}`);
  await until(
    page,
    `document.querySelector("#layers [aria-pressed=true]").textContent === "Layer 2"`,
  );
  deepStrictEqual(await texts(page, ".tokens button"), tokens);
  await page.locator("#heads button:nth-child(2)").click();
  await page.focus(".tokens button");
  for (let step = 0; step < 3; step++) await page.keyboard.press("ArrowRight");
  strictEqual(tokens[3], "ship");
  await heading(page, "#looks-at", '"ship" looks at');
  const row = heads[1][3];
  const most = row.indexOf(Math.max(...row));
  const best = `${tokens[most]} (${most + 1}) ${percent(row[most])}`;
  await until(page, `document.querySelector("#looks-at .share").textContent.length > 0`);
  strictEqual((await listed(page, "#looks-at"))[0], best);
  const words = `[...document.querySelectorAll(".tokens button")]`;
  const property = `one.style.getPropertyValue("--share")`;
  const coloured = await valueOf<number[]>(page, `${words}.map((one) => Number(${property}))`);
  ok(coloured.every((share, to) => Math.abs(share - row[to]) < 1e-3));
  const stops = `${words}.filter((one) => one.tabIndex === 0).map((one) => one.textContent)`;
  deepStrictEqual(await valueOf(page, stops), ["ship"]);
  ok(await valueOf<number>(page, `document.querySelectorAll(".arcs path").length`) > 0);
  const near = await engine.near(asked, 3);
  await heading(page, "#near-alone", 'Like "ship" by itself');
  deepStrictEqual(
    await listed(page, "#near-alone"),
    near.alone.map(({ token, share }) => `${token} ${share.toFixed(2)}`),
  );
  deepStrictEqual(
    await listed(page, "#near-sentence"),
    near.inSentence!.map(({ token, share }) => `${token} ${percent(share)}`),
  );
  const all = await named(page, "button", "All words at once");
  await all.click();
  await until(page, `document.querySelector("#all-words").getAttribute("aria-pressed") === "true"`);
  await heading(page, "#looks-at", "All words on average look at");
  const sums = tokens.map((_, to) => heads[1].reduce((sum, row) => sum + row[to], 0));
  const top = sums.indexOf(Math.max(...sums));
  const average = percent(sums[top] / tokens.length);
  strictEqual((await listed(page, "#looks-at"))[0], `${tokens[top]} (${top + 1}) ${average}`);
  strictEqual(await valueOf(page, `document.querySelectorAll("img[src=x]").length`), 0);
}

/** Changes texts while a button has the focus, which must stay there. */
async function playWithKeyboard(page: Page): Promise<void> {
  await page.focus("#heads button:nth-child(2)");
  await write(page, "A sentence", "the sea .");
  await write(page, "A second one, if you like", "");
  await until(page, `document.querySelectorAll(".tokens button").length === 5`);
  match(await valueOf(page, "document.activeElement.textContent"), /^Head 2/);
  await page.focus("#fill li:first-child button");
  await write(page, "A sentence with blanks", "the ___ sees the ___ .");
  await heading(page, "#fill", "In blank 2");
  strictEqual(await valueOf(page, "document.activeElement.className"), "candidate");
}

/** Types texts that are too long, whose problem must be shown, and then a short one. */
async function playTooLong(page: Page): Promise<void> {
  await write(page, "A sentence with blanks", "___ ".repeat(30_000));
  const says = (text: string) =>
    until(page, `document.querySelector("#fill .problem").textContent.includes("${text}")`);
  await says("The text has 120,000 characters: shorten it to 20,000");
  await write(page, "A sentence with blanks", "___ ".repeat(600));
  await says("tokens");
  await write(page, "A sentence with blanks", "the ___");
  await until(page, `document.querySelector("#fill .problem").textContent === ""`);
}

/** Reads the words that are similar to a chosen one in its sentence, of a model without a word head. */
async function playPlaces(page: Page, engine: LibraryEngine): Promise<void> {
  const asked = { text: "the ships follows the sea ." };
  await write(page, "A sentence", asked.text);
  await until(page, `document.querySelectorAll(".tokens button").length === 9`);
  await (await named(page, "button", "##s")).click();
  const { inPlace } = await engine.near(asked, 3);
  await heading(page, "#near-sentence", 'Like "ships" in this sentence');
  deepStrictEqual(
    await listed(page, "#near-sentence"),
    inPlace!.map(({ token, share }) => `${token} ${share.toFixed(2)}`),
  );
  await write(page, "A sentence", "sea ".repeat(70));
  await page.waitForSelector("::-p-text(In texts of up to 64 tokens: words like)");
  deepStrictEqual(await listed(page, "#near-sentence"), []);
}

/** Uses all parts of the page, and compares what it shows with the library. */
async function play(page: Page, engine: LibraryEngine): Promise<void> {
  await named(page, "heading", "<i>run");
  await playBlanks(page, engine);
  await playPairs(page, engine);
  await playTooLong(page);
  await playAttention(page, engine);
  await playWithKeyboard(page);
  const images = `[...document.querySelectorAll("#run img")]`;
  await until(page, `${images}.filter((one) => one.naturalWidth > 0).length === 4`);
  await until(page, `${images}.every((one) => one.naturalWidth <= one.clientWidth)`); // not scaled down
  ok(await valueOf<boolean>(page, `${images}.every((one) => one.naturalWidth > 240)`));
  const [needed, given] = await valueOf<number[]>(
    page,
    "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
  );
  ok(needed <= given, `the page needs ${needed} of ${given} pixels`);
}

Deno.test({
  name:
    "the page gives the library's results behind a server and as a static folder, on a desk and on a phone",
  ignore: !chromium,
  fn: async (test) => {
    await useBackend();
    const model = new BertPretrainHead(CONFIG, { seed: 3 });
    await saveModel(`${MODEL}/best`, model, TOY_TOKENIZER);
    model.dispose();
    await Deno.writeTextFile(`${MODEL}/metrics.csv`, METRICS);
    const opened = await openFolder(MODEL);
    const engine = new LibraryEngine(opened, () => Promise.resolve(undefined));
    await exportPage(opened, `${folder}/static`);
    const server = startPlayServer(await playground(opened), 0, (error) => {
      throw error;
    });
    await using files = serveFiles(folder);
    const browser = await openChromium(chromium!);
    const places = {
      "behind a server": server.url,
      "as a static folder": `http://127.0.0.1:${files.addr.port}/static/`,
    };
    try {
      for (const [place, url] of Object.entries(places)) {
        for (const [size, look] of Object.entries({ desk: DESKTOP, phone: PHONE })) {
          await test.step(`${place}, ${size}`, () =>
            withPage(browser, url, look, (page) => play(page, engine)));
        }
      }
      await test.step("the static folder also has its weights in 8 bits", () =>
        inEightBits(browser, places["as a static folder"], engine));
      await test.step("the curves grow with the run", () => growing(browser, server.url));
      await test.step("it is dark if the system is", async () => {
        await withPage(browser, server.url, { ...DESKTOP, colorScheme: "dark" }, async (page) => {
          const colour = await valueOf<string>(
            page,
            "getComputedStyle(document.documentElement).backgroundColor",
          );
          match(colour, /^rgb\((\d\d?), (\d\d?), (\d\d?)\)$/); // no part above 99 of 255
        });
      });
    } finally {
      await browser.close();
      await server.close();
      opened.dispose();
    }
  },
});

/** With 8-bit weights the numbers are nearly the same, and the file is less than half as large. */
async function inEightBits(browser: Browser, url: string, engine: LibraryEngine): Promise<void> {
  await withPage(browser, url, PHONE, async (page) => {
    await page.waitForSelector("main:not([hidden])");
    match((await texts(page, "#weights [aria-current]"))[0], /^as trained, \d\.\d MB$/);
    const link = await named(page, "link", (await texts(page, "#weights a"))[1]);
    await Promise.all([page.waitForNavigation(), link.click()]);
    match(page.url(), /\?weights=q8$/);
    await page.waitForSelector("main:not([hidden])");
    match((await texts(page, "#weights [aria-current]"))[0], /^rounded to 8 bits, /);
    await write(page, "A sentence", "the red ship sees the sea .");
    await until(page, `document.querySelectorAll(".tokens button").length === 9`);
    await (await named(page, "button", "ship")).click();
    await heading(page, "#near-alone", 'Like "ship" by itself');
    const near = await engine.near({ text: "the red ship sees the sea ." }, 3);
    const found = (await texts(page, "#near-alone .share")).map(Number);
    for (const [i, { share }] of near.alone.entries()) {
      ok(Math.abs(found[i] - share) < 0.03, `${found[i]}, not ${share}`);
    }
  });
  const size = (name: string) => Deno.statSync(`${folder}/static/model/onnx/${name}`).size;
  ok(size("model_quantized.onnx") * 2 < size("model.onnx"));
}

async function growing(browser: Browser, url: string): Promise<void> {
  await withPage(browser, url, DESKTOP, async (page) => {
    const stands = (step: number) =>
      until(page, `document.querySelector("#run-step").textContent.includes("step ${step};")`);
    await stands(2);
    const more = "train,1,3,2.8,0.7,0.3,0.5,300,3\n";
    await Deno.writeTextFile(`${MODEL}/metrics.csv`, more, { append: true });
    await stands(3);
    await named(page, "image", "Masked words: loss, up to step 3; training: 2.80");
  });
}

Deno.test({
  name: "the page of a bare encoder names the missing heads, and shows the other parts",
  ignore: !chromium,
  fn: async () => {
    await useBackend();
    const model = new BertModel(CONFIG, { seed: 4 });
    await saveModel(`${folder}/encoder`, model, TOY_TOKENIZER);
    model.dispose();
    const opened = await openFolder(`${folder}/encoder`);
    const engine = new LibraryEngine(opened, () => Promise.resolve(undefined));
    await exportPage(opened, `${folder}/vectors`, ["fp32"]);
    const server = startPlayServer(await playground(opened), 0, (error) => {
      throw error;
    });
    await using files = serveFiles(folder);
    const browser = await openChromium(chromium!);
    try {
      for (const url of [server.url, `http://127.0.0.1:${files.addr.port}/vectors/`]) {
        await withPage(browser, url, PHONE, async (page) => {
          await page.waitForSelector(
            "::-p-text(It has no masked-word head, so it cannot fill blanks.)",
          );
          await page.waitForSelector("#near-alone li");
          const hidden = await valueOf(
            page,
            `["fill", "pair", "look", "run"].filter((id) => document.getElementById(id).hidden)`,
          );
          deepStrictEqual(hidden, ["fill", "pair", "run"]);
          await playPlaces(page, engine);
        });
      }
    } finally {
      await browser.close();
      await server.close();
      opened.dispose();
    }
  },
});

Deno.test({
  name:
    "the page of a classifier shows its classes as bars, behind a server and as a static folder",
  ignore: !chromium,
  fn: async () => {
    await useBackend();
    const labels = ["<b>sea", "land", "air"];
    const model = new BertClassifier(CONFIG, { classes: 3, seed: 5, pooling: "mean" });
    await saveClassifier(`${folder}/classifier`, model, TOY_TOKENIZER, { labels });
    const opened = await openFolder(`${folder}/classifier`);
    const engine = new LibraryEngine(opened, () => Promise.resolve(undefined));
    await exportPage(opened, `${folder}/classes`, ["fp32"]);
    const server = startPlayServer(await playground(opened), 0, (error) => {
      throw error;
    });
    await using files = serveFiles(folder);
    const browser = await openChromium(chromium!);
    try {
      for (const url of [server.url, `http://127.0.0.1:${files.addr.port}/classes/`]) {
        await withPage(browser, url, PHONE, async (page) => {
          for (
            const [text, second] of [["the red ship", undefined], ["once", "the sea"]] as const
          ) {
            await write(page, "A text", text);
            if (second) await write(page, "A second text, if the classes are of pairs", second);
            const shares = await classify(model, TOY_TOKENIZER, text, second);
            const wanted = labels.map((label, i) => ({ label, share: shares[i] }))
              .sort((a, b) => b.share - a.share)
              .map(({ label, share }) => `${label} ${percent(share)}`);
            await until(
              page,
              `[...document.querySelectorAll("#classes li")].map((item) =>
                item.querySelector(".word").textContent + " " +
                item.querySelector(".share").textContent).join() === ${
                JSON.stringify(wanted.join())
              }`,
            );
          }
          await write(page, "A text", "sea ".repeat(600));
          await until(
            page,
            `document.querySelector("#classes .problem").textContent.includes("tokens")`,
          );
          deepStrictEqual(await hiddenParts(page), ["fill", "pair", "labels"]);
          await playPlaces(page, engine);
          deepStrictEqual(await texts(page, "#weights a"), []);
        });
      }
    } finally {
      await browser.close();
      await server.close();
      opened.dispose();
      model.dispose();
    }
  },
});

/** The ids of the parts that the page does not show. */
async function hiddenParts(page: Page): Promise<string[]> {
  return await valueOf(
    page,
    `["fill", "pair", "classes", "labels", "look"].filter((id) => document.getElementById(id).hidden)`,
  );
}

const WORD_LABELS = ["O", "<b>SHIP", "COLOUR", "SEA"];

/** A text, and the words that the page makes of it, one of them of two pieces. */
const TYPED = "The RED ships sees, once, the sea.";
const WORDS = ["the", "red", "ships", "sees", "[UNK]", "once", "[UNK]", "the", "sea", "."];

/** The engines of the page, made by its own modules. */
const ENGINES = {
  server: `import(document.baseURI + "js/web/page/server_engine.js")
    .then(({ ServerEngine }) => new ServerEngine())`,
  static: `import(document.baseURI + "js/web/page/onnx_engine.js")
    .then(async ({ loadPageModel, OnnxEngine }) => {
      const model = await loadPageModel();
      return await OnnxEngine.load(model, model.files[0], () => {});
    })`,
} as const;

/** Asks the engine of the page itself, and compares its answer with `classifyWords()`. */
async function askLabels(
  page: Page,
  engine: string,
  model: BertTokenClassifier,
): Promise<LabelledWord[]> {
  const asked = `${engine}.then((engine) => engine.label(${JSON.stringify(TYPED)}))`;
  const found = await valueOf<LabelledWord[]>(page, asked);
  const [wanted] = await classifyWords(model, TOY_TOKENIZER, [WORDS]);
  assertLabelled(found, wanted, WORD_LABELS);
  return found;
}

/** Types a text, and compares each chip with the words and classes that the engine gives. */
async function playLabels(page: Page, labelled: readonly LabelledWord[]): Promise<void> {
  const label = "A text whose words are classified";
  await write(page, label, "");
  await page.waitForSelector("#labels ::-p-text(Write a text.)");
  await (await named(page, "textbox", label)).type(TYPED);
  await until(page, `document.querySelectorAll(".words button").length === ${labelled.length}`);
  const chips = labelled.map(({ word, classes }) => `${word} ${classes[0].token}`);
  await until(
    page,
    `JSON.stringify([...document.querySelectorAll(".words button")].map((one) =>
      one.textContent)) === ${JSON.stringify(JSON.stringify(chips))}`,
  );
  const colours = await valueOf<string[]>(
    page,
    `[...document.querySelectorAll(".words button")].map((one) =>
      getComputedStyle(one).backgroundColor)`,
  );
  const classes = labelled.map((one) => one.classes[0].token);
  ok(new Set(classes).size > 2, `only ${[...new Set(classes)]}`);
  const coloured = new Set(classes.map((name, i) => `${name} ${colours[i]}`));
  deepStrictEqual([coloured.size, new Set(colours).size], Array(2).fill(new Set(classes).size));
}

/** Chooses words by keyboard, and reads all of their classes. The focus stays while the text changes. */
async function chooseWords(page: Page, labelled: readonly LabelledWord[]): Promise<void> {
  const shows = async (place: number) => {
    const { word, classes } = labelled[place];
    await heading(page, "#labels", `Classes of "${word}"`);
    deepStrictEqual(
      await listed(page, "#labels"),
      classes.map(({ token, share }) => `${token} ${percent(share)}`),
    );
    const pressed = `[...document.querySelectorAll(".words button")].flatMap((one, at) =>
      one.getAttribute("aria-pressed") === "true" && one.tabIndex === 0 ? [at] : [])`;
    deepStrictEqual(await valueOf(page, pressed), [place]);
  };
  await shows(0);
  await page.focus("#labels-text");
  await page.keyboard.press("Tab"); // the chosen word is the only one that it reaches
  for (const place of [1, 2]) {
    await page.keyboard.press("ArrowRight");
    await shows(place);
  }
  await page.keyboard.press("End");
  await shows(labelled.length - 1);
  await page.keyboard.press("ArrowLeft");
  await shows(labelled.length - 2);
  await page.locator(".words button:nth-child(3)").click();
  await shows(2);
  await write(page, "A text whose words are classified", "sea sea");
  await until(page, `document.querySelectorAll(".words button").length === 2`);
  match(await valueOf(page, "document.activeElement.textContent"), /^sea /);
  strictEqual(await valueOf(page, `document.querySelectorAll("#labels b").length`), 0);
}

Deno.test({
  name:
    "the page of a classifier of words shows a class for each word, behind a server and as a static folder",
  ignore: !chromium,
  fn: async () => {
    await useBackend();
    const model = new BertTokenClassifier(CONFIG, { classes: WORD_LABELS.length, seed: 6 });
    const options = { labels: WORD_LABELS };
    await saveTokenClassifier(`${folder}/tagger`, model, TOY_TOKENIZER, options);
    const opened = await openFolder(`${folder}/tagger`);
    await exportPage(opened, `${folder}/labels`, ["fp32"]);
    const { facts } = JSON.parse(await Deno.readTextFile(`${folder}/labels/page.json`));
    deepStrictEqual([facts.classes, facts.wordClasses], [[], WORD_LABELS]);
    const server = startPlayServer(await playground(opened), 0, (error) => {
      throw error;
    });
    await using files = serveFiles(folder);
    const browser = await openChromium(chromium!);
    const places = { server: server.url, static: `http://127.0.0.1:${files.addr.port}/labels/` };
    try {
      for (const place of ["server", "static"] as const) {
        await withPage(browser, places[place], PHONE, async (page) => {
          await page.waitForSelector("::-p-text(A classifier of words.)");
          const labelled = await askLabels(page, ENGINES[place], model);
          await playLabels(page, labelled);
          await chooseWords(page, labelled);
          await write(page, "A text whose words are classified", "sea ".repeat(600));
          await until(
            page,
            `document.querySelector("#labels .problem").textContent.includes("tokens")`,
          );
          deepStrictEqual(await hiddenParts(page), ["fill", "pair", "classes"]);
        });
      }
    } finally {
      await browser.close();
      await server.close();
      opened.dispose();
      model.dispose();
    }
  },
});
