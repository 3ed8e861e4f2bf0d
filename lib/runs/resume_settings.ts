/** The settings of a run that goes on: which may change, and which are refused. */
import { checkArguments, having, TEXT } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { shellWord } from "../shell_quote.ts";
import { flag, type Given } from "./option_parser.ts";
import { RUN_DEFAULTS, type RunSettings } from "./run_settings.ts";
import { withPlainPaths } from "./complete_settings.ts";

/** The settings that may change when a run is resumed, as they do not change what it computes. */
export const CHANGEABLE: readonly (keyof RunSettings)[] = [
  "checkpointEvery",
  "checkpointMinutes",
  "keep",
  "onNan",
];

/**
 * The settings of a resumed run: those it began with, changed by the given ones that may change.
 *
 * @throws {ConfigError} If other given settings differ from the run's; the message names all of them.
 *
 * @example
 * ```ts
 * import { resumedSettings } from "bert/runs/resume_settings.ts";
 * import { completeSettings } from "bert/runs/complete_settings.ts";
 * import { strictEqual, throws } from "node:assert";
 * const saved = completeSettings({ steps: 100 });
 * strictEqual(resumedSettings(saved, { keep: 1 }, "runs/a").keep, 1);
 * throws(() => resumedSettings(saved, { steps: 200 }, "runs/a"), /--steps is 100 there/);
 * const stored = completeSettings({ corpus: "data/x" });
 * strictEqual(resumedSettings(stored, { corpus: "data/x/" }, "runs/b").corpus, "data/x");
 * ```
 */
export function resumedSettings(
  savedSettings: RunSettings,
  givenSettings: Given<keyof RunSettings>,
  folder: string,
): RunSettings {
  checkArguments("resumedSettings(saved, given, folder)", [
    ["saved", savedSettings, having("settings by name")],
    ["given", givenSettings, having("settings by name")],
    ["folder", folder, TEXT],
  ]);
  const saved = withPlainPaths(savedSettings);
  const given = withPlainPaths(givenSettings);
  const changed = (Object.keys(given) as (keyof RunSettings)[])
    .filter((name) => given[name] !== (saved[name] ?? RUN_DEFAULTS[name]));
  const refused = changed.filter((name) => !CHANGEABLE.includes(name));
  if (refused.length === 0) return { ...saved, ...given } as RunSettings;
  const [first] = refused;
  const there = (name: keyof RunSettings) => saved[name] ?? RUN_DEFAULTS[name] ?? "not set";
  const list = refused.map((name) => `${flag(name)} is ${there(name)} there`).join(", ");
  throw new ConfigError(
    flag(first),
    given[first],
    `differs from the run in ${folder} (${list}). Leave it out to go on with that run; for other ` +
      "settings begin a new one, from its weights if you like: " +
      `--init ${shellWord(`${folder}/final`)} --out runs/NAME`,
  );
}
