/**
 * `.parquet`: the tables of the Hugging Face Hub. One row group is read at a time, and only the
 * columns that are needed.
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import {
  type AsyncBuffer,
  type CompressionCodec,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { FormatError } from "../errors.ts";
import type { CorpusOptions } from "./document.ts";
import type { RawDocument } from "./raw_document.ts";
import { type Column, columnsOf, gatherRows, type Row, type TextFile } from "./rows.ts";

/** Decompressors of the pages of a column, beside Snappy, which is in hyparquet. */
const COMPRESSORS: Compressors = {
  GZIP: (bytes) => new Uint8Array(gunzipSync(bytes)),
  ZSTD: (bytes) => new Uint8Array(zstdDecompressSync(bytes)),
  BROTLI: (bytes) => new Uint8Array(brotliDecompressSync(bytes)),
};

/** The compressions of Parquet that neither hyparquet nor the functions above decompress. */
const UNREADABLE: ReadonlySet<CompressionCodec> = new Set(["LZO", "LZ4", "LZ4_RAW"]);

/** The documents of a Parquet file. Rows have the same meaning as in `.csv`. */
export async function* readParquet(
  file: TextFile,
  options: CorpusOptions,
): AsyncGenerator<RawDocument> {
  yield* gatherRows(file, parquetRows(file.path, options), options);
}

async function* parquetRows(path: string, options: CorpusOptions): AsyncGenerator<Row> {
  using opened = await open(path);
  const file = asyncBuffer(opened, (await opened.stat()).size, options);
  const metadata = await whole(path, () => parquetMetadataAsync(file));
  const columns = columnsOf(path, await whole(path, () => columnsIn(metadata)), options);
  refuseUnreadable(path, metadata, columns);
  await whole(path, () => checkRows(metadata, columns));
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    const values: unknown[][] = [];
    // One column after the other: if two were read at once and both failed, nobody would await the error
    // of the second one, which would end the process.
    for (const column of columns) {
      values.push(await whole(path, () => readColumn(file, metadata, column, rowStart, rowEnd)));
    }
    for (let i = 0; i < rowEnd - rowStart; i++) {
      const fields = new Map(columns.map((column, at) => [column, values[at][i]]));
      yield { row: rowStart + i + 1, fields };
    }
    rowStart = rowEnd;
  }
}

function columnsIn(metadata: FileMetaData): Column[] {
  return parquetSchema(metadata).children.map(({ element, children }) => {
    if (typeof element.name !== "string") throw new TypeError("a column has no name"); // the file is damaged
    const isNested = children.length > 0 || element.repetition_type === "REPEATED";
    return { name: element.name, isNested };
  });
}

/** Throws if the row groups do not have as many rows as the file says: some would be lost silently. */
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
    const problem = `expected columns packed by Snappy, gzip, Zstandard or Brotli, found ${codec}`;
    throw new FormatError(path, `${problem}: write the file again with one of those`);
  }
}

/** The values of a column in some rows. */
async function readColumn(
  file: AsyncBuffer,
  metadata: FileMetaData,
  column: string,
  rowStart: number,
  rowEnd: number,
): Promise<unknown[]> {
  const rows = await parquetReadObjects({
    file,
    metadata,
    columns: [column],
    rowStart,
    rowEnd,
    compressors: COMPRESSORS,
    parsers: { stringFromBytes },
  });
  return rows.map((row, i) => {
    if (row[column] === undefined) throw new RangeError(`row ${rowStart + i + 1} has no value`);
    return row[column];
  });
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Decodes UTF-8. Bytes that are no UTF-8 are returned as they are: whoever checks the row refuses them,
 * with its number.
 */
function stringFromBytes(bytes: Uint8Array): string | Uint8Array {
  if (!bytes) return bytes; // the value of a row without one
  try {
    return decoder.decode(bytes);
  } catch {
    return bytes;
  }
}

async function open(path: string): Promise<Deno.FsFile> {
  return await Deno.open(path).catch((error: Error) => {
    throw new FormatError(path, `expected a file that can be read, found: ${error.message}`);
  });
}

/** Runs a part of the reading, and reports any error in it as a fault of the file. */
async function whole<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const problem = `expected a whole Parquet file, found a fault in it or its end too early ` +
      `(${(error as Error).message}): fetch it again`;
    throw new FormatError(path, problem);
  }
}

/**
 * The file in the form that hyparquet reads: by ranges of bytes. `slice()` returns bytes and not a
 * promise of them: if hyparquet finds another part of the file damaged, it awaits no pending promise,
 * and an error in one of those would end the process.
 */
function asyncBuffer(
  file: Deno.FsFile,
  byteLength: number,
  { onRead }: CorpusOptions,
): AsyncBuffer {
  return {
    byteLength,
    slice(start, end = byteLength) {
      if (!(start >= 0 && start <= end && end <= byteLength)) {
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
      return bytes.buffer;
    },
  };
}
