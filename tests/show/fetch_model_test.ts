import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { fetchModel } from "bert/show/fetch_model.ts";
import { setVariable } from "../support/environment.ts";

const WEIGHTS = "model.safetensors";

/** Calls `check` while a server on this machine takes the place of the hub. */
async function withHub(
  files: Readonly<Record<string, string | number>>,
  check: (folder: string, asked: string[], hub: string) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  await using server = Deno.serve(options, ({ url }) => {
    const file = new URL(url).pathname.replace("/owner/some-bert/resolve/main/", "");
    asked.push(file);
    const content = files[file] ?? 404;
    return typeof content === "string"
      ? new Response(content)
      : new Response("no", { status: content });
  });
  const hub = `http://127.0.0.1:${server.addr.port}`;
  using _ = setVariable("HF_ENDPOINT", hub);
  const folder = await Deno.makeTempDir();
  try {
    await check(`${folder}/new`, asked, `${hub}/owner/some-bert/resolve/main`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("fetchModel() fetches what loadModel() needs, the weights last, and nothing a second time", async () => {
  const files = {
    "config.json": "{}",
    "vocab.txt": "[PAD]\n",
    [WEIGHTS]: "w",
    "tokenizer.json": "t",
  };
  await withHub(files, async (folder, asked) => {
    strictEqual(await fetchModel("owner/some-bert", folder), folder);
    deepStrictEqual(names(folder), Object.keys(files).sort());
    strictEqual(await Deno.readTextFile(`${folder}/${WEIGHTS}`), "w");
    strictEqual(asked.at(-1), WEIGHTS);
    asked.length = 0;
    await fetchModel("owner/some-bert", folder);
    deepStrictEqual(asked, ["tokenizer_config.json"]); // it was not there and may be by now
  });
});

Deno.test("fetchModel() says which file is missing, and where to look", async () => {
  await withHub({ "config.json": "{}", "vocab.txt": "[PAD]\n" }, async (folder, _, address) => {
    await rejects(fetchModel("owner/some-bert", folder), {
      message:
        `Cannot fetch ${address}/${WEIGHTS}: it is not there. Look for the model's name and ` +
        "its files at https://huggingface.co/owner/some-bert/tree/main",
    });
    deepStrictEqual(names(folder), ["config.json", "vocab.txt"]);
  });
});

Deno.test("fetchModel() does not take a failing hub for a missing file", async () => {
  await withHub({ "tokenizer_config.json": 503 }, async (folder, _, address) => {
    const message =
      `Cannot fetch ${address}/tokenizer_config.json: the hub answers 503. Try again later`;
    await rejects(fetchModel("owner/some-bert", folder), { message });
  });
});

/** Answers the first caller with half of a file. */
async function answerHalf(listener: Deno.Listener): Promise<void> {
  const caller = await listener.accept();
  await caller.read(new Uint8Array(1000));
  const half = `HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n${"x".repeat(1000)}`;
  await caller.write(new TextEncoder().encode(half));
  caller.close();
}

Deno.test("fetchModel() keeps no half of a file", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using _ = setVariable("HF_ENDPOINT", `http://127.0.0.1:${listener.addr.port}`);
  const answered = answerHalf(listener);
  const folder = await Deno.makeTempDir();
  await rejects(
    fetchModel("owner/some-bert", folder),
    /Cannot fetch .*tokenizer_config\.json into /,
  );
  await answered;
  deepStrictEqual(names(folder), []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("fetchModel() refuses a name without an owner", async () => {
  await rejects(fetchModel("bert-base-uncased", "unused"), {
    name: "RangeError",
    message: 'Invalid name = "bert-base-uncased": expected owner/model, such as ' +
      "google-bert/bert-base-uncased",
  });
});
