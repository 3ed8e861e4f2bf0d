/** The C library of the operating system, for functions that Deno does not offer itself. */

const FILES: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "libc.so.6",
  darwin: "libSystem.B.dylib",
};

/** Its file name for `Deno.dlopen()`; undefined on systems for which the name is not known. */
export const C_LIBRARY: string | undefined = FILES[Deno.build.os];
