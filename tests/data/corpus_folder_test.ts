import { deepStrictEqual, ok, rejects } from "node:assert";
import { corpus, readAll } from "bert/data/corpus.ts";

/** Reads a folder that `make` fills: the names of the documents, and the messages about files left out. */
async function readFolder(make: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const leftOut: string[] = [];
  try {
    await make(folder);
    const onLeftOut = (what: string) => leftOut.push(what.replaceAll(folder, "~"));
    const documents = await readAll(corpus(folder, { onLeftOut }));
    return { names: documents.map(({ name }) => name), leftOut };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the files of a folder and of the folders in it are read in the order of their paths", async () => {
  const { names, leftOut } = await readFolder(async (folder) => {
    await Deno.mkdir(`${folder}/b/c`, { recursive: true });
    await Deno.mkdir(`${folder}/empty`);
    for (const name of ["z.txt", "a.txt", "b/a.txt", "b/c/a.txt"]) {
      await Deno.writeTextFile(`${folder}/${name}`, "One.");
    }
  });
  deepStrictEqual(names, ["a.txt 1", "b/a.txt 1", "b/c/a.txt 1", "z.txt 1"]);
  deepStrictEqual(leftOut, []);
});

Deno.test("links to files and folders are followed, and each file is read once", async () => {
  const elsewhere = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${elsewhere}/text.txt`, "One.");
    await Deno.writeTextFile(`${elsewhere}/named_otherwise`, "Two.");
    const links = await readFolder(async (folder) => {
      await Deno.symlink(`${elsewhere}/named_otherwise`, `${folder}/link.txt`);
      await Deno.symlink(elsewhere, `${folder}/more`);
      await Deno.symlink(`${elsewhere}/text.txt`, `${folder}/same.txt`);
      await Deno.symlink(folder, `${folder}/round`); // a circle
    });
    deepStrictEqual(links.names, ["link.txt 1", "more/text.txt 1"]);
    deepStrictEqual(links.leftOut, [
      "Left out of ~: 1 of another kind (more/named_otherwise); 2 linked to again (round, same.txt)",
    ]);
  } finally {
    await Deno.remove(elsewhere, { recursive: true });
  }
});

Deno.test("hidden files, macOS's ._ files and other kinds are left out, and a message says so", async () => {
  const { names, leftOut } = await readFolder(async (folder) => {
    await Deno.mkdir(`${folder}/.git`);
    await Deno.writeTextFile(`${folder}/.git/text.txt`, "One.");
    await Deno.writeTextFile(`${folder}/.hidden.txt`, "Two.");
    await Deno.writeFile(`${folder}/._a.txt`, new Uint8Array([0, 5, 22, 7, 0]));
    for (const name of ["a.txt", "b.md", "c.pdf", "d", "e.tsv"]) {
      await Deno.writeTextFile(`${folder}/${name}`, "One.");
    }
  });
  deepStrictEqual(names, ["a.txt 1"]);
  deepStrictEqual(leftOut, [
    "Left out of ~: 3 hidden (._a.txt, .git, .hidden.txt); 4 of another kind (b.md, c.pdf, d, …)",
  ]);
});

Deno.test("a broken link is an error if its name is that of a readable file", async () => {
  const broken = readFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, "One.");
    await Deno.symlink(`${folder}/gone.txt`, `${folder}/b.txt`);
  });
  await rejects(broken, {
    name: "FormatError",
    message: /\/b\.txt: expected a file, found a link that leads nowhere: mend or remove it$/,
  });
  const other = await readFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, "One.");
    await Deno.symlink(`${folder}/gone`, `${folder}/b.md`);
  });
  ok(other.leftOut[0].includes("b.md"));
});

Deno.test("control characters in the name of a file are escaped in messages", async () => {
  const { leftOut } = await readFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, "One.");
    await Deno.writeTextFile(`${folder}/b\x1b[2J\n.md`, "x");
  });
  deepStrictEqual(leftOut, ["Left out of ~: 1 of another kind (b\\x1b[2J\\n.md)"]);
});

Deno.test("the folder of a model or of a run is refused, and its vocabulary is not read as a text", async () => {
  const filled = (names: readonly string[]) => async (folder: string) => {
    await Deno.mkdir(`${folder}/checkpoints`);
    for (const name of names) await Deno.writeTextFile(`${folder}/${name}`, "One.");
  };
  await rejects(readFolder(filled(["vocab.txt", "tokenizer_config.json"])), {
    message: /expected a folder of texts, found that of a model: name the texts/,
  });
  await rejects(readFolder(filled(["log.txt", "metrics.csv"])), {
    message: /expected a folder of texts, found that of a run: name the texts/,
  });
  deepStrictEqual((await readFolder(filled(["vocab.txt"]))).names, ["vocab.txt 1"]);
});
