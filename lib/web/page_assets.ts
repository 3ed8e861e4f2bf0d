/**
 * The files of the page for a browser. Its modules are the TypeScript files of this library with the
 * types removed, so that no build step is needed, and the browser uses the same tokenizer as
 * training.
 */
import { stripTypeScriptTypes } from "node:module";

/** A file of the page. */
export interface Asset {
  readonly type: string;
  readonly body: string;
}

/** Where the model runs: in the server, or in the browser for a page in a static folder. */
export type Place = "server" | "static";

const LIB = new URL("../", import.meta.url);

const IMPORT = /^((?:import|export)\b[^"';]*?from\s+|import\s+)"([^"]+)"/gm;

/** Modules that read and write files, which the page never calls. */
const LEFT_OUT = /^(?:files\/|tokenizer\/tokenizer_folder\.ts$)/;

/**
 * Reads all files of the page, and returns them by their paths.
 *
 * @throws {TypeError} If a module imports something that browsers do not have.
 */
export async function pageAssets(place: Place): Promise<Map<string, Asset>> {
  const start = `web/page/${place}_start.ts`;
  const html = await Deno.readTextFile(new URL("web/page/index.html", LIB));
  const assets = new Map<string, Asset>([
    ["index.html", { type: "text/html", body: html.replace("START.js", `${place}_start.js`) }],
    ["page.css", {
      type: "text/css",
      body: await Deno.readTextFile(new URL("web/page/page.css", LIB)),
    }],
  ]);
  await addModule(assets, start);
  return assets;
}

/** Adds a module, and those that it imports. */
async function addModule(assets: Map<string, Asset>, path: string): Promise<void> {
  const name = served(path);
  if (assets.has(name)) return;
  const code = stripTypeScriptTypes(await Deno.readTextFile(new URL(path, LIB)));
  const needed: string[] = [];
  const body = code.replace(IMPORT, (statement: string, start: string, specifier: string) => {
    if (!specifier.startsWith(".")) {
      throw new TypeError(`Cannot serve lib/${path}: a browser has no "${specifier}"`);
    }
    const target = new URL(specifier, new URL(path, LIB)).href.slice(LIB.href.length);
    if (LEFT_OUT.test(target)) return `/* not in a browser: */ ${namesAsUndefined(statement)}`;
    needed.push(target);
    return `${start}"${specifier.replace(/\.ts$/, ".js")}"`;
  });
  assets.set(name, { type: "text/javascript", body });
  for (const one of needed) await addModule(assets, one);
}

/** Replaces an import by declarations of the same names, which have no value. */
function namesAsUndefined(statement: string): string {
  const names =
    statement.match(/\{([^}]*)\}/)?.[1].split(",").map((name) =>
      name.trim().replace(/^.* as /s, "")
    ) ?? [];
  return `let ${names.filter((name) => name !== "").join(", ")}`;
}

function served(path: string): string {
  return `js/${path.replace(/\.ts$/, ".js")}`;
}
