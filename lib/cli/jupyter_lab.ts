// deno-lint-ignore-file no-console -- these tasks print what they do
/** The tasks `lab` and `jupyter`: opening JupyterLab, and installing this Deno as a kernel of Jupyter. */
import { ConfigError } from "../errors.ts";
import { exactCopies } from "./notebook_copies.ts";
import { chooseNotebooks, FOLDER, OWN } from "./tutorial_folder.ts";

/**
 * Opens JupyterLab at the project's root, so that it shows notebooks, library and runs. The first
 * notebook is open, and this Deno is the kernel.
 */
export async function lab(args: string[]): Promise<void> {
  if (!await hasLab()) {
    throw new Error(
      "Cannot find JupyterLab: install it with\n\n    pip install jupyterlab\n\n" +
        "or run the notebooks without it: deno task notebooks",
    );
  }
  await jupyter([]);
  await Deno.mkdir(OWN, { recursive: true });
  const names = chooseNotebooks([]);
  await trust([...names.map((name) => `${FOLDER}/${name}`), ...await exactCopies()]);
  const open = [`--notebook-dir=.`, `--LabApp.default_url=/lab/tree/${FOLDER}/${names[0]}`];
  const options = { args: ["lab", ...open, ...args] };
  Deno.exit((await new Deno.Command("jupyter", options).spawn().status).code);
}

/** Marks these notebooks as trusted in Jupyter, which otherwise shows no SVG until they are run. */
async function trust(paths: readonly string[]): Promise<void> {
  await new Deno.Command("jupyter", { args: ["trust", ...paths] }).output();
}

async function hasLab(): Promise<boolean> {
  const command = new Deno.Command("jupyter", {
    args: ["lab", "--version"],
    stdout: "null",
    stderr: "null",
  });
  try {
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Installs this Deno as a kernel of Jupyter. */
export async function jupyter(args: string[]): Promise<void> {
  if (args.length > 0) {
    throw new ConfigError(
      "arguments",
      args.join(" "),
      "must be left out: the task jupyter takes no arguments",
    );
  }
  const command = new Deno.Command(Deno.execPath(), { args: ["jupyter", "--install", "--force"] });
  const { code } = await command.spawn().status;
  if (code !== 0) {
    throw new Error(`Cannot install the kernel: deno jupyter ended with code ${code}`);
  }
  if (/[\\/](_npx|\.npm)[\\/]/.test(Deno.execPath())) {
    console.log(
      "This Deno is in npm's cache. To keep the kernel, run npm install -g deno, and then this task again.",
    );
  }
}
