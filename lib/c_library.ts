/** The C library of the operating system, which knows and does what Deno has no function for. */

const FILES: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "libc.so.6",
  darwin: "libSystem.B.dylib",
};

/** Its file, which `Deno.dlopen()` finds; undefined on a system for which it is not known. */
export const C_LIBRARY: string | undefined = FILES[Deno.build.os];
