import fc from "fast-check";
import { strictEqual } from "node:assert";
import { decompose } from "bert/tokenizer/decompose.ts";
import { isOneOf, LATER_FORMS } from "bert/tokenizer/unicode.ts";
import { SETTINGS } from "../support/arbitrary.ts";

/** All marks of Unicode that Unicode 9 treats in the same way as the engine. */
const MARKS = Array.from({ length: 0x20000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))
  .filter((char) => /\p{M}/u.test(char) && !isOneOf(char, LATER_FORMS));

const part = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...MARKS) },
  { weight: 1, arbitrary: fc.constantFrom(..."aé한\u0344ᄀ中\u0958") },
);

Deno.test("decompose() sorts rows of hundreds of marks as the engine's own NFD does", () => {
  const rows = fc.array(part, { minLength: 65, maxLength: 400 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(rows, (text) => strictEqual(decompose(text), text.normalize("NFD"))),
    SETTINGS,
  );
});

Deno.test("decompose() sorts each mark among its neighbours as the engine does", () => {
  for (const mark of MARKS) {
    const text = `a${"\u0301\u0323".repeat(40)}${mark}\u0301${mark}`;
    strictEqual(decompose(text), text.normalize("NFD"), `U+${mark.codePointAt(0)?.toString(16)}`);
  }
});
