import { throws } from "node:assert";
import {
  checkBelow1,
  checkFinite,
  checkNotNegative,
  checkPositive,
  checkShare,
  checkSwitch,
  checkWhole,
} from "bert/checks.ts";

const whole = (field: string, value: unknown) => checkWhole(field, value, 2);

const byte = (field: string, value: unknown) => checkWhole(field, value, 0, 255);

/** Each check with values that it must accept and values that it must refuse. */
const CASES = [
  [whole, [2, 3, 2 ** 53 - 1], [1, 0, -1, 2.5, NaN, Infinity, 2 ** 53, "2", null, undefined]],
  [byte, [0, 255], [-1, 256, 0.5, "0"]],
  [checkFinite, [-1e9, 0, 5], [NaN, Infinity, -Infinity, "1", null]],
  [checkPositive, [1e-9, 1], [0, -1, NaN, Infinity, "1", null]],
  [checkNotNegative, [0, 5], [-1e-9, NaN, Infinity, "1", null]],
  [checkShare, [0, 0.5, 1], [-0.1, 1.1, NaN, Infinity, "0.5", null]],
  [checkBelow1, [0, 0.999], [1, -0.1, NaN, "0", null]],
  [checkSwitch, [true, false], [0, 1, "true", null, undefined]],
] as const;

Deno.test("checks of one value accept the right ones, and name the field when they refuse another", () => {
  for (const [check, good, bad] of CASES) {
    for (const value of good) check("speed", value);
    for (const value of bad) {
      const refused = { name: "ConfigError", message: /^Invalid speed = .*: it must be / };
      throws(() => check("speed", value), refused, `${check.name} of ${String(value)}`);
    }
  }
});

Deno.test("a whole number beyond what JavaScript counts exactly is refused with the largest one", () => {
  const message = "Invalid steps = 100000000000000000000: it must be a whole number from 1 to " +
    "9007199254740991";
  throws(() => checkWhole("steps", 1e20, 1), { message });
  throws(() => checkWhole("steps", Infinity, 1), { message: /of at least 1$/ });
});
