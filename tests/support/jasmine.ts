/**
 * The part of Jasmine that tfjs's own tests use: nested groups with hooks, specs that end by a promise
 * or by `done()`, expectations and spies. A failed expectation ends its spec.
 */
import { AssertionError } from "node:assert";
import { isDeepStrictEqual } from "node:util";

/** The function of a hook or a spec. It calls `done` if it ends later and returns no promise. */
type Body = (done: Done) => unknown;

interface Done {
  (): void;
  fail(reason?: unknown): void;
}

interface Group {
  readonly name: string;
  readonly children: (Group | Spec)[];
  readonly hooks: Record<"beforeAll" | "beforeEach" | "afterEach" | "afterAll", Body[]>;
}

interface Spec {
  readonly name: string;
  readonly body: Body;
}

/** How a spec ended; without `error` it passed. */
export interface Outcome {
  readonly name: string;
  readonly error?: unknown;
}

const PATIENCE = 20_000; // milliseconds, Jasmine's own limit in tfjs

/** Collects specs through `globals`, which a test file uses as Jasmine's, and runs them. */
export class Jasmine {
  #open: Group = group("");
  readonly #root = this.#open;
  #undo: (() => void)[] = [];

  /** Jasmine's global functions. */
  readonly globals = {
    describe: (name: string, define: () => void) => this.#define(name, define),
    it: (name: string, body: Body) => void this.#open.children.push({ name, body }),
    xit: () => {},
    beforeAll: (body: Body) => void this.#open.hooks.beforeAll.push(body),
    beforeEach: (body: Body) => void this.#open.hooks.beforeEach.push(body),
    afterEach: (body: Body) => void this.#open.hooks.afterEach.push(body),
    afterAll: (body: Body) => void this.#open.hooks.afterAll.push(body),
    expect: (actual?: unknown) => expectation(actual),
    expectAsync: (actual: Promise<unknown>) => ({
      toBeRejectedWithError: async (...wanted: unknown[]) => {
        const reason = await actual.then(() => undefined, (error) => error);
        checkThrown(reason, wanted);
      },
    }),
    spyOn: (target: Record<string, unknown>, name: string) => this.#spy(target, name),
    fail: (reason?: unknown) => report("fail() was called", reason),
    jasmine: {
      arrayWithExactContents: (items: unknown[]) => new Set(items),
    },
  };

  /** Runs all specs in the order in which they were defined. */
  async *run(): AsyncGenerator<Outcome> {
    yield* this.#runGroup(this.#root, [], "");
  }

  #define(name: string, define: () => void): void {
    const [outer, inner] = [this.#open, group(name)];
    outer.children.push(inner);
    this.#open = inner;
    define();
    this.#open = outer;
  }

  async *#runGroup(
    group: Group,
    outer: readonly Group[],
    prefix: string,
  ): AsyncGenerator<Outcome> {
    const path = [...outer, group];
    const spies = this.#undo.length;
    for (const body of group.hooks.beforeAll) await settle(body);
    for (const child of group.children) {
      const name = `${prefix}${child.name}`;
      if ("body" in child) yield { name, ...await this.#runSpec(child, path) };
      else yield* this.#runGroup(child, path, `${name} > `);
    }
    for (const body of group.hooks.afterAll) await settle(body);
    this.#restore(spies);
  }

  async #runSpec({ body }: Spec, path: readonly Group[]): Promise<{ error?: unknown }> {
    const before = path.flatMap(({ hooks }) => hooks.beforeEach);
    const after = path.toReversed().flatMap(({ hooks }) => hooks.afterEach);
    const errors: unknown[] = [];
    const spies = this.#undo.length;
    for (const step of [...before, body]) {
      if (errors.length === 0) await settle(step).catch((error) => errors.push(error));
    }
    for (const step of after) await settle(step).catch((error) => errors.push(error));
    this.#restore(spies);
    return errors.length > 0 ? { error: errors[0] } : {};
  }

  /** Removes all spies except the first `kept`: those of a spec, or of a group's `beforeAll`. */
  #restore(kept: number): void {
    for (const undo of this.#undo.splice(kept).reverse()) undo();
  }

  #spy(target: Record<string, unknown>, name: string): Spy {
    const { spy, undo } = spyOn(target, name);
    this.#undo.push(undo);
    return spy;
  }
}

function group(name: string): Group {
  const hooks = { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] };
  return { name, children: [], hooks };
}

/** Runs a hook or a spec to its end. */
async function settle(body: Body): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${PATIENCE} ms`)), PATIENCE);
  });
  const work = async () => await (body.length === 0 ? (body as () => unknown)() : untilDone(body));
  await Promise.race([work(), late]).finally(() => clearTimeout(timer));
}

function untilDone(body: Body): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = Object.assign(resolve as () => void, {
      fail: (reason?: unknown) => reject(reason ?? new Error("done.fail()")),
    });
    body(done);
  });
}

interface Spy {
  (...args: unknown[]): unknown;
  readonly and: Record<"callThrough" | "callFake" | "returnValue", (what?: unknown) => Spy>;
  readonly calls: {
    count(): number;
    first(): { args: unknown[] };
    mostRecent(): { args: unknown[] };
  };
}

function spyOn(target: Record<string, unknown>, name: string): { spy: Spy; undo: () => void } {
  const original = target[name] as (...args: unknown[]) => unknown;
  const own = Object.hasOwn(target, name);
  const calls: { args: unknown[] }[] = [];
  let act: (...args: unknown[]) => unknown = () => {};
  const spy = Object.assign(function (this: unknown, ...args: unknown[]) {
    calls.push({ args });
    return act.apply(this, args);
  }, {
    and: {
      callThrough: () => become(original),
      callFake: (fake: unknown) => become(fake as typeof act),
      returnValue: (value: unknown) => become(() => value),
    },
    calls: { count: () => calls.length, first: () => calls[0], mostRecent: () => calls.at(-1)! },
  }) as Spy;
  const become = (next: typeof act) => {
    act = next;
    return spy;
  };
  target[name] = spy;
  const undo = () => {
    if (own) target[name] = original;
    else delete target[name];
  };
  return { spy, undo };
}

function report(what: string, ...values: unknown[]): never {
  throw new AssertionError({ message: `${what} ${values.map((value) => Deno.inspect(value))}` });
}

/** Throws unless there is an error with the class and the message that are wanted. */
function checkThrown(error: unknown, wanted: readonly unknown[]): void {
  if (!(error instanceof Error)) report("expected an error, found", error);
  for (const want of wanted) {
    const fits = typeof want === "function"
      ? error instanceof want
      : want instanceof RegExp
      ? want.test(error.message)
      : want === error.message;
    if (!fits) report("expected an error with", want, error.message);
  }
}

type Matcher = (actual: unknown, ...wanted: unknown[]) => boolean;

const compare = (order: (a: number, b: number) => boolean): Matcher => (a, b) =>
  order(a as number, b as number);

const MATCHERS: Readonly<Record<string, Matcher>> = {
  toBe: Object.is,
  toEqual: (actual, wanted) =>
    wanted instanceof Set && Array.isArray(actual)
      ? isDeepStrictEqual(new Set(actual), wanted)
      : isDeepStrictEqual(actual, wanted),
  toBeNull: (actual) => actual === null,
  toBeUndefined: (actual) => actual === undefined,
  toBeDefined: (actual) => actual !== undefined,
  toBeTruthy: (actual) => !!actual,
  toBeFalsy: (actual) => !actual,
  toBeTrue: (actual) => actual === true,
  toBeFalse: (actual) => actual === false,
  toBeGreaterThan: compare((a, b) => a > b),
  toBeGreaterThanOrEqual: compare((a, b) => a >= b),
  toBeLessThan: compare((a, b) => a < b),
  toBeLessThanOrEqual: compare((a, b) => a <= b),
  toBeCloseTo: (a, b, digits = 2) =>
    Math.abs((a as number) - (b as number)) < 0.5 * 10 ** -(digits as number),
  toMatch: (actual, wanted) => new RegExp(wanted as RegExp).test(actual as string),
  toContain: (actual, wanted) => (actual as unknown[]).includes(wanted),
  toBeInstanceOf: (actual, wanted) => actual instanceof (wanted as typeof Object),
  toHaveBeenCalled: (spy) => (spy as Spy).calls.count() > 0,
  toHaveBeenCalledTimes: (spy, count) => (spy as Spy).calls.count() === count,
  toHaveBeenCalledWith: (spy, ...args) =>
    isDeepStrictEqual((spy as Spy).calls.mostRecent().args, args),
  nothing: () => true,
};

function expectation(actual: unknown) {
  const checks = (negated: boolean) =>
    Object.fromEntries(
      Object.entries(MATCHERS).map(([name, matches]) => [name, (...wanted: unknown[]) => {
        if (matches(actual, ...wanted) === negated) report(name, { actual, negated }, ...wanted);
      }]),
    );
  const toThrowError = (...wanted: unknown[]) => checkThrown(thrownBy(actual), wanted);
  return {
    ...checks(false),
    toThrowError,
    toThrow: toThrowError,
    not: {
      ...checks(true),
      toThrow: () => void (actual as () => void)(),
      toThrowError: () => void (actual as () => void)(),
    },
  };
}

function thrownBy(work: unknown): unknown {
  try {
    (work as () => void)();
  } catch (error) {
    return error;
  }
}
