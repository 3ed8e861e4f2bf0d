/**
 * Reading `.parquet` files, the tables of the Hugging Face Hub. One row group is read at a time, and
 * of it only the columns that are needed.
 */
import {
  type CompressionCodec,
  type FileMetaData,
  parquetMetadata,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from "hyparquet";
import { FormatError } from "../errors.ts";
import { refuseForeignText } from "../files/foreign_texts.ts";
import { readColumn } from "../files/parquet_pages.ts";
import { openToRead } from "../files/read_at.ts";
import { endOfStruct } from "../files/thrift.ts";
import type { CorpusOptions } from "./document.ts";
import type { RawDocument, TextFile } from "./raw_document.ts";
import { type Column, columnsOf, gatherRows, type Row } from "./table_rows.ts";

/** The compressions of Parquet that this library cannot decompress. */
const UNREADABLE: ReadonlySet<CompressionCodec> = new Set(["LZO", "LZ4", "LZ4_RAW"]);

/** The most rows of a group, which are held in memory: a damaged or hostile file can state any number. */
const MOST_ROWS = 2 ** 25;

/** Reads the documents of a Parquet file. Rows have the same meaning as in `.csv`. */
export async function* readParquet(
  file: TextFile,
  options: CorpusOptions,
): AsyncGenerator<RawDocument> {
  yield* gatherRows(file, parquetRows(file.path, options), options);
}

/** The rows of a file, with the fields of the needed columns. */
async function* parquetRows(path: string, options: CorpusOptions): AsyncGenerator<Row> {
  using opened = await openToRead(path);
  const file: OpenFile = { file: opened, size: (await opened.stat()).size, options };
  refuseOthers(file, path);
  const metadata = whole(path, () => readMetadata(file));
  const schema = whole(path, () => parquetSchema(metadata));
  const columns = columnsOf(path, whole(path, () => columnsIn(schema)), options);
  refuseUnreadable(path, metadata, columns);
  whole(path, () => checkRows(metadata, columns));
  refuseLargeGroups(path, metadata);
  let before = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    const values = columns.map((column) =>
      whole(path, () => readRows(file, group, schema, column, rows))
    );
    for (let i = 0; i < rows; i++) {
      const fields = new Map(columns.map((column, at) => [column, values[at][i]]));
      yield { row: before + i + 1, fields };
    }
    before += rows;
  }
}

/** Throws `FormatError` if a file does not begin as Parquet files do. */
function refuseOthers(file: OpenFile, path: string): void {
  const start = readRange(file, 0, Math.min(file.size, 200));
  const mark = String.fromCharCode(...start.subarray(0, 4));
  if (mark !== "" && "PAR1".startsWith(mark)) return;
  if (mark === "PARE") {
    throw new FormatError(path, "its columns are encrypted: write it again without encryption");
  }
  refuseForeignText(start, path);
  const found = start.length === 0 ? "an empty file" : "another";
  throw new FormatError(path, `expected a Parquet file, found ${found}: fetch it again`);
}

/** The metadata near the end of the file, before its length and "PAR1". */
function readMetadata(file: OpenFile): FileMetaData {
  const end = readRange(file, Math.max(0, file.size - 8), file.size);
  const mark = String.fromCharCode(...end.subarray(-4));
  if (mark !== "PAR1") throw new RangeError('it does not end with "PAR1"');
  const length = new DataView(end.buffer).getUint32(0, true);
  const footer = readRange(file, file.size - 8 - length, file.size);
  endOfStruct(footer.subarray(0, length), 0);
  return parquetMetadata(footer, { geoparquet: false });
}

/** The columns of a schema. */
function columnsIn(schema: SchemaTree): Column[] {
  return schema.children.map(({ element, children }) => {
    if (typeof element.name !== "string") throw new TypeError("a column has no name"); // the file is damaged
    const isNested = children.length > 0 || element.repetition_type === "REPEATED";
    return { name: element.name, isNested };
  });
}

/** Throws if the row groups have more or fewer rows than the file states: rows would be lost silently. */
function checkRows(metadata: FileMetaData, columns: string[]): void {
  let rows = 0n;
  for (const group of metadata.row_groups) {
    rows += group.num_rows;
    for (const { meta_data: chunk } of group.columns) {
      if (!chunk || !columns.includes(chunk.path_in_schema[0])) continue;
      checkCount(chunk.num_values, group.num_rows);
    }
  }
  checkCount(rows, metadata.num_rows);
}

function checkCount(found: bigint, expected: bigint): void {
  if (found !== expected) throw new RangeError(`${found} of ${expected} rows`);
}

/** Throws `FormatError` if a column has a compression that cannot be read. */
function refuseUnreadable(path: string, metadata: FileMetaData, columns: string[]): void {
  for (const { meta_data: chunk } of metadata.row_groups.flatMap((group) => group.columns)) {
    if (!chunk || !columns.includes(chunk.path_in_schema[0])) continue;
    const { codec } = chunk;
    if (!UNREADABLE.has(codec)) continue;
    const problem =
      `expected columns compressed by Snappy, gzip, Zstandard or Brotli, found ${codec}`;
    throw new FormatError(path, `${problem}: write the file again with one of those`);
  }
}

/** Throws `FormatError` if a row group has more rows than can be held at once. */
function refuseLargeGroups(path: string, metadata: FileMetaData): void {
  const large = metadata.row_groups.find((group) => group.num_rows > MOST_ROWS);
  if (!large) return;
  const problem = `expected row groups of at most ${MOST_ROWS} rows, found one of ` +
    `${large.num_rows}: write the file again with smaller ones`;
  throw new FormatError(path, problem);
}

/** The values of a column in a row group. */
function readRows(
  file: OpenFile,
  group: RowGroup,
  schema: SchemaTree,
  column: string,
  rows: number,
): unknown[] {
  const chunk = group.columns.find(({ meta_data: data }) => data?.path_in_schema[0] === column);
  const metadata = chunk?.meta_data;
  const child = schema.children.find(({ element }) => element.name === column);
  if (!metadata || !child) throw new RangeError(`a row group has no column "${column}"`);
  if (chunk.file_path) throw new RangeError(`"${column}" lies in another file`);
  const start = Number(metadata.dictionary_page_offset || metadata.data_page_offset);
  const bytes = readRange(file, start, start + Number(metadata.total_compressed_size));
  return readColumn({ bytes, metadata, schemaPath: [schema, child], rows });
}

/**
 * Runs a part of the reading, and reports any error in it as damage to the file, unless the file could
 * not be read at all.
 */
function whole<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const problem = `expected a whole Parquet file, found a damaged or truncated one ` +
      `(${(error as Error).message}): fetch it again`;
    throw new FormatError(path, problem);
  }
}

/** An open file, its size in bytes, and the options for reading it. */
interface OpenFile {
  readonly file: Deno.FsFile;
  readonly size: number;
  readonly options: CorpusOptions;
}

/** Reads the bytes from `start` up to, but without, `end`. */
function readRange(
  { file, size, options: { onRead } }: OpenFile,
  start: number,
  end: number,
): Uint8Array<ArrayBuffer> {
  if (!(start >= 0 && start <= end && end <= size)) {
    throw new RangeError(`there are no bytes ${start} to ${end}`);
  }
  const bytes = new Uint8Array(end - start);
  file.seekSync(start, Deno.SeekMode.Start);
  let at = 0;
  while (at < bytes.length) {
    const read = file.readSync(bytes.subarray(at));
    if (read === null) throw new RangeError(`the file ends at byte ${start + at}`);
    at += read;
  }
  onRead?.(bytes.length);
  return bytes;
}
