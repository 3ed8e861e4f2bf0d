// Dropout's mask. It is computed from a position and two hashes of the seed where it is needed, and
// equal bit for bit to that of `dropoutScales()` in `lib/model/ops/dropout.ts`.

/** The two factors of the hash, and the offsets 0 to 3 of four neighbouring positions. */
const HASH = memory.data<i32>([0x7feb352d, <i32> 0x846ca68b, 0, 0, 0, 1, 2, 3], 16);

/** Which of the four positions from `index` on are kept: all bits of their lanes are set. */
// @ts-ignore: decorator
@inline
export function keep4(index: i32, a: i32, b: i32, least: i32): v128 {
  let x = i32x4.add(i32x4.splat(index + a), v128.load(HASH, 16));
  x = v128.xor(x, i32x4.shr_u(x, 16));
  x = i32x4.mul(x, v128.load_splat<i32>(HASH));
  x = v128.xor(x, i32x4.shr_u(x, 15));
  x = i32x4.mul(i32x4.add(x, i32x4.splat(b)), v128.load_splat<i32>(HASH, 4));
  x = v128.xor(x, i32x4.shr_u(x, 16));
  return i32x4.ge_u(x, i32x4.splat(least));
}

/** Whether one position is kept. */
// @ts-ignore: decorator
@inline
export function keep1(index: i32, a: i32, b: i32, least: i32): bool {
  let x: u32 = <u32> (index + a);
  x ^= x >> 16;
  x *= 0x7feb352d;
  x ^= x >> 15;
  x = (x + <u32> b) * 0x846ca68b;
  x ^= x >> 16;
  return x >= <u32> least;
}

/** The scales of the four positions from `index` on: 0 or `kept`. */
// @ts-ignore: decorator
@inline
export function scales4(index: i32, a: i32, b: i32, least: i32, kept: f32): v128 {
  return v128.and(keep4(index, a, b, least), f32x4.splat(kept));
}

/** The scale of one position: 0 or `kept`. */
// @ts-ignore: decorator
@inline
export function scale1(index: i32, a: i32, b: i32, least: i32, kept: f32): f32 {
  return keep1(index, a, b, least) ? kept : 0;
}

/** to = from * scales for `count` numbers, the first of which is at position `index`. */
export function dropRow(
  from: usize, to: usize, count: i32, index: i32, a: i32, b: i32, least: i32, kept: f32,
): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const at = <usize> i << 2;
    v128.store(to + at, f32x4.mul(v128.load(from + at), scales4(index + i, a, b, least, kept)));
  }
  for (; i < count; i++) {
    const at = <usize> i << 2;
    store<f32>(to + at, load<f32>(from + at) * scale1(index + i, a, b, least, kept));
  }
}
