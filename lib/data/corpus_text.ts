/** Reading `.txt` files: documents separated by empty lines. */
import { unpackedBytes } from "../files/compressed.ts";
import { readLines } from "../files/lines.ts";
import type { CorpusOptions } from "./document.ts";
import { LONGEST_DOCUMENT, type RawDocument, type TextFile } from "./raw_document.ts";

/** Reads documents that are separated by empty lines, as prose or with one sentence on each line. */
export async function* readText(
  { path, name }: TextFile,
  { sentencePerLine = false, onRead }: CorpusOptions,
): AsyncGenerator<RawDocument> {
  let count = 0;
  let size = 0;
  let lines: string[] = [];
  const close = (): RawDocument => {
    const texts = sentencePerLine
      ? lines.map((text) => ({ text, isSentence: true }))
      : [{ text: lines.join("\n"), isSentence: false }];
    size = 0;
    lines = [];
    return { name: `${name} ${++count}`, texts };
  };
  for await (const { text } of readLines(path, unpackedBytes(path, onRead))) {
    const ends = text.trim() === "";
    if (!ends) lines.push(text);
    size += text.length;
    if (lines.length > 0 && (ends || size >= LONGEST_DOCUMENT)) yield close();
  }
  if (lines.length > 0) yield close();
}
