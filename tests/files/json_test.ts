import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert";
import {
  parseJson,
  parseJsonObject,
  parseStrictJson,
  readJson,
  readJsonIfThere,
} from "bert/files/json.ts";

Deno.test("every reader of JSON names the file and the line, what it expected and what it found", async () => {
  const name = "FormatError";
  const readers = [
    parseJson,
    parseJsonObject,
    (text: string) => parseStrictJson(text, "a.json", 9),
  ];
  for (const parse of readers) {
    throws(() => parse("[1", "a.json"), { name, message: /a\.json: expected JSON, found a fault/ });
  }
  throws(() => parseJson("", "a.jsonl", 7), { name, line: 7, message: /a\.jsonl, line 7: exp/ });
  for (const [text, found] of [["[1]", "a list"], ["null", "null"], ["3", "a number"]]) {
    throws(() => parseJsonObject(text, "a.json"), new RegExp(`a JSON object, found ${found}`));
  }
  deepStrictEqual(parseJsonObject('\ufeff{"a":1}', "a.json"), { a: 1 }); // with a byte-order mark, as Notepad saves it
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "{");
  await rejects(readJson(path), { name, file: path });
  await Deno.remove(path);
  strictEqual(await readJsonIfThere(path), undefined);
  await rejects(readJson(path), /there is no such file/);
});

Deno.test("valid JSON is read as JSON.parse() reads it", () => {
  const text = '{"a": [1, null, "\\u00e9"], "b": {}}';
  deepStrictEqual(parseJsonObject(text, "a.json"), JSON.parse(text));
  deepStrictEqual(parseStrictJson(text, "a.json", 2), JSON.parse(text));
});
