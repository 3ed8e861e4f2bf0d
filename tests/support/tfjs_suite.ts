/** Runs tfjs's own tests on a backend. */
import { Jasmine, type Outcome } from "./jasmine.ts";
import { tfjs, TfjsSources } from "./tfjs_sources.ts";

/** What a group of tests asks of its surroundings; tfjs also has flags of browsers. */
interface Constraint {
  readonly flags?: unknown;
  readonly predicate?: (env: { backendName: string }) => boolean;
}

const ALWAYS: Constraint = {};
const NEVER: Constraint = { predicate: () => false };

/** tfjs's constraints: there is no browser here, and values can be read at once. */
const CONSTRAINTS = {
  ALL_ENVS: ALWAYS,
  SYNC_BACKEND_ENVS: ALWAYS,
  NODE_ENVS: NEVER,
  CHROME_ENVS: NEVER,
  BROWSER_ENVS: NEVER,
  HAS_WORKER: NEVER,
  HAS_NODE_WORKER: NEVER,
};

/**
 * Runs the tests of the given files that need a backend.
 *
 * @param backend A registered backend.
 * @param files Names as `TfjsSources.testFiles()` gives them.
 */
export async function* runTfjsTests(
  backend: string,
  files: readonly string[],
): AsyncGenerator<Outcome> {
  for (const file of files) {
    const jasmine = new Jasmine();
    let inside = false; // of a group that needs a backend; the others are not about us
    const describe = (name: string, define: () => void) => {
      if (inside) jasmine.globals.describe(name, define);
    };
    const env = { name: backend, backendName: backend, isDataSync: true };
    const describeWithFlags = (
      name: string,
      { predicate }: Constraint,
      define: (environment: typeof env) => void,
    ) => {
      if (predicate && !predicate(env)) return;
      inside = true;
      jasmine.globals.describe(name, () => {
        onBackend(jasmine, backend);
        define(env);
      });
      inside = false;
    };
    class TestKernelBackend extends tfjs.KernelBackend {
      dispose() {}
    }
    const util = { ...CONSTRAINTS, describeWithFlags, TestKernelBackend };
    new TfjsSources({ ...jasmine.globals, describe }, util).load(file);
    for await (const { name, ...rest } of jasmine.run()) {
      yield { name: `${file}: ${name}`, ...rest };
    }
  }
}

/** As tfjs does around each group: a backend of its own, and nothing left of it. */
function onBackend({ globals }: Jasmine, backend: string): void {
  const engine = tfjs.engine();
  globals.beforeAll(async () => {
    engine.reset();
    tfjs.env().set("IS_TEST", true);
    await engine.setBackend(backend);
  });
  globals.beforeEach(() => engine.startScope());
  globals.afterEach(() => {
    engine.endScope();
    engine.disposeVariables();
  });
  globals.afterAll(() => engine.reset());
}
