/**
 * Machine code in executable memory: it is written first, then made executable, so that no page is
 * ever writable and executable at the same time. The calls of the operating system are `mmap` and
 * `mprotect`, or `VirtualAlloc` and `VirtualProtect`.
 */

/** The calling convention of functions: that of System V, or that of Windows. */
export type Convention = "systemV" | "windows";

/** The convention of this process, or undefined where native code is not supported. */
export function convention(): Convention | undefined {
  if (Deno.build.arch !== "x86_64") return undefined;
  if (Deno.build.os === "linux") return "systemV";
  return Deno.build.os === "windows" ? "windows" : undefined;
}

/**
 * Copies code into new memory that can be executed but not written.
 *
 * The memory stays until the process ends: threads may be in the code at any time.
 *
 * @param code Instructions that do not depend on where they lie.
 * @returns The address of the first one.
 * @throws {Error} If the system does not allow memory to become executable.
 * @throws {Deno.errors.NotCapable} Without `--allow-ffi`.
 */
export function makeExecutable(code: Uint8Array): bigint {
  return Deno.build.os === "windows" ? onWindows(code) : onLinux(code);
}

/** Copies several pieces of code into one such memory; returns the address of each. */
export function makeAllExecutable(codes: readonly Uint8Array[]): bigint[] {
  const starts: number[] = [];
  let end = 0;
  for (const code of codes) {
    starts.push(end);
    end = LINE * Math.ceil((end + code.length) / LINE);
  }
  const all = new Uint8Array(end);
  codes.forEach((code, i) => all.set(code, starts[i]));
  const address = makeExecutable(all);
  return starts.map((start) => address + BigInt(start));
}

const LINE = 64; // bytes of a cache line, at which each piece of code begins
const PAGE = 4096; // bytes of a page of memory
const LINUX = { readWrite: 3, readExecute: 5, privateAnonymous: 0x22 };
const WINDOWS = { commitReserve: 0x3000, readWrite: 0x04, readExecute: 0x20 };

function onLinux(code: Uint8Array): bigint {
  const libc = Deno.dlopen(C_LIBRARY.linux, {
    mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
    mprotect: { parameters: ["usize", "usize", "i32"], result: "i32" },
  });
  const { mmap, mprotect } = libc.symbols;
  const size = pages(code);
  const address = BigInt(mmap(0n, size, LINUX.readWrite, LINUX.privateAnonymous, -1, 0n));
  if (address === 2n ** 64n - 1n) throw new Error("mmap() gives no memory for machine code");
  write(code, address);
  if (mprotect(address, size, LINUX.readExecute) !== 0) {
    throw new Error("the system does not let memory become executable: mprotect() fails");
  }
  return address;
}

function onWindows(code: Uint8Array): bigint {
  const kernel = Deno.dlopen("kernel32.dll", {
    VirtualAlloc: { parameters: ["usize", "usize", "u32", "u32"], result: "usize" },
    VirtualProtect: { parameters: ["usize", "usize", "u32", "buffer"], result: "i32" },
  });
  const { VirtualAlloc, VirtualProtect } = kernel.symbols;
  const size = pages(code);
  const address = BigInt(VirtualAlloc(0n, size, WINDOWS.commitReserve, WINDOWS.readWrite));
  if (address === 0n) throw new Error("VirtualAlloc() gives no memory for machine code");
  write(code, address);
  if (VirtualProtect(address, size, WINDOWS.readExecute, new Uint32Array(1)) === 0) {
    throw new Error("the system does not let memory become executable: VirtualProtect() fails");
  }
  return address;
}

function pages(code: Uint8Array): bigint {
  return BigInt(Math.ceil(code.length / PAGE) * PAGE);
}

function write(code: Uint8Array, address: bigint): void {
  const pointer = Deno.UnsafePointer.create(address);
  if (pointer === null) throw new TypeError("There is no memory at address 0");
  new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, code.length)).set(code);
}

/**
 * A function that calls native code at an address, with the address of its parameters.
 *
 * A call by `Deno.UnsafeFnPointer` takes 1.4 µs, a call of a library's function a fifth of that. So
 * the C library's `bsearch()` makes the call: it searches an array of one element, so it calls its
 * comparison once. The comparison is the native code, and the key of the search is the address of
 * the parameters.
 *
 * @throws {Deno.errors.NotCapable} Without `--allow-ffi`.
 */
export function nativeCaller(): (address: bigint, parameters: bigint) => void {
  const { symbols: { bsearch } } = Deno.dlopen(C_LIBRARY[Deno.build.os] ?? "", {
    bsearch: { parameters: ["usize", "usize", "usize", "usize", "usize"], result: "usize" },
  });
  return (address, parameters) => bsearch(parameters, parameters, 1n, 8n, address);
}

const C_LIBRARY: Readonly<Record<string, string>> = { linux: "libc.so.6", windows: "ucrtbase.dll" };

/** The address of an array's memory. The array must be kept while the address is in use. */
export function addressOf(view: Uint8Array | Uint32Array): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(view));
}
