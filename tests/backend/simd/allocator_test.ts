import { ok, strictEqual, throws } from "node:assert";
import { Allocator } from "bert/backend/simd/allocator.ts";
import { createRng } from "bert/random.ts";

const anyLength = () => true;

Deno.test("Allocator gives blocks on multiples of 64 that do not overlap", () => {
  const allocator = new Allocator(128, anyLength);
  strictEqual(allocator.allocate(1), 128);
  strictEqual(allocator.allocate(65), 192);
  strictEqual(allocator.allocate(0), 320);
  strictEqual(allocator.end, 384);
});

Deno.test("Allocator takes the smallest free block that is large enough", () => {
  const allocator = new Allocator(0, anyLength);
  const [large, , small] = [640, 64, 128, 64].map((bytes) => allocator.allocate(bytes)!);
  allocator.free(large);
  allocator.free(small);
  strictEqual(allocator.allocate(100), small);
  strictEqual(allocator.allocate(100), large);
});

Deno.test("Allocator merges free neighbours, also with the unused end", () => {
  const allocator = new Allocator(0, anyLength);
  const blocks = [1, 2, 3].map(() => allocator.allocate(64)!);
  for (const i of [0, 2, 1]) allocator.free(blocks[i]);
  strictEqual(allocator.allocate(256), 0);
  strictEqual(allocator.end, 256);
});

Deno.test("Allocator returns undefined when there is no room, and works again after a block was freed", () => {
  const allocator = new Allocator(0, (end) => end <= 256);
  const first = allocator.allocate(200)!;
  strictEqual(allocator.allocate(1), undefined);
  allocator.free(first);
  strictEqual(allocator.allocate(256), 0);
});

Deno.test("Allocator refuses to free what is not in use", () => {
  const allocator = new Allocator(0, anyLength);
  const block = allocator.allocate(64)!;
  allocator.free(block);
  throws(() => allocator.free(block), new RangeError("No block is in use at address 0"));
});

Deno.test("Allocator never gives a byte twice and never grows when rounds repeat", () => {
  const allocator = new Allocator(0, anyLength);
  const rng = createRng(5);
  const sizes = Array.from({ length: 200 }, () => rng.below(5000));
  const order = sizes.map((_, i) => i);
  rng.shuffle(order);
  let reached = 0;
  for (let round = 0; round < 20; round++) {
    const starts = sizes.map((bytes) => allocator.allocate(bytes)!);
    const sorted = sizes.map((bytes, i) => [starts[i], bytes]).sort((a, b) => a[0] - b[0]);
    sorted.forEach(([start, bytes], i) => ok(i === 199 || start + bytes <= sorted[i + 1][0]));
    if (round > 0) strictEqual(allocator.end, reached);
    reached = allocator.end;
    order.forEach((i) => allocator.free(starts[i]));
    strictEqual(allocator.usedBytes, 0);
  }
});
