/** Safetensors files on disk, tensor by tensor, so that a model is never in memory twice. */
import { ARRAY, checkArguments, checkEntries, having, TEXT } from "../checks.ts";
import { FormatError } from "../errors.ts";
import { refusePointer } from "./foreign_formats.ts";
import { readError } from "./read.ts";
import { readAt } from "./read_at.ts";
import {
  checkLength,
  checkReadable,
  decodeTensor,
  encodeValues,
  type HostTensor,
} from "./safetensors.ts";
import {
  headerLength,
  LENGTH_BYTES,
  packHeader,
  readHeader,
  type SafetensorsHeader,
  type TensorHead,
} from "./safetensors_header.ts";

/**
 * An open safetensors file, whose header has been checked against the size of the file. The caller
 * calls `close()`, or declares it with `using`.
 *
 * @example
 * ```ts
 * import { SafetensorsFile, saveSafetensors } from "bert/files/safetensors_file.ts";
 * import { deepStrictEqual } from "node:assert";
 * const path = await Deno.makeTempFile();
 * const read = () => Promise.resolve(Float32Array.of(0.5, -1));
 * await saveSafetensors(path, [{ name: "row", shape: [2], dtype: "F32", read }]);
 * using file = await SafetensorsFile.open(path);
 * deepStrictEqual(file.read("row").data, Float32Array.of(0.5, -1));
 * ```
 */
export class SafetensorsFile implements Disposable {
  /** The path of the file. */
  readonly path: string;
  /** The places of the tensors, and the metadata. */
  readonly header: SafetensorsHeader;
  readonly #file: Deno.FsFile;
  readonly #start: number;

  private constructor(path: string, file: Deno.FsFile, header: SafetensorsHeader, start: number) {
    this.path = path;
    this.header = header;
    this.#file = file;
    this.#start = start;
  }

  /**
   * Opens a file and reads its header.
   *
   * @throws {FormatError} If the file cannot be read, or its header does not describe its contents.
   */
  static async open(path: string): Promise<SafetensorsFile> {
    const file = await openFile(path);
    try {
      const { size } = await file.stat();
      refusePointer(readAt(file, 0, Math.min(64, size), path), path);
      const length = headerLength(readAt(file, 0, Math.min(LENGTH_BYTES, size), path), size, path);
      const start = LENGTH_BYTES + length;
      const json = readAt(file, LENGTH_BYTES, length, path);
      return new SafetensorsFile(path, file, readHeader(json, size - start, path), start);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * The values of one tensor; F16, BF16 and F64 become float32.
   *
   * @throws {FormatError} If there is no such tensor, its type is not supported, or the file has
   * become shorter.
   */
  read(name: string): HostTensor {
    const place = this.header.tensors.get(name);
    if (!place) throw new FormatError(this.path, `expected a tensor "${name}", found none`);
    checkReadable(name, place, this.path);
    const { begin, end } = place;
    const bytes = readAt(this.#file, this.#start + begin, end - begin, this.path);
    return decodeTensor(place, bytes.buffer);
  }

  /** Closes the file. It may be called twice. */
  close(): void {
    this.#file[Symbol.dispose](); // unlike close() of a file, it may be called twice
  }

  /** Calls `close()` at the end of the block of a `using` declaration. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** A tensor that is going to be written; its values are read when it is its turn. */
export interface TensorSource extends TensorHead {
  /** Returns the values, as many as the shape says. */
  read(): Promise<Float32Array | Int32Array>;
}

const SOURCE = having("a source, { name, shape, dtype, read }", "name", "shape", "dtype", "read");

/**
 * Writes a file tensor by tensor, in the order of their names, and syncs it to disk.
 *
 * The file is written in place. If it must never be found incomplete, write it under another name and
 * rename it, as `saveFolder()` does.
 *
 * @param metadata Strings to keep in the header; transformers reads `format`. Default: none.
 * @throws {RangeError} If a source returns another number of values than its shape says.
 *
 * @example
 * ```ts
 * import { readSafetensors } from "bert/files/safetensors.ts";
 * import { saveSafetensors } from "bert/files/safetensors_file.ts";
 * import { strictEqual } from "node:assert";
 * const path = await Deno.makeTempFile();
 * const read = () => Promise.resolve(Float32Array.of(0.5, -1));
 * await saveSafetensors(path, [{ name: "row", shape: [2], dtype: "F32", read }], { format: "pt" });
 * strictEqual(readSafetensors(await Deno.readFile(path)).metadata.format, "pt");
 * ```
 */
export async function saveSafetensors(
  path: string,
  sources: readonly TensorSource[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const call = "saveSafetensors(path, sources)";
  checkArguments(call, [["path", path, TEXT], ["sources", sources, ARRAY]]);
  checkEntries(call, "sources", sources, SOURCE);
  const sorted = [...sources].sort((a, b) => a.name < b.name ? -1 : 1);
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  await writeAll(file, packHeader(sorted, metadata));
  for (const source of sorted) {
    const values = await source.read();
    checkLength(source.name, source.shape, values.length);
    await writeAll(file, encodeValues(values, source.dtype));
  }
  await file.sync();
}

/** Opens a regular file. Anything else is refused: reading a pipe, for instance, could wait for ever. */
async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    if ((await Deno.stat(path)).isFile) return await Deno.open(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw readError(error as Error, path);
    throw new FormatError(path, "expected a safetensors file, found nothing: check the path");
  }
  throw new FormatError(path, "expected a safetensors file, found something that is not a file");
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) written += await file.write(bytes.subarray(written));
}
