import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { packHeader } from "bert/store/indexed_layout.ts";

const DOCUMENTS = 40_000;
const SENTENCES = 50; // in a document
const LENGTH = 2_000; // tokens in a sentence
const TOKENS = DOCUMENTS * SENTENCES * LENGTH;

/** A store of 4 · 10⁹ tokens, all of id 0. Its files are sparse and take no room on disk. */
async function writeSparse(prefix: string): Promise<void> {
  const sentences = DOCUMENTS * SENTENCES;
  const header = packHeader({ type: "uint16", sentences, documents: DOCUMENTS });
  const lengths = new Int32Array(sentences).fill(LENGTH);
  const offsets = BigInt64Array.from({ length: sentences }, (_, i) => BigInt(2 * LENGTH * i));
  const firsts = BigInt64Array.from({ length: DOCUMENTS + 1 }, (_, i) => BigInt(SENTENCES * i));
  using index = await Deno.create(`${prefix}.idx`);
  for (const part of [header, lengths, offsets, firsts]) {
    const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
    for (let at = 0; at < bytes.length;) at += index.writeSync(bytes.subarray(at));
  }
  using ids = await Deno.create(`${prefix}.bin`);
  await ids.truncate(2 * TOKENS);
}

Deno.test("a store of 4 · 10⁹ tokens takes only the memory of its windows, even to go back to a place", async () => {
  const folder = await Deno.makeTempDir({ prefix: "large-store-test-" });
  try {
    await writeSparse(`${folder}/texts`);
    const child = new URL(import.meta.resolve("../support/large_store_child.ts")).pathname;
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-check",
        "--v8-flags=--max-old-space-size=200",
        "--allow-read",
        child,
        `${folder}/texts`,
      ],
    }).output();
    ok(success, new TextDecoder().decode(stderr));
    const found = JSON.parse(new TextDecoder().decode(stdout));
    deepStrictEqual([found.total, found.parts], [TOKENS, 8]);
    ok(found.tokens > 0.9 * 3 * 8 * 32 * 128);
    ok(
      found.countedShare < 0.01 && found.steps > 120_000 && found.steps < 130_000,
      `${found.steps}`,
    );
    ok(found.rss < 500e6, `${found.rss} bytes`); // the store's files have 8 GB
    strictEqual(TOKENS, 4e9);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
