import { rejects } from "node:assert";
import { FormatError } from "bert/errors.ts";
import { refuseParts } from "bert/store/incomplete_store.ts";

const touch = (path: string) => Deno.writeTextFile(path, "");
const touchIndex = (path: string) => Deno.writeTextFile(path, "MMIDIDX\0\0");

Deno.test("an unfinished corpus is refused, by its name and by that of its folder", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/wiki.unfinished`);
  const message = (name: string) =>
    new FormatError(
      `${folder}/${name}`,
      'expected a corpus that "deno task prepare" has finished, found one that it has begun: run it ' +
        `again with --out ${folder}/wiki, then name ${folder}/wiki`,
    ).message;
  await rejects(refuseParts(`${folder}/wiki`), { message: message("wiki") });
  await rejects(refuseParts(`${folder}/wiki.unfinished/`), {
    message: message("wiki.unfinished/"),
  });
  await touch(`${folder}/wiki`);
  await refuseParts(`${folder}/wiki`); // a file of that name is text
});

Deno.test("a file of a store, and a folder with one but without prepared.json, are refused", async () => {
  const folder = await Deno.makeTempDir();
  await touch(`${folder}/train.bin`);
  await refuseParts(folder); // whatever that file is
  await refuseParts(`${folder}/train.bin`);
  await touchIndex(`${folder}/held_out.idx`);
  await touchIndex(`${folder}/train.idx`);
  for (const ending of [".bin", ".idx"]) {
    await rejects(
      refuseParts(`${folder}/train${ending}`),
      new RegExp(`expected a store without the ending \\${ending}: name ${folder}/train$`),
    );
  }
  await rejects(
    refuseParts(folder),
    new RegExp(`found train.idx without prepared.json: copy .* name the store: ${folder}/train$`),
  );
  await touch(`${folder}/prepared.json`);
  await refuseParts(folder);
});

Deno.test("an .idx that is not Megatron-LM's is not a part of a store", async () => {
  const folder = await Deno.makeTempDir();
  await touch(`${folder}/texts.txt`);
  await touch(`${folder}/empty.idx`);
  await Deno.writeTextFile(`${folder}/pack.idx`, "\xfftOc and what else another program writes");
  await Deno.mkdir(`${folder}/more.idx`);
  for (const path of [folder, `${folder}/pack.idx`, `${folder}/empty.idx`]) await refuseParts(path);
});

Deno.test("paths of texts and missing paths are not refused", async () => {
  const folder = await Deno.makeTempDir();
  await touch(`${folder}/a.txt`);
  for (const path of [folder, `${folder}/a.txt`, `${folder}/b.txt`, `${folder}/a.txt/b`, "sotu"]) {
    await refuseParts(path);
  }
});
