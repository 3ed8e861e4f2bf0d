/**
 * Reading files of wikiextractor, such as `wiki_00`: articles of a Wikipedia, as JSON lines or between
 * `<doc …>` and `</doc>`.
 */
import { FormatError } from "../errors.ts";
import { unpackedBytes } from "../files/compressed.ts";
import { type Line, readLines } from "../files/lines.ts";
import { readJsonLines } from "./corpus_jsonl.ts";
import type { CorpusOptions } from "./document.ts";
import type { RawDocument, TextFile } from "./raw_document.ts";

const BEGIN = /^<doc id=".*" title="(.*)">$/;

const END = "</doc>";

/** Reads the articles of a file in either of the two formats. */
export async function* readWiki(
  file: TextFile,
  options: CorpusOptions,
): AsyncGenerator<RawDocument> {
  const raw = await isJson(file.path) ? readJsonLines(file, options) : readTagged(file, options);
  for await (const { texts, ...document } of raw) {
    yield { ...document, texts: texts.map(({ text }) => prose(unescaped(text))) };
  }
}

/** Whether the first line that is not empty begins a JSON object. */
async function isJson(path: string): Promise<boolean> {
  for await (const { text } of readLines(path, unpackedBytes(path))) {
    if (text.trim() !== "") return text.startsWith("{");
  }
  return false;
}

/**
 * The articles between tags. The line after the first tag repeats the title and is left out, as it is
 * not a sentence.
 */
async function* readTagged(
  { path, name }: TextFile,
  { onRead }: CorpusOptions,
): AsyncGenerator<RawDocument> {
  let count = 0;
  let open: { title: string; begin: number; lines: string[] } | undefined;
  for await (const { text, line } of readLines(path, unpackedBytes(path, onRead))) {
    if (!open) {
      const title = BEGIN.exec(text)?.[1];
      if (title !== undefined) open = { title, begin: line, lines: [] };
      else if (text.trim() !== "") throw noArticle(path, { text, line });
    } else if (text === END) {
      const [first, ...rest] = open.lines;
      const lines = first === open.title ? rest : open.lines;
      yield { name: `${name} ${++count}`, texts: [prose(lines.join("\n"))] };
      open = undefined;
    } else if (BEGIN.test(text)) {
      const problem = `expected ${END} on a line of its own before the next article, found none`;
      throw new FormatError(path, `${problem}: extract the file again`, line);
    } else open.lines.push(text);
  }
  if (!open) return;
  const problem = `expected ${END} after the last article, found the end of the file: was it ` +
    "copied to its end?";
  throw new FormatError(path, problem, open.begin);
}

/** The error for a line that stands outside an article. */
function noArticle(path: string, { text, line }: Line): FormatError {
  const found = JSON.stringify(text.slice(0, 30));
  const advice = "run wikiextractor with --json, or without --text";
  return new FormatError(path, `expected <doc …> or JSON lines, found ${found}: ${advice}`, line);
}

function prose(text: string) {
  return { text, isSentence: false };
}

/** A text without the three escapes of HTML that wikiextractor writes. */
function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
