/**
 * Every exported function and class that is meant for users, called with nothing and with values that
 * fit nowhere. An error must be one of this library, and never one of the JavaScript engine.
 */
import { ok } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { readDeclarations } from "bert/show/declarations.ts";
import deno from "../../deno.json" with { type: "json" };
import { begin, CLEAR } from "../support/hostile.ts";

await useBackend("cpu");

/** Functions that begin something in this process, whatever they are given. */
const BEGINNING = ["useBackend", "ensureBackend", "openTeam", "stopButton"];

const VALUES = [undefined, null, "", {}, [], NaN];

/** The arguments of each call: none, or one value in all places or in the first one. */
const CALLS: readonly (readonly unknown[])[] = [
  [],
  ...VALUES.flatMap((value) => [[value], Array(5).fill(value)]),
];

/** What the library exports and explains by an example, which what only its own files use lacks. */
const explained = readDeclarations().filter(({ kind, name, file, doc }) =>
  `./${file}` in deno.exports && (kind === "function" || kind === "class") &&
  doc.includes("@example") && !BEGINNING.includes(name)
);

type Call = (...args: unknown[]) => unknown;

/** The functions that a name stands for: itself, or the constructor and the static methods of a class. */
function callsOf(name: string, value: Call, isPrivate: boolean): Record<string, Call> {
  if (!value.toString().startsWith("class")) return { [name]: value };
  const methods = Object.entries(Object.getOwnPropertyDescriptors(value))
    .filter(([, { value: method }]) => typeof method === "function")
    .map(([method, { value: own }]) => [`${name}.${method}`, own.bind(value)] as const);
  const make = (...args: unknown[]) => Reflect.construct(value, args);
  return { ...Object.fromEntries(methods), ...(!isPrivate && { [`new ${name}`]: make }) };
}

for (const { name, file } of explained) {
  Deno.test(`${name} of ${file} refuses in its own words what it cannot use`, async () => {
    const { [name]: value } = await import(`bert/${file}`);
    const code = await Deno.readTextFile(`lib/${file}`);
    for (
      const [call, f] of Object.entries(callsOf(name, value, /private constructor/.test(code)))
    ) {
      for (const args of CALLS) {
        const error = await begin(f, [...args]).then(() => undefined, (error) => error);
        if (error === undefined) continue;
        const says = `${error?.name}: ${error?.message}`;
        const given = args.map((value) => JSON.stringify(value) ?? "undefined").join(", ");
        const isClear = CLEAR.test(says) ||
          says.startsWith("RangeError: The library exports nothing");
        ok(isClear, `${call}(${given}): ${says}`);
      }
    }
  });
}
