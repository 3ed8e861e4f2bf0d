// The parameters of the current job, which all threads read from the control block, and the scratch
// memory of each thread.

const SCRATCH: usize = 396; // address of the first thread's scratch memory; those of the others follow
const SCRATCH_BYTES: usize = 400; // bytes of each thread's scratch memory
const PRODUCTS: usize = 404; // products are computed by: 0 these kernels, 1 a library, 2 native code for AVX2, 3 for AVX-512
const PRECISION: usize = 408; // 0 float32, 1 rounded to bf16 in float32, 2 pairs of bf16
const PARAMETERS: usize = 512; // 64 words

/** A whole-number parameter of the job: a size, a flag or an address. */
// @ts-ignore: decorator
@inline
export function int(i: i32): i32 {
  return load<i32>(PARAMETERS + (<usize> i << 2));
}

/** A parameter that is an address. */
// @ts-ignore: decorator
@inline
export function address(i: i32): usize {
  return <usize> load<u32>(PARAMETERS + (<usize> i << 2));
}

/** A parameter that is a float. */
// @ts-ignore: decorator
@inline
export function float(i: i32): f32 {
  return load<f32>(PARAMETERS + (<usize> i << 2));
}

/** The number of this thread; the main thread is 0. */
let thread: usize = 0;

export function setThread(index: i32): void {
  thread = <usize> index;
}

/** The address of this thread's scratch memory. */
// @ts-ignore: decorator
@inline
export function scratch(): usize {
  return <usize> load<u32>(SCRATCH) + thread * <usize> load<u32>(SCRATCH_BYTES);
}

/** Whether a native library computes products. */
// @ts-ignore: decorator
@inline
export function hasLibrary(): bool {
  return load<i32>(PRODUCTS) == 1;
}

/** Whether native code for AVX2 multiplies the panels that are packed here. */
// @ts-ignore: decorator
@inline
export function hasNativeLoop(): bool {
  return load<i32>(PRODUCTS) == 2;
}

/** Whether native code for AVX-512 packs panels and multiplies them. */
// @ts-ignore: decorator
@inline
export function hasWideCode(): bool {
  return load<i32>(PRODUCTS) == 3;
}

/** Whether operands of products are rounded to bf16. */
// @ts-ignore: decorator
@inline
export function roundsOperands(): bool {
  return load<i32>(PRECISION) != 0;
}

/** Whether native code rounds operands to pairs of bf16, and multiplies those. */
// @ts-ignore: decorator
@inline
export function pairsOperands(): bool {
  return load<i32>(PRECISION) == 2;
}
