/** Refusing files that do not hold the text that their names promise. */
import { FormatError } from "../errors.ts";
import { refusePointer } from "./foreign_formats.ts";

/** How files of a format begin, each byte as one character; what they are; and what to do. */
type Format = readonly [begins: readonly string[], what: string, fix: string];

const FORMATS: readonly Format[] = [
  [["%PDF-"], "a PDF document", "convert it to text, as with pdftotext"],
  [["{\\rtf"], "a document of a word processor (RTF)", "save it as plain text in UTF-8"],
  [
    ["PK\x03\x04"],
    "a ZIP archive, or a document of an office program",
    "unpack it, or save its text as UTF-8",
  ],
  [["\x1f\x8b"], "a file that is compressed by gzip", "add .gz to its name"],
  [["\x28\xb5\x2f\xfd"], "a file that is compressed by Zstandard", "add .zst to its name"],
  [["BZh", "\xfd7zXZ\x00"], "a file that is compressed by bzip2 or xz", "decompress it"],
  [["PAR1"], "a Parquet file", "name it .parquet"],
  [["\xff\xfe", "\xfe\xff"], "text in UTF-16", "save it as UTF-8"],
];

/** The same for what was found in a compressed file, where it differs. */
const COMPRESSED: readonly Format[] = [
  [
    ["\x1f\x8b"],
    "a file that is compressed twice",
    "decompress it once and let the name of the result end in .gz",
  ],
  [
    ["\x28\xb5\x2f\xfd"],
    "a file that is compressed twice",
    "decompress it once and let the name of the result end in .zst",
  ],
  [["BZh", "\xfd7zXZ\x00"], "a file that is compressed twice", "decompress it twice"],
  [["PAR1"], "a compressed Parquet file", "decompress it and name the result .parquet"],
];

/** The ends of the names of compressed files. */
const COMPRESSED_NAME = /\.(gz|zst)$/i;

/** How a web page begins: after a byte-order mark, a declaration of XML and comments, if there are any. */
const WEB_PAGE =
  /^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html[\s>])/is;

/** How a dump of Wikipedia begins. */
const WIKI_DUMP = /^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<mediawiki[\s>]/i;

/**
 * Throws if a file begins as one of another format does, or is a pointer of Git LFS.
 *
 * @param start Its first bytes, decompressed; 200 of them are looked at.
 * @param path Its path. Its name says whether it is compressed.
 * @throws {FormatError} If it does. The message names the format and says what to do.
 *
 * @example
 * ```ts
 * import { refuseForeignText } from "bert/files/foreign_texts.ts";
 * import { throws } from "node:assert";
 * const page = new TextEncoder().encode("<!DOCTYPE html><html>");
 * throws(() => refuseForeignText(page, "a.txt"), /expected text, found a web page/);
 * ```
 */
export function refuseForeignText(start: Uint8Array, path: string): void {
  const bytes = start.subarray(0, 200);
  refusePointer(bytes, path);
  const text = String.fromCharCode(...bytes);
  if (WEB_PAGE.test(text)) {
    const advice = "save its text, and see whether the page says that a download was refused";
    throw new FormatError(path, `expected text, found a web page: ${advice}`);
  }
  if (WIKI_DUMP.test(text)) {
    const fix = "take its text out by wikiextractor, whose files wiki_00 and so on are read";
    throw new FormatError(path, `expected text, found a dump of MediaWiki: ${fix}`);
  }
  const formats = COMPRESSED_NAME.test(path) ? [...COMPRESSED, ...FORMATS] : FORMATS;
  const found = formats.find(([marks]) => marks.some((mark) => text.startsWith(mark)));
  if (!found) return;
  const [, what, fix] = found;
  throw new FormatError(path, `expected text, found ${what}: ${fix}`);
}
