/** Tables of bad input. Each row is a test that asserts the whole message. */
import { rejects } from "node:assert";

/** A name of the bad input, a call with it, and the name and message of the error, with `~` for the test's folder. */
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

/** A folder for the files of these tests, which is removed when the process ends. */
export const folder: string = Deno.makeTempDirSync({ prefix: "bad-input-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** A pattern for the folder, and for the folders in it that are made for one test. */
const PLACES = new RegExp(`${folder}(/copy|/texts|/[0-9a-f]{12,16}(?![0-9a-f]))?`, "g");

/** Passes a value that TypeScript would refuse, as a cell of a notebook may do. */
// deno-lint-ignore no-explicit-any -- the function hides the type on purpose
export function untyped(value: unknown): any {
  return value;
}
