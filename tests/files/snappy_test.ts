import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { unpackSnappy } from "bert/files/snappy.ts";
import { SETTINGS } from "../support/arbitrary.ts";

const FIXTURE = new URL("../fixtures/parquet/snappy.json", import.meta.url);

Deno.test("unpackSnappy() decompresses blocks of pyarrow: empty ones, literals, near and far copies", async () => {
  const blocks: [number, string, string][] = JSON.parse(await Deno.readTextFile(FIXTURE));
  for (const [size, packed, sum] of blocks) {
    const unpacked = unpackSnappy(Uint8Array.fromHex(packed), size);
    strictEqual(createHash("sha256").update(unpacked).digest("hex"), sum);
    throws(() => unpackSnappy(Uint8Array.fromHex(packed), size + 1), RangeError);
  }
});

Deno.test("unpackSnappy() refuses impossible lengths and distances, however large", () => {
  const REFUSED = {
    "a literal of 2^32 bytes": [4, 63 << 2, 255, 255, 255, 255, 1],
    "a literal of 2^31 bytes": [4, 63 << 2, 255, 255, 255, 127, 1],
    "a literal longer than what follows": [4, 3 << 2, 97],
    "a copy from before the start": [4, 0, 97, 1, 2],
    "a copy at distance 0": [4, 0, 97, 1, 0],
    "a distance of 2^32": [4, 0, 97, 3, 255, 255, 255, 255],
    "a distance that is cut off": [4, 0, 97, 3, 255],
    "more bytes than were asked for": [4, 7 << 2, 97, 97, 97, 97, 97, 97, 97, 97],
    "a length without an end": [255, 255, 255, 255, 255, 255, 255],
  };
  for (const [what, bytes] of Object.entries(REFUSED)) {
    throws(() => unpackSnappy(Uint8Array.from(bytes), 4), { name: "RangeError" }, what);
  }
  throws(() => unpackSnappy(Uint8Array.of(0, 0), 2 ** 31), RangeError);
});

Deno.test("unpackSnappy() ends for any bytes, with the length that was asked for or a RangeError", () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(bytes, fc.nat(60), (block, size) => {
      try {
        strictEqual(unpackSnappy(block, size).length, size);
      } catch (error) {
        deepStrictEqual((error as Error).name, "RangeError");
      }
    }),
    { ...SETTINGS, numRuns: 5000 },
  );
});
