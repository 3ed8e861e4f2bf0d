/**
 * Reading the pages of a column of Parquet. hyparquet reads the metadata and the plain values, and
 * converts the types. Every number of bytes or values that follow is read here and compared with what
 * is there, so that a damaged file cannot make the reader allocate too much or run for ever.
 *
 * Source: the specification of apache/parquet-format.
 */
import { brotliDecompressSync, crc32, gunzipSync, zstdDecompressSync } from "node:zlib";
import type {
  ColumnMetaData,
  CompressionCodec,
  DecodedArray,
  Encoding,
  PageHeader,
  SchemaTree,
} from "hyparquet";
import { alpDecode } from "hyparquet/src/alp.js";
import { parquetHeader } from "hyparquet/src/column.js";
import { convert, DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { byteStreamSplit } from "hyparquet/src/encoding.js";
import { readPlain } from "hyparquet/src/plain.js";
import {
  checkCount,
  readDeltas,
  readIndices,
  readPieces,
  readRuns,
  withLength,
  withPrefixes,
} from "./parquet_values.ts";
import { unpackSnappy } from "./snappy.ts";
import { endOfStruct } from "./thrift.ts";

/** The part of a column, which is not nested, that lies in one row group. */
export interface ColumnChunk {
  /** Its pages as they lie in the file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its metadata in the footer of the file. */
  readonly metadata: ColumnMetaData;
  /** Its path in the schema: the root and the column. */
  readonly schemaPath: readonly SchemaTree[];
  /** The number of rows that it must have. */
  readonly rows: number;
}

/** A data page: its values that are not null, and the rows to which they belong. */
interface Page {
  readonly rows: number;
  /** The definition level of each row: 1 if it has a value, 0 if it is null. Undefined: all have one. */
  readonly levels?: Uint32Array;
  readonly encoding: Encoding;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The values of all rows of a column chunk, null where a row has none. The time is linear in the
 * numbers of bytes and rows.
 *
 * @throws {Error} If the column is damaged or uses something that is not supported.
 */
export function readColumn(chunk: ColumnChunk): unknown[] {
  const { bytes, rows } = chunk;
  const values: unknown[] = [];
  let dictionary: DecodedArray | undefined;
  for (let at = 0; values.length < rows;) {
    const start = endOfStruct(bytes, at);
    const header = parquetHeader({ view: viewOf(bytes), offset: at });
    at = start + header.compressed_page_size;
    if (!(at >= start && at <= bytes.length)) {
      throw new RangeError(`a page of ${header.compressed_page_size} bytes, where fewer are left`);
    }
    const packed = bytes.subarray(start, at);
    if (header.crc !== undefined && crc32(packed) !== header.crc >>> 0) {
      throw new RangeError("the checksum of a page does not match its bytes");
    }
    if (header.type === "DICTIONARY_PAGE") dictionary = readDictionary(packed, header, chunk);
    else addPage(values, pageOf(packed, header, chunk), dictionary, chunk);
  }
  return values;
}

function readDictionary(
  packed: Uint8Array,
  header: PageHeader,
  chunk: ColumnChunk,
): DecodedArray {
  const { num_values: count } = present(header.dictionary_page_header);
  const { codec } = chunk.metadata;
  const bytes = unpack(codec, packed, header.uncompressed_page_size);
  checkCount(count, 8 * bytes.length); // each value has at least one bit
  return convertTypes(decode("PLAIN", bytes, count, chunk), chunk);
}

/** Appends the values of a page. */
function addPage(
  values: unknown[],
  { rows, levels, encoding, bytes }: Page,
  dictionary: DecodedArray | undefined,
  chunk: ColumnChunk,
): void {
  if (values.length + rows > chunk.rows) throw new RangeError(`more rows than ${chunk.rows}`);
  const count = levels ? countOf(levels) : rows;
  const found = count === 0
    ? []
    : encoding === "PLAIN_DICTIONARY" || encoding === "RLE_DICTIONARY"
    ? lookUp(readIndices(bytes, count), present(dictionary))
    : convertTypes(decode(encoding, bytes, count, chunk), chunk);
  if (found.length !== count) throw new RangeError(`${found.length} of ${count} values`);
  let next = 0;
  for (let row = 0; row < rows; row++) {
    values.push(levels && levels[row] === 0 ? null : found[next++]);
  }
}

function pageOf(packed: Uint8Array, header: PageHeader, chunk: ColumnChunk): Page {
  if (header.type === "DATA_PAGE") return firstVersion(packed, header, chunk);
  if (header.type === "DATA_PAGE_V2") return secondVersion(packed, header, chunk);
  throw new RangeError(`a page of the unknown type ${header.type}`);
}

/** A page of version 1: its definition levels are compressed together with its values. */
function firstVersion(packed: Uint8Array, header: PageHeader, chunk: ColumnChunk): Page {
  const data = present(header.data_page_header);
  const { num_values: rows, encoding, definition_level_encoding: levelEncoding } = data;
  checkCount(rows, chunk.rows);
  const page = unpack(chunk.metadata.codec, packed, header.uncompressed_page_size);
  if (!isOptional(chunk)) return { rows, encoding, bytes: page };
  if (levelEncoding !== "RLE") {
    throw new RangeError(`the unknown encoding ${levelEncoding} of definition levels`);
  }
  const { runs, rest } = withLength(page);
  return { rows, encoding, levels: readRuns(runs, 1, rows), bytes: rest };
}

/** A page of version 2: its levels are not compressed, and lie before its compressed values. */
function secondVersion(packed: Uint8Array, header: PageHeader, chunk: ColumnChunk): Page {
  const data = present(header.data_page_header_v2);
  const { num_values: rows, encoding, is_compressed: isCompressed } = data;
  const repetitions = data.repetition_levels_byte_length;
  const start = repetitions + data.definition_levels_byte_length;
  checkCount(rows, chunk.rows);
  checkCount(repetitions, start);
  checkCount(start, packed.length);
  const codec = isCompressed === false ? "UNCOMPRESSED" : chunk.metadata.codec;
  const bytes = unpack(codec, packed.subarray(start), header.uncompressed_page_size - start);
  if (!isOptional(chunk)) return { rows, encoding, bytes };
  const levels = readRuns(packed.subarray(repetitions, start), 1, rows);
  if (countOf(levels) + data.num_nulls !== rows) {
    throw new RangeError(
      `${data.num_nulls} nulls, where the definition levels give another number`,
    );
  }
  return { rows, encoding, levels, bytes };
}

/** The number of rows that have a value. */
function countOf(levels: Uint32Array): number {
  return levels.reduce((sum, level) => sum + level, 0);
}

function isOptional({ schemaPath }: ColumnChunk): boolean {
  return schemaPath[1].element.repetition_type === "OPTIONAL";
}

/** Decompresses a page into a buffer of its own, so that nothing can be read beyond its bytes. */
function unpack(
  codec: CompressionCodec,
  packed: Uint8Array,
  size: number,
): Uint8Array<ArrayBuffer> {
  if (size === 0) return new Uint8Array(0); // most compressions have no valid block for zero bytes
  if (!(size > 0)) throw new RangeError(`a page of ${size} bytes`);
  const bytes = decompress(codec, packed, size);
  if (bytes.length === size) return bytes;
  throw new RangeError(`a page decompresses to ${bytes.length} bytes instead of ${size}`);
}

function decompress(
  codec: CompressionCodec,
  packed: Uint8Array,
  size: number,
): Uint8Array<ArrayBuffer> {
  const limits = { maxOutputLength: size };
  switch (codec) {
    case "UNCOMPRESSED":
      return packed.slice();
    case "SNAPPY":
      return unpackSnappy(packed, size);
    case "GZIP":
      return new Uint8Array(gunzipSync(packed, limits));
    case "ZSTD":
      return new Uint8Array(zstdDecompressSync(packed, limits));
    case "BROTLI":
      return new Uint8Array(brotliDecompressSync(packed, limits));
    default:
      throw new RangeError(`the unknown compression ${codec}`);
  }
}

/** The values of a page before their types are converted. */
function decode(
  encoding: Encoding,
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  { metadata: { type }, schemaPath }: ColumnChunk,
): DecodedArray {
  const { type_length: length } = schemaPath[1].element;
  const reader = { view: viewOf(bytes), offset: 0 };
  switch (encoding) {
    case "PLAIN":
      return readPlain(reader, type, count, length);
    case "RLE":
      return Array.from(readRuns(withLength(bytes).runs, 1, count), (bit) => bit === 1);
    case "BYTE_STREAM_SPLIT":
      return byteStreamSplit(reader, count, type, length);
    case "ALP":
      return alpDecode(reader, count, type);
    case "DELTA_BINARY_PACKED":
      return readDeltas(
        reader,
        type === "INT32" ? new Int32Array(count) : new BigInt64Array(count),
      );
    case "DELTA_LENGTH_BYTE_ARRAY":
      return readPieces(bytes, readDeltas(reader, new Int32Array(count)), reader.offset);
    case "DELTA_BYTE_ARRAY": {
      const shared = readDeltas(reader, new Int32Array(count));
      const lengths = readDeltas(reader, new Int32Array(count));
      return withPrefixes(shared, readPieces(bytes, lengths, reader.offset));
    }
    default:
      throw new RangeError(`the unknown encoding ${encoding}`);
  }
}

/** The values at the given indices of a dictionary. */
function lookUp(indices: Uint32Array, dictionary: DecodedArray): unknown[] {
  return Array.from(indices, (index) => {
    if (index < dictionary.length) return dictionary[index];
    throw new RangeError(`index ${index} in a dictionary of ${dictionary.length} values`);
  });
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Decodes UTF-8. Bytes that are not valid UTF-8 are returned as they are: `TableRows` refuses them with
 * the number of their row.
 */
function stringFromBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return decoder.decode(bytes);
  } catch {
    return bytes;
  }
}

/** Converts the values of a page to strings, dates and numbers, as the schema says. */
function convertTypes(values: DecodedArray, { metadata, schemaPath }: ColumnChunk): DecodedArray {
  return convert(values, {
    pathInSchema: metadata.path_in_schema,
    type: metadata.type,
    codec: metadata.codec,
    element: schemaPath[1].element,
    schemaPath: [...schemaPath],
    parsers: { ...DEFAULT_PARSERS, stringFromBytes },
  });
}

function viewOf(
  { buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>,
): DataView<ArrayBuffer> {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Returns a part of a page, and throws if it is missing. */
function present<T>(part: T | undefined): T {
  if (part === undefined) throw new RangeError("a page has no header or no dictionary");
  return part;
}
