import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert";
import { refuseRepeated } from "bert/data/table_rows.ts";
import { readCorpusFile as read, sentencesOf } from "../support/corpus_file.ts";

const namesOf = (documents: readonly { name: string }[]) => documents.map(({ name }) => name);

Deno.test("rows of one document are split into sentences, too", async () => {
  const csv = "document,text\nx,One here. Two here.\nx,Three. Four.\ny,Five. Six.\n";
  const expected = [["One here.", "Two here.", "Three.", "Four."], ["Five.", "Six."]];
  deepStrictEqual(sentencesOf(await read("a.csv", csv)), expected);
  const named = csv.replace("document,text", "id,body");
  const options = { textColumn: "body", documentColumn: "id" };
  deepStrictEqual(sentencesOf(await read("a.csv", named, options)), expected);
});

Deno.test("a row of a column named sentence is one sentence of its document", async () => {
  const csv = "document,sentence\nx,One. Whole.\nx,Two.\ny,Three.\n";
  deepStrictEqual(sentencesOf(await read("a.csv", csv)), [["One. Whole.", "Two."], ["Three."]]);
});

Deno.test("the column of the text never names the document, even if its name is document", async () => {
  const xsum = "document,summary\nOne here. Two here.,s\nThree. Four.,s\nThree. Four.,s\n";
  const documents = await read("a.csv", xsum, { textColumn: "document" });
  const [first, second] = [["One here.", "Two here."], ["Three.", "Four."]];
  deepStrictEqual(sentencesOf(documents), [first, second, second]);
  deepStrictEqual(namesOf(documents), ["a.csv 1", "a.csv 2", "a.csv 3"]);
  const jsonl = '{"document":"One. Two.","id":1}\n{"document":"Three.","id":1}';
  deepStrictEqual(
    sentencesOf(await read("a.jsonl", jsonl, { textColumn: "document" })),
    [["One.", "Two."], ["Three."]],
  );
  await rejects(read("a.csv", xsum, { textColumn: "summary", documentColumn: "summary" }), {
    name: "ConfigError",
    message: /^Invalid documentColumn = "summary": it must be another column than that of the text/,
  });
});

Deno.test("documentColumn: false makes every row a document", async () => {
  const csv = "document,text\nx,One. Two.\nx,Three.\n";
  const documents = await read("a.csv", csv, { documentColumn: false });
  deepStrictEqual(sentencesOf(documents), [["One.", "Two."], ["Three."]]);
  const sentences = await read("a.csv", csv.replace("text", "sentence"), { documentColumn: false });
  deepStrictEqual(sentencesOf(sentences), [["One.", "Two."], ["Three."]]);
});

Deno.test("a value of the default document column that cannot be a name is ignored", async () => {
  const values = ['{"a":1}', "[1]", "true", "null", '""', '" "'];
  const lines = values.map((value) => `{"document":${value},"text":"One. Two."}`);
  const documents = await read("a.jsonl", [...lines, '{"text":"Last."}'].join("\n"));
  deepStrictEqual(sentencesOf(documents), [...values.map(() => ["One.", "Two."]), ["Last."]]);
});

Deno.test("a row without a name is a document of its own", async () => {
  const csv = "id,text\nx,One.\n,Two.\n,Three.\nx,Four.\nx,Five.\n";
  const documents = await read("a.csv", csv, { documentColumn: "id" });
  deepStrictEqual(sentencesOf(documents), [["One."], ["Two."], ["Three."], ["Four.", "Five."]]);
});

Deno.test("numbers of any size name different documents", async () => {
  const ids = [
    "12345678901234567890",
    "12345678901234567891",
    "-9007199254740993",
    "-9007199254740992",
    "0.12345678901234567890",
    "0.12345678901234567891",
    "1e400",
    "1e401",
  ];
  const lines = ids.map((id) =>
    `{"meta":{"document":1},"document":${id},"more":[{"document":2}],"text":"One."}`
  );
  deepStrictEqual(namesOf(await read("a.jsonl", lines.join("\n"))), ids);
  const same = '{"document":7,"text":"One."}\n{"document":7,"text":"Two."}';
  deepStrictEqual(namesOf(await read("a.jsonl", same)), ["7"]);
});

Deno.test("a text that is null is skipped, like an empty cell", async () => {
  const jsonl = '{"text":"One."}\n{"text":null}\n{"text":""}\n{"text":"Two."}';
  const documents = await read("a.jsonl", jsonl);
  deepStrictEqual(sentencesOf(documents), [["One."], ["Two."]]);
  deepStrictEqual(namesOf(documents), ["a.jsonl 1", "a.jsonl 4"]);
  const grouped = '{"document":"x","text":null}\n{"document":"x","text":"One."}';
  deepStrictEqual(sentencesOf(await read("a.jsonl", grouped)), [["One."]]);
});

Deno.test("a text that is not a string is refused with advice", async () => {
  for (const [value, fix] of [["1", "put it in quotes"], ["[1]", "make it a string"]]) {
    await rejects(read("a.jsonl", `{"text":"a"}\n{"text":${value}}`), (error: Error) => {
      strictEqual(error.name, "FormatError");
      return error.message.endsWith(
        `line 2: expected text in "text", found ${value}: ${fix}`,
      );
    });
  }
});

Deno.test("a column that occurs twice is found by reading each name once, however many there are", () => {
  const names = Array.from({ length: 2000 }, (_, i) => `c${i}`);
  let read = 0;
  const counting = new Proxy(names, {
    get(target, key, receiver) {
      if (typeof key === "string" && /^\d+$/.test(key)) read++;
      return Reflect.get(target, key, receiver);
    },
  });
  refuseRepeated("a.csv", counting);
  strictEqual(read, names.length);
  throws(() => refuseRepeated("a.csv", [...names, "c7"]), /found "c7" twice: rename one$/);
});

Deno.test("a message about columns names the first of many, and counts the others", async () => {
  const columns = Array.from({ length: 5000 }, (_, i) => `c${i}`);
  await rejects(read("a.csv", `${columns}\n${columns.map(() => "x")}\n`), (error: Error) => {
    const found = /found c0, c1, .*, c39 and 4,960 more: name it with textColumn/;
    return found.test(error.message) && error.message.length < 500;
  });
});

Deno.test("tables that were joined with their byte-order marks are read, or refused by the second header", async () => {
  const jsonl = '\ufeff{"text":"One."}\n\ufeff{"text":"Two."}\n';
  deepStrictEqual(sentencesOf(await read("a.jsonl", jsonl)), [["One."], ["Two."]]);
  await rejects(read("a.csv", "\ufefftext,id\nOne.,1\n\ufefftext,id\nTwo.,1\n"), {
    name: "FormatError",
    message: /line 3: found the header again: were files joined\? Take it out$/,
  });
  for (const header of ["text", '"text"', "\ufefftext"]) { // in a single column, too
    await rejects(read("a.csv", `text\nOne.\n${header}\nTwo.\n`), {
      name: "FormatError",
      message: /line 3: found the header again: were files joined\? Take it out$/,
    });
  }
});
