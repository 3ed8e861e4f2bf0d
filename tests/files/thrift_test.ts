import { strictEqual, throws } from "node:assert";
import { endOfStruct, readVarInt } from "bert/files/thrift.ts";

const of = (...bytes: number[]) => Uint8Array.from(bytes);
const LARGE = [255, 255, 255, 255, 7]; // 2^31 - 1

Deno.test("endOfStruct() finds the end of a struct with fields of every type", () => {
  // a flag; a byte; -1; a double; "ab"; two flags; sixteen numbers; a struct in a struct; field 40
  const flags = [0x19, 0x21, 1, 2];
  const numbers = [0x19, 0xf5, 16, ...Array(16).fill(2)];
  const inner = [0x1c, 0x11, 0x1c, 0x00, 0x00];
  const fields = [0x11, 0x13, 7, 0x15, 1, 0x17, ...Array(8).fill(0), 0x18, 2, 97, 98];
  const struct = [...fields, ...flags, ...numbers, ...inner, 0x05, 80, 4, 0x00];
  strictEqual(endOfStruct(of(...struct, 9, 9), 0), struct.length);
  strictEqual(endOfStruct(of(9, 9, ...struct), 2), struct.length + 2);
  for (let length = 0; length < struct.length; length++) {
    throws(() => endOfStruct(of(...struct.slice(0, length)), 0), RangeError);
  }
});

Deno.test("endOfStruct() refuses lengths that the bytes cannot have, before memory is allocated", () => {
  const REFUSED = {
    "a list of 2^31 numbers": [0x19, 0xf5, ...LARGE, 0],
    "a list of 2^31 flags": [0x19, 0xf1, ...LARGE, 0],
    "a list of lists of 2^31": [0x19, 0x19, 0xf9, ...LARGE, 0],
    "a string of 2^31 bytes": [0x18, ...LARGE, 0],
    "a number that does not end": [0x16, ...Array(100).fill(255), 0],
    "a set": [0x1a, 0x15, 2, 0],
    "structs in structs without an end": Array(1000).fill(0x1c),
    "lists in lists without an end": [0x19, ...Array(1000).fill(0x19)],
  };
  for (const [what, bytes] of Object.entries(REFUSED)) {
    throws(() => endOfStruct(of(...bytes), 0), { name: "RangeError" }, what);
  }
});

Deno.test("readVarInt() reads seven bits of each byte, and is exact above 2^31, too", () => {
  const CASES: [number[], number][] = [[[5], 5], [[0x80, 1], 128], [[...LARGE], 2 ** 31 - 1]];
  for (const [bytes, value] of CASES) {
    const found = readVarInt(of(0, ...bytes), 1);
    strictEqual(found.value, value);
    strictEqual(found.end, bytes.length + 1);
  }
  strictEqual(readVarInt(of(255, 255, 255, 255, 127), 0).value, 2 ** 35 - 1);
});
