/**
 * `@std/csv` with types. The package itself is chosen by the import map in `deno.json`, where the
 * edition on JSR can take its place by changing one line.
 */
// @ts-types="./csv.d.ts"
export { parse, stringify } from "@std/csv";
