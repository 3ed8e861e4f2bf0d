/** The C library of the operating system, for functions that Deno does not have. */

const FILES: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "libc.so.6",
  darwin: "libSystem.B.dylib",
};

/** The name of its file for `Deno.dlopen()`; undefined on systems for which it is not known. */
export const C_LIBRARY: string | undefined = FILES[Deno.build.os];
