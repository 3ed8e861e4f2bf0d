/** Safetensors files on disk, tensor by tensor, so that a model is never in memory twice. */
import { ARRAY, checkArguments, checkEntries, having, TEXT } from "../checks.ts";
import { FormatError } from "../errors.ts";
import { refusePointer } from "./foreign_formats.ts";
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
 * An open file, whose header has been checked against its size.
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
  /** Where the file lies. */
  readonly path: string;
  /** Which tensors there are, and the metadata. */
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
   * Opens a file and reads its header; close it when you are done.
   *
   * @throws {FormatError} If there is no such file, or its header does not describe it.
   */
  static async open(path: string): Promise<SafetensorsFile> {
    const file = await openFile(path);
    try {
      const { size } = await file.stat();
      refusePointer(readAt(file, 0, Math.min(64, size), path), path);
      const length = headerLength(readAt(file, 0, Math.min(8, size), path), size, path);
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
   * @throws {FormatError} If there is no such tensor, its type is not read, or the file has shrunk.
   */
  read(name: string): HostTensor {
    const place = this.header.tensors.get(name);
    if (!place) throw new FormatError(this.path, `expected a tensor "${name}", found none`);
    checkReadable(name, place, this.path);
    const { begin, end } = place;
    const bytes = readAt(this.#file, this.#start + begin, end - begin, this.path);
    return decodeTensor(place, bytes.buffer);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** A tensor and where its values come from, asked for when it is their turn. */
export interface TensorSource extends TensorHead {
  /** Gives the values, as many as the shape says. */
  read(): Promise<Float32Array | Int32Array>;
}

const SOURCE = having("a source, { name, shape, dtype, read }", "name", "shape", "dtype", "read");

/**
 * Writes a file tensor by tensor, in the order of their names, and has the disk confirm it.
 *
 * Written directly: for a file that must never be half, write to the side and rename, as `saveFolder()` does.
 *
 * @throws {RangeError} If a source gives another number of values than its shape says.
 *
 * @example
 * ```ts
 * import { readSafetensors } from "bert/files/safetensors.ts";
 * import { saveSafetensors } from "bert/files/safetensors_file.ts";
 * import { strictEqual } from "node:assert";
 * const path = await Deno.makeTempFile();
 * const read = () => Promise.resolve(Float32Array.of(0.5, -1)); // asked for when it is its turn
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

/** Opens a file that is one: what is no file, a pipe for instance, could keep us waiting for ever. */
async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    if ((await Deno.stat(path)).isFile) return await Deno.open(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new FormatError(path, "expected a safetensors file, found nothing: check the path");
  }
  throw new FormatError(path, "expected a safetensors file, found something that is no file");
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) written += await file.write(bytes.subarray(written));
}
