import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert";
import { AppendFile } from "bert/files/growing_file.ts";
import { newestCheckpoint } from "bert/runs/checkpoint_files.ts";
import { replaceFile } from "bert/files/write.ts";
import { MetricsFile } from "bert/training/metrics_file.ts";
import { ended, QUICK, startPretrain, withCorpus } from "../support/runs.ts";

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "files-test-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("replaceFile() puts a whole file in place and leaves nothing beside it", async () => {
  await withFolder(async (folder) => {
    await replaceFile(`${folder}/a`, "first, and longer");
    await replaceFile(`${folder}/a`, Uint8Array.of(65, 66));
    strictEqual(await Deno.readTextFile(`${folder}/a`), "AB");
    deepStrictEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["a"]);
    await rejects(replaceFile(`${folder}/none/b`, "x"), /Cannot write .*none\/b/);
  });
});

Deno.test("AppendFile continues after the last whole line", async () => {
  await withFolder((folder) => {
    const path = `${folder}/lines`;
    const file = AppendFile.create(path);
    for (const line of ["one", "two", "three"]) file.write(line);
    strictEqual(file.lines, 3);
    file.close();
    Deno.writeTextFileSync(path, "half", { append: true });
    for (
      const [lines, expected] of [[9, "one\ntwo\nthree\n"], [2, "one\ntwo\n"], [0, ""]] as const
    ) {
      const again = AppendFile.resume(path, lines);
      strictEqual(again.lines, Math.min(lines, 3));
      again.close();
      strictEqual(Deno.readTextFileSync(path), expected);
    }
    const fresh = AppendFile.resume(`${folder}/new`, 5);
    fresh.write("a");
    fresh.close();
    strictEqual(Deno.readTextFileSync(`${folder}/new`), "a\n");
    return Promise.resolve();
  });
});

/** Calls a function with the folder of a small file system, or prints that it cannot be mounted. */
async function withSmallDisk(kilobytes: number, use: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "disk-test-" });
  const run = async (command: string, ...args: string[]) => {
    const { success } = await new Deno.Command(command, { args, stderr: "null" }).output();
    return success;
  };
  try {
    const size = `size=${kilobytes}k`;
    const mounted = Deno.build.os === "linux" &&
      await run("mount", "-t", "tmpfs", "-o", size, "tmpfs", folder).catch(() => false);
    if (!mounted) {
      // deno-lint-ignore no-console -- a skipped test must not look like one that passed
      console.warn("SKIPPED: a small file system cannot be mounted here (needs root on Linux)");
      return;
    }
    try {
      await use(folder);
    } finally {
      await run("umount", folder);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("on a full disk rows stay whole, and replaceFile() leaves nothing behind", async () => {
  await withSmallDisk(64, async (folder) => {
    const metrics = MetricsFile.create(`${folder}/metrics.csv`);
    const fill = () => {
      for (;;) metrics.writeSkipped({ epoch: 1, step: 1, tokens: 1 });
    };
    throws(
      fill,
      /Cannot write .*metrics.csv: the disk is full, and this file needs \d+ bytes. Free/,
    );
    const rows = metrics.rows;
    metrics.close();
    const text = await Deno.readTextFile(`${folder}/metrics.csv`);
    strictEqual(text.split("\n").length, rows + 2); // the header, the rows, and nothing after them
    await Deno.remove(`${folder}/metrics.csv`);
    await rejects(replaceFile(`${folder}/big`, new Uint8Array(100_000)), /the disk is full/);
    deepStrictEqual([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("a run on a full disk stops with code 1 and one message, and can be resumed once there is room", async () => {
  await withCorpus(async (folder) => {
    await withSmallDisk(2000, async (disk) => {
      await Deno.writeFile(`${disk}/ballast`, new Uint8Array(1_350_000));
      const args = ["--out", `${disk}/run`, "--corpus", `${folder}/corpus.csv`, ...QUICK];
      const full = await ended(startPretrain(disk, args));
      strictEqual(full.code, 1, full.out);
      match(full.err, /^Cannot write .*: the disk is full, and this file needs .*--resume\s*$/);
      ok(!full.err.includes("    at "));
      const config = JSON.parse(await Deno.readTextFile(`${disk}/run/config.json`));
      ok((await newestCheckpoint(`${disk}/run/checkpoints`, config.run)).checkpoint);
      await Deno.remove(`${disk}/ballast`);
      const settings = ["--out", `${disk}/run`, "--resume", "--keep", "1"];
      const { code, err } = await ended(startPretrain(disk, settings));
      strictEqual(code, 0, err);
    });
  });
});
