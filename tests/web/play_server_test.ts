import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert";
import type { Engine } from "bert/web/page/engine.ts";
import { startPlayServer } from "bert/web/play_server.ts";

const ENGINE: Engine = {
  facts: () => Promise.reject(new Error("the disk is gone")),
  fill: (text) => Promise.resolve([[{ token: text, share: 1 }]]),
  follows: () => Promise.reject(new RangeError("too long")),
  classify: ({ text, second }) => Promise.resolve([{ token: `${text} ${second}`, share: 1 }]),
  label: (text) => Promise.resolve([{ word: text, classes: [{ token: "O", share: 1 }] }]),
  look: (_, layer) => Promise.resolve({ tokens: [`${layer}`], heads: [] }),
  near: () => Promise.reject(new TypeError("no head")),
};
const ASSETS = new Map([["index.html", { type: "text/html", body: "<p>page" }]]);

/** Calls a function with a server and the errors that it reports, and ends the server. */
async function withServer(use: (url: string, reported: unknown[]) => Promise<void>): Promise<void> {
  const reported: unknown[] = [];
  const playground = { engine: ENGINE, assets: ASSETS };
  const server = startPlayServer(playground, 0, (error) => reported.push(error));
  try {
    await use(server.url, reported);
  } finally {
    await server.close();
  }
}

function post(url: string, what: string, body: BodyInit, headers: Record<string, string> = {}) {
  return fetch(`${url}api/${what}`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
}

async function refusal(response: Response): Promise<string> {
  return `${response.status} ${(await response.json()).problem}`;
}

/** Sends a request that no browser would send, and returns the answer. */
async function raw(url: string, head: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  await connection.write(new TextEncoder().encode(`${head}\r\nConnection: close\r\n\r\n`));
  return await new Response(connection.readable).text();
}

/** Begins a question of a gigabyte, and returns the beginning of the answer. */
async function endless(url: string): Promise<string> {
  const { host, port } = new URL(url);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const head = `POST /api/fill HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
    `Content-Length: 1000000000\r\n\r\n${" ".repeat(300_000)}`;
  const sent = connection.write(new TextEncoder().encode(head));
  const answer = new Uint8Array(1000);
  const length = await connection.read(answer);
  await sent.catch(() => {});
  return new TextDecoder().decode(answer.subarray(0, length ?? 0));
}

Deno.test("the server sends the page with headers that forbid everything from outside", async () => {
  await withServer(async (url) => {
    match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const response = await fetch(url);
    strictEqual(await response.text(), "<p>page");
    const header = (name: string) => response.headers.get(name) ?? "";
    match(header("content-security-policy"), /^default-src 'none'; script-src 'self';/);
    match(header("content-security-policy"), /frame-ancestors 'none'$/);
    strictEqual(header("x-content-type-options"), "nosniff");
    strictEqual(header("cross-origin-resource-policy"), "same-origin");
    strictEqual(header("access-control-allow-origin"), "");
    const head = await fetch(url, { method: "HEAD" });
    strictEqual(head.headers.get("content-length"), "7");
    strictEqual(await head.text(), "");
  });
});

Deno.test("the server answers questions, or says why it cannot", async () => {
  await withServer(async (url, reported) => {
    const filled = await post(url, "fill", JSON.stringify({ text: "<b>" }));
    deepStrictEqual(await filled.json(), [[{ token: "<b>", share: 1 }]]);
    match(filled.headers.get("content-type")!, /^application\/json/);
    const look = await post(url, "look", '{"text": "a", "layer": 3}');
    deepStrictEqual(await look.json(), { tokens: ["3"], heads: [] });
    const pair = '{"text": "a", "second": "b", "place": 0}';
    const classes = await post(url, "classify", pair);
    deepStrictEqual(await classes.json(), [{ token: "a b", share: 1 }]);
    const labels = await post(url, "label", '{"text": "<b>"}');
    deepStrictEqual(await labels.json(), [{ word: "<b>", classes: [{ token: "O", share: 1 }] }]);
    strictEqual(await refusal(await post(url, "follows", pair)), "400 too long");
    strictEqual(await refusal(await post(url, "near", pair)), "400 no head");
    deepStrictEqual(reported, []);
    strictEqual(await refusal(await post(url, "facts", "{}")), "500 the disk is gone");
    strictEqual(reported.length, 1);
  });
});

Deno.test("the server refuses other names for this machine, and other sites", async () => {
  await withServer(async (url) => {
    const { port } = new URL(url);
    for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1:1", "", "[::1]"]) {
      const answer = await raw(url, `GET / HTTP/1.1\r\nHost: ${host}`);
      match(answer, /^HTTP\/1\.1 4(03|00)/, host);
      ok(!answer.includes("<p>page"), host);
    }
    ok((await raw(url, `GET / HTTP/1.1\r\nHost: localhost:${port}`)).includes("<p>page"));
    const body = '{"text": "a"}';
    for (const origin of ["http://evil.example", "null", `https://127.0.0.1:${port}`]) {
      const answer = await refusal(await post(url, "fill", body, { origin }));
      strictEqual(
        answer,
        `403 Cannot answer the site ${origin}: only the page of this server may ask`,
      );
    }
    const own = await post(url, "fill", body, { origin: url.slice(0, -1) });
    strictEqual(own.status, 200);
    await own.body?.cancel();
  });
});

Deno.test("the server refuses malformed questions, and questions that are too long", async () => {
  await withServer(async (url, reported) => {
    const cases: [Response, string][] = [
      [
        await post(url, "fill", "x".repeat(300_000)),
        "413 The question is too long: shorten it to 256 KiB",
      ],
      [await post(url, "fill", "{"), "400 Cannot read the question: expected JSON"],
      [await post(url, "fill", Uint8Array.of(0xff)), "400 Cannot read the question: expected JSON"],
      [await post(url, "fill", "[]"), "400 Cannot read the question: expected an object"],
      [await post(url, "fill", "{}"), '400 Cannot read the question: expected "text" to be a text'],
      [
        await post(url, "label", '{"text": ["a"]}'),
        '400 Cannot read the question: expected "text" to be a text',
      ],
      [
        await post(url, "look", '{"text": "a", "layer": 0.5}'),
        '400 Cannot read the question: expected "layer" to be a whole number',
      ],
      [
        await post(url, "fill", "{}", { "content-type": "text/plain" }),
        "415 Cannot read text/plain: expected application/json",
      ],
      [await post(url, "toString", "{}"), '404 There is no question "toString"'],
      [await fetch(`${url}api/fill`), "405 Cannot GET a question"],
      [await fetch(`${url}deno.json`), "404 There is no deno.json here"],
      [await fetch(url, { method: "DELETE" }), "405 Cannot DELETE index.html: it can only be read"],
    ];
    for (const [response, says] of cases) strictEqual(await refusal(response), says);
    match(await endless(url), /^HTTP\/1\.1 413 /);
    match(await raw(url, `GET /../deno.json HTTP/1.1\r\nHost: ${new URL(url).host}`), / 404 /);
    deepStrictEqual(reported, []);
  });
});

Deno.test("startPlayServer() refuses a port that another program uses", async () => {
  await withServer(async (url) => {
    const { port } = new URL(url);
    const playground = { engine: ENGINE, assets: ASSETS };
    throws(() => startPlayServer(playground, Number(port), () => {}), {
      name: "ConfigError",
      message:
        `Invalid port = ${port}: it is in use by another program: choose another port, or 0 for ` +
        "any free one",
    });
    await Promise.resolve();
  });
});

Deno.test("the server listens on this machine only", async () => {
  const [outer] = Deno.networkInterfaces().filter(({ family, address }) =>
    family === "IPv4" && address !== "127.0.0.1"
  );
  if (!outer) return; // there is no other way to this machine
  await withServer(async (url) => {
    const port = Number(new URL(url).port);
    await rejects(Deno.connect({ hostname: outer.address, port }));
  });
});
