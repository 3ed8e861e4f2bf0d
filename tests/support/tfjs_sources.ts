/**
 * Loads tfjs's own tests from its npm package. They are written for a bundler, so that no runtime can
 * import them, and they must use the same instance of tfjs with which the backend is registered.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";

type Module = Record<string, unknown>;

const requireFromTfjs = createRequire(fileURLToPath(import.meta.resolve("@tensorflow/tfjs")));

/** tfjs as one object, the same instance as `import * as tf`. */
// deno-lint-ignore no-explicit-any
export const tfjs: any = requireFromTfjs("@tensorflow/tfjs-core");

const CORE = dirname(requireFromTfjs.resolve("@tensorflow/tfjs-core"));
const requireFromCore = createRequire(`${CORE}/index.js`);

/** Modules of which there must be one instance only, by the names of their source files. */
const SHARED: Readonly<Record<string, Module>> = {
  "index": tfjs,
  "ops/ops": tfjs,
  "public/chained_ops/register_all_chained_ops": {},
  "test_util": tfjs.test_util,
  "engine": { ENGINE: tfjs.engine(), add: tfjs.add },
  "environment": { ENV: tfjs.env(), env: tfjs.env, Environment: tfjs.Environment },
  "tensor": { ...tfjs, getGlobalTensorClass: () => tfjs.Tensor },
  "kernel_registry": tfjs,
  "gradients": tfjs,
  "globals": { ...tfjs, setDeprecationWarningFn: () => {} },
};

/** Loads test files, which use `globals` as Jasmine's functions. */
export class TfjsSources {
  readonly #loaded = new Map<string, Module>();
  readonly #globals: Module;

  /**
   * @param globals Jasmine's functions.
   * @param jasmineUtil The module that the tests import as `jasmine_util`.
   */
  constructor(globals: Module, jasmineUtil: Module) {
    this.#globals = globals;
    this.#loaded.set("jasmine_util", jasmineUtil);
    for (const [name, module] of Object.entries(SHARED)) this.#loaded.set(name, module);
  }

  /** The names of all test files, such as `ops/add_test`. */
  static testFiles(folder = CORE): string[] {
    return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
      const path = `${folder}/${name}`;
      if (isDirectory) return TfjsSources.testFiles(path);
      return name.endsWith("_test.js") ? [relative(CORE, path).slice(0, -3)] : [];
    }).sort();
  }

  /** Runs a source file, unless it was run before, and returns its exports. */
  load(name: string): Module {
    const known = this.#loaded.get(name);
    if (known) return known;
    const exports: Module = {};
    this.#loaded.set(name, exports);
    const file = `${CORE}/${name}.js`;
    const code = asFunctionBody(Deno.readTextFileSync(file));
    const parameters = ["require", "exports", ...Object.keys(this.#globals)];
    const run = compileFunction(code, parameters, { filename: file });
    run((path: string) => this.#import(path, file), exports, ...Object.values(this.#globals));
    return exports;
  }

  #import(path: string, from: string): Module {
    if (!path.startsWith(".")) return requireFromCore(path);
    const file = resolve(dirname(from), path);
    const name = relative(CORE, file);
    return this.load(
      name === "" || !existsSync(`${file}.js`) ? `${name}/index`.replace(/^\//, "") : name,
    );
  }
}

/** Turns the imports and exports of a module into calls, in the forms that tfjs's compiler writes. */
function asFunctionBody(source: string): string {
  const declared: string[] = [];
  const body = source
    .replace(/^\/\/# sourceMappingURL.*$/m, "")
    .replace(/^import \* as (\w+) from '(.+)';/gm, "const $1 = require('$2');")
    .replace(/^import '(.+)';/gm, "require('$1');")
    .replace(
      /^import \{([^}]*)\} from '(.+)';/gm,
      (_, names, path) => `const {${names.replaceAll(" as ", ": ")}} = require('${path}');`,
    )
    .replace(/^export \{([^}]*)\}(?: from '(.+)')?;/gm, (_, names: string, path?: string) => {
      return names.match(/[^\s,][^,]*/g)!.map((name) => exported(name.trim(), path)).join(" ");
    })
    .replace(/^export \* from '(.+)';/gm, "Object.assign(exports, require('$1'));")
    .replace(/^export ((?:async )?function\*?|class|const|let|var) (\w+)/gm, (_, kind, name) => {
      declared.push(exported(name));
      return `${kind} ${name}`;
    });
  return [body, ...declared].join("\n");
}

function exported(name: string, path?: string): string {
  const [own, as = own] = name.split(" as ");
  return `exports.${as} = ${path === undefined ? own : `require('${path}').${own}`};`;
}
