/**
 * Reading the pages of a column of Parquet. hyparquet reads the metadata, plain values and types;
 * what says how many bytes or values follow is read here, and checked against what is there: a harmed
 * file must not make it go on for ever.
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

/** A column of a row group that is not nested. */
export interface ColumnChunk {
  /** Its pages as they lie in the file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly metadata: ColumnMetaData;
  /** Its place in the schema: the root, and the column. */
  readonly schemaPath: readonly SchemaTree[];
  /** How many rows it must have. */
  readonly rows: number;
}

/** The values of a page: those that are not null, and which of the rows they belong to. */
interface Page {
  readonly rows: number;
  /** 1 for a row with a value, 0 for one without; undefined if each has one. */
  readonly levels?: Uint32Array;
  readonly encoding: Encoding;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The values of all rows of a column, null where a row has none.
 *
 * @throws {Error} If the column is harmed. The time that this takes is linear in the bytes and rows.
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
      throw new RangeError(`a page of ${header.compressed_page_size} bytes where there are fewer`);
    }
    const packed = bytes.subarray(start, at);
    if (header.crc !== undefined && crc32(packed) !== header.crc >>> 0) {
      throw new RangeError("the sum of a page's bytes is not what it should be");
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
  checkCount(count, 8 * bytes.length); // a value has one bit at least
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

/** A page whose levels are packed together with its values. */
function firstVersion(packed: Uint8Array, header: PageHeader, chunk: ColumnChunk): Page {
  const { num_values: rows, encoding, definition_level_encoding: by } = present(
    header.data_page_header,
  );
  checkCount(rows, chunk.rows);
  const page = unpack(chunk.metadata.codec, packed, header.uncompressed_page_size);
  if (!isOptional(chunk)) return { rows, encoding, bytes: page };
  if (by !== "RLE") throw new RangeError(`the places of nulls are written in ${by}`);
  const { runs, rest } = withLength(page);
  return { rows, encoding, levels: readRuns(runs, 1, rows), bytes: rest };
}

/** A page whose levels lie before its packed values. */
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
  if (countOf(levels) + data.num_nulls !== rows) throw new RangeError("another number of nulls");
  return { rows, encoding, levels, bytes };
}

/** How many rows have a value. */
function countOf(levels: Uint32Array): number {
  return levels.reduce((sum, level) => sum + level, 0);
}

function isOptional({ schemaPath }: ColumnChunk): boolean {
  return schemaPath[1].element.repetition_type === "OPTIONAL";
}

/** The bytes of a page in a buffer of their own, so that nothing can be read beyond them. */
function unpack(
  codec: CompressionCodec,
  packed: Uint8Array,
  size: number,
): Uint8Array<ArrayBuffer> {
  if (size === 0) return new Uint8Array(0); // no bytes are no valid block of most compressions
  if (!(size > 0)) throw new RangeError(`a page of ${size} bytes`);
  const bytes = decompress(codec, packed, size);
  if (bytes.length === size) return bytes;
  throw new RangeError(`a page unpacks to ${bytes.length} of ${size} bytes`);
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

function lookUp(indices: Uint32Array, dictionary: DecodedArray): unknown[] {
  return Array.from(indices, (index) => {
    if (index < dictionary.length) return dictionary[index];
    throw new RangeError(`value ${index} of a dictionary of ${dictionary.length}`);
  });
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Decodes UTF-8. Bytes that are no UTF-8 are returned as they are: whoever checks the row refuses them,
 * with its number.
 */
function stringFromBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return decoder.decode(bytes);
  } catch {
    return bytes;
  }
}

/** Strings, dates and other numbers of what a page has. */
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

/** Throws if a part of a page is missing. */
function present<T>(part: T | undefined): T {
  if (part === undefined) throw new RangeError("a page is without its header or its dictionary");
  return part;
}
