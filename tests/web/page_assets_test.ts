import { deepStrictEqual, match, ok } from "node:assert";
import { pageAssets, type Place } from "bert/web/page_assets.ts";

for (const place of ["server", "static"] satisfies Place[]) {
  Deno.test(`the ${place} page contains every module and every name that it imports`, async () => {
    const assets = await pageAssets(place);
    const start = assets.get("index.html")!.body.match(/src="(js\/[^"]*)"/)![1];
    ok(assets.has(start), start);
    const missing: string[] = [];
    for (const [path, { type, body }] of assets) {
      if (type !== "text/javascript") continue;
      const imports = body.matchAll(/^import\s*(?:\{([^}]*)\}\s*from\s*)?"([^"]+)"/gm);
      for (const [, names = "", specifier] of imports) {
        const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
        const code = assets.get(target)?.body ?? "";
        for (const name of names.split(",").map((one) => one.trim().split(" ")[0])) {
          const declared = new RegExp(
            `^export (?:async )?(?:function\\*?|class|const) ${name}\\b`,
            "m",
          );
          if (name !== "" && !declared.test(code)) missing.push(`${path}: ${name} of ${target}`);
        }
      }
      ok(!/\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b/.test(body), path);
    }
    deepStrictEqual(missing, []);
  });
}

Deno.test("the page refers to no other site, and runs only its own scripts", async () => {
  const { body } = (await pageAssets("static")).get("index.html")!;
  match(
    body,
    /content="default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';/,
  );
  deepStrictEqual(body.match(/(?:https?:)?\/\/[^\s"]+/g), null);
  deepStrictEqual(body.match(/\son\w+=|<style|style=|<script(?! type="module" src="js\/)/g), null);
});
