/**
 * Values of every kind for arguments and options, and the test that none of them ends in an error of
 * the JavaScript engine, which would mean that a check is missing.
 */
import { doesNotMatch, match } from "node:assert";
import { corpus } from "bert/data/corpus.ts";

/** A right argument, and the names of those `HOSTILE` values that would be right, too. */
export type Argument = readonly [right: unknown, ...fits: string[]];

/** A function and right arguments for it. */
export type Call = readonly [
  name: string,
  // deno-lint-ignore no-explicit-any -- any function, called with anything
  f: (...args: any[]) => unknown,
  ...args: Argument[],
];

/** Values that may be passed by mistake. */
export const HOSTILE: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  null: null,
  number: 7.5,
  text: "a",
  texts: ["a"],
  numbers: [7],
  promise: Promise.resolve([]),
  stream: corpus("sotu"),
  mistyped: { bogus: 1 },
  withoutPrototype: Object.assign(Object.create(null), { bogus: 1 }),
  sparse: Object.assign(new Array(3), { 1: "a" }),
  symbol: Symbol("a"),
  bigint: 7n,
  bigints: [7n],
  function: () => 7,
  map: new Map([["a", 1]]),
};

const AS_OPTIONS = { nan: NaN, negative: -1, large: 2 ** 53, infinite: Infinity, empty: "" };

/** How every message of this library about arguments, settings and files begins. */
export const CLEAR =
  /^(Type|Range|Config|Format|Shape)Error: (?:Invalid |Unknown option |Cannot (?!read prop|destr|conv))/;

/** Messages of the JavaScript engine, its standard library and tfjs. */
const RAW =
  /read propert|destructure|convert|is not (?:a function|iterable|a constructor|defined)|read only|Invalid (?:array|typed array) length|Cannot mix|\[object|serialize|'in' operator|argument must be/;

/** Calls a function. If it returns a generator, takes its first value, as generators do nothing before. */
export async function begin(f: (...args: unknown[]) => unknown, args: unknown[]): Promise<void> {
  const found = await f(...args) as { next?: () => unknown } | undefined;
  if (typeof found?.next === "function") await found.next();
}

/** Registers a test for each call: no value of any of its options ends in a raw error. */
export function testOptionValues(
  calls: readonly Call[],
  values: Readonly<Record<string, unknown>> = HOSTILE,
): void {
  for (const [name, f, ...args] of calls) {
    const places = args.flatMap(([right], place) => isPlain(right) ? [place] : []);
    if (places.length === 0) continue;
    Deno.test(`no value of an option of ${name}() ends in a raw error`, async () => {
      for (const place of places) {
        const right = args[place][0] as Record<string, unknown>;
        const call = (options: object) =>
          begin(f, args.map(([one], i) => i === place ? options : one));
        for (const option of new Set([...Object.keys(right), ...await optionsOf(call, right)])) {
          for (const [what, value] of Object.entries({ ...values, ...AS_OPTIONS })) {
            const error = await call({ ...right, [option]: value }).then(() => undefined, (e) => e);
            if (error === undefined) continue;
            match(`${error.name}: ${error.message}`, CLEAR, `${what} as ${option}`);
            doesNotMatch(error.message, RAW, `${what} as ${option}`);
          }
        }
      }
    });
  }
}

function isPlain(value: unknown): boolean {
  return typeof value === "object" && value?.constructor === Object;
}

/** The names of the options, which the error about an unknown option lists. */
async function optionsOf(
  call: (options: object) => Promise<void>,
  right: object,
): Promise<string[]> {
  const error = await call({ ...right, bogus: 1 }).then(() => undefined, (error) => error);
  return error?.message.match(/[Tt]he options are (.*)$/)?.[1].split(", ") ?? [];
}
