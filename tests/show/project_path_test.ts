import { strictEqual } from "node:assert";

/** Asks for a path of the project in a process whose current folder is `folder`. */
async function pathFrom(folder: string, path: string): Promise<string> {
  const code = `import { projectPath } from "bert/show/project_path.ts";
console.log(projectPath(${JSON.stringify(path)}));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", `${Deno.cwd()}/deno.json`, "--no-lock", code],
    cwd: folder,
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("projectPath() names a file of the project from the root, from notebooks/ and from a folder in it", async () => {
  strictEqual(await pathFrom(".", "data/sample.csv"), "data/sample.csv");
  strictEqual(await pathFrom("notebooks", "data/sample.csv"), "../data/sample.csv");
  strictEqual(await pathFrom("notebooks", "notebooks/runs"), "runs");
  strictEqual(await pathFrom("lib/show", "notebooks/runs"), "../../notebooks/runs");
});

Deno.test("projectPath() names the root itself", async () => {
  strictEqual(await pathFrom(".", "."), ".");
  strictEqual(await pathFrom("notebooks", "."), "..");
});
