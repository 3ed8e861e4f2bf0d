/** `.parquet`: tables as the Hugging Face Hub has them, read a row group and the needed columns at a time. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { FormatError } from "../errors.ts";
import type { CorpusOptions } from "./document.ts";
import type { RawDocument } from "./raw_document.ts";
import { columnsOf, gatherRows, type Row, type TextFile } from "./rows.ts";

/** What unpacks the pages of a column, beside Snappy, which hyparquet brings. */
const COMPRESSORS: Compressors = {
  GZIP: (bytes) => new Uint8Array(gunzipSync(bytes)),
  ZSTD: (bytes) => new Uint8Array(zstdDecompressSync(bytes)),
  BROTLI: (bytes) => new Uint8Array(brotliDecompressSync(bytes)),
};

/** The documents of a Parquet file; a row is what a row of `.csv` is. */
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
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  const columns = columnsOf(path, names, options);
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    const rows = await whole(path, () => readRows(file, metadata, columns, rowStart, rowEnd));
    for (const row of rows) yield { fields: new Map(Object.entries(row)) };
    rowStart = rowEnd;
  }
}

function readRows(
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: string[],
  rowStart: number,
  rowEnd: number,
): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({
    file,
    metadata,
    columns,
    rowStart,
    rowEnd,
    compressors: COMPRESSORS,
  });
}

async function open(path: string): Promise<Deno.FsFile> {
  return await Deno.open(path).catch((error: Error) => {
    throw new FormatError(path, `expected a file that can be read, found: ${error.message}`);
  });
}

/** Runs a part of the reading; whatever goes wrong in it is a fault of the file. */
async function whole<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const problem = `expected a whole Parquet file, found a fault in it or its end too early ` +
      `(${(error as Error).message}): fetch it again`;
    throw new FormatError(path, problem);
  }
}

/** A file as hyparquet reads one: any stretch of its bytes. */
function asyncBuffer(
  file: Deno.FsFile,
  byteLength: number,
  { onRead }: CorpusOptions,
): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = new Uint8Array(Math.max(0, end - start));
      await file.seek(start, Deno.SeekMode.Start);
      let at = 0;
      while (at < bytes.length) {
        const read = await file.read(bytes.subarray(at));
        if (read === null) throw new RangeError(`the file ends at byte ${start + at}`);
        at += read;
      }
      onRead?.(bytes.length);
      return bytes.buffer;
    },
  };
}
