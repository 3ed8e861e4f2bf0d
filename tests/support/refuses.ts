/** Tables of bad input: each row a test that asserts the whole message. */
import { rejects } from "node:assert";

/** What is wrong, what is done with it, and the error: its name and its message, `~` being a folder of the test. */
export type Refusal = readonly [what: string, act: () => unknown, says: string];

/** Registers a test for each row. */
export function testRefusals(rows: readonly Refusal[]): void {
  for (const [what, act, says] of rows) {
    Deno.test(`refused: ${what}`, async () => {
      const [, name, message] = says.match(/^(\w+): ([\s\S]*)$/)!;
      await rejects(async () => await act(), (error: Error) => {
        const found = `${error.name}: ${error.message.replaceAll(PLACES, "~")}`;
        if (found === `${name}: ${message}`) return true;
        throw new Error(`expected  ${says}\nfound     ${found}`);
      });
    });
  }
}

/** A folder of this process, for the files of these tests; it goes when the process ends. */
export const folder: string = Deno.makeTempDirSync({ prefix: "bad-input-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** The folder, and those in it that are made for one test. */
const PLACES = new RegExp(`${folder}(/copy|/texts|/[0-9a-f]{12,16}(?![0-9a-f]))?`, "g");

/** Something of a type that TypeScript would refuse, as it may come from a notebook's cell. */
// deno-lint-ignore no-explicit-any -- that is what this is for
export function untyped(value: unknown): any {
  return value;
}
