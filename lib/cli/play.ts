// deno-lint-ignore-file no-console -- the task prints where the page is
/** `deno task play`: a web page on this machine for trying out a model. */
import { useBackend } from "../backend/choose.ts";
import { checkChoice } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { openFolder } from "../web/model_or_run_folder.ts";
import { startPlayServer } from "../web/play_server.ts";
import { exportPage, playground } from "../web/playground.ts";
import { readArguments, readWhole } from "./simple_options.ts";
import { checkEmpty } from "./out_folder.ts";

const PORT = 8400;

const PLAY_HELP = `Serves a page on which to try the model in a model's folder, or in a run's.

  deno task play FOLDER                  the page is at http://127.0.0.1:${PORT}/, for this machine only
  deno task play FOLDER --port 0         the page is at any free port
  deno task play FOLDER --export DIR     writes the page and the model as a static folder instead: any
                                         server of files can serve it, and the browser computes
  deno task play FOLDER --export DIR --dtype q8   with the weights in 8 bits only, a quarter as large; by
                                         default both are written, and the reader of the page chooses
  deno task play FOLDER --export DIR --replace    DIR may hold files; those of the page are replaced`;

/** The precisions that the page can load. */
const DTYPES = ["fp32", "q8"] as const;

/** Runs the task: reads the command line, and serves the page until Ctrl-C. */
export async function playCommand(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, {
    port: { type: "string" },
    export: { type: "string" },
    dtype: { type: "string" },
    replace: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return console.log(PLAY_HELP);
  const [folder, ...rest] = positionals;
  if (folder === undefined || rest.length > 0) {
    throw new ConfigError("arguments", args.join(" "), "must be one folder: see --help");
  }
  if (values.export !== undefined && values.port !== undefined) {
    throw new ConfigError(
      "--port",
      values.port,
      "must be left out with --export: nothing is served",
    );
  }
  const port = values.port === undefined ? PORT : readWhole("--port", values.port, 0, 65535);
  const isExport = values.export !== undefined;
  if (values.replace && !isExport) {
    throw new ConfigError("--replace", true, "is for --export: leave it out, or add --export DIR");
  }
  if (values.dtype !== undefined && !isExport) {
    throw new ConfigError(
      "--dtype",
      values.dtype,
      "is for --export: leave it out, or add --export DIR",
    );
  }
  const dtypes = (values.dtype?.split(",") ?? DTYPES) as typeof DTYPES[number][];
  for (const dtype of dtypes) checkChoice("--dtype", dtype, DTYPES);
  if (values.export !== undefined && !values.replace) await checkEmpty("--export", values.export);
  await useBackend(values.export === undefined ? undefined : "cpu"); // an export computes nothing
  using opened = await openFolder(folder);
  if (values.export !== undefined) {
    await exportPage(opened, values.export, dtypes);
    console.log(
      `Written to ${values.export}. Any file server can serve it, for instance: ` +
        `npx serve ${values.export}`,
    );
    return;
  }
  const server = startPlayServer(await playground(opened), port, (error) => console.error(error));
  console.log(`${opened.folder}: ${server.url}  (Ctrl-C ends it)`);
  await server.finished;
}
