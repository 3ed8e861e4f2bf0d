// deno-lint-ignore-file camelcase -- these are the names of C functions
/**
 * A library of MPI, called through FFI. It only moves bytes and never sums, so that results do not
 * depend on the library. Operations are started and then polled, so that no call blocks.
 */
import { type Abi, abiOf, type AbiValues } from "./mpi_abi.ts";

/** An operation that was started. */
export interface Request {
  /** What it does, for messages. */
  readonly what: string;
  /** Polls the operation, which makes progress by it; returns whether it is done. */
  test(): boolean;
}

/** The value of a handle. */
type Handle = number | bigint;

interface Calls {
  MPI_Get_library_version(text: BufferSource, length: BufferSource): number;
  MPI_Init_thread(argc: null, argv: null, wanted: number, provided: BufferSource): number;
  MPI_Comm_set_errhandler(world: Handle, handler: Handle): number;
  MPI_Comm_rank(world: Handle, rank: BufferSource): number;
  MPI_Comm_size(world: Handle, size: BufferSource): number;
  MPI_Get_processor_name(text: BufferSource, length: BufferSource): number;
  MPI_Error_string(code: number, text: BufferSource, length: BufferSource): number;
  MPI_Ialltoall(
    ...call: [BufferSource, number, Handle, BufferSource, number, Handle, Handle, BufferSource]
  ): number;
  MPI_Iallgather(
    ...call: [BufferSource, number, Handle, BufferSource, number, Handle, Handle, BufferSource]
  ): number;
  MPI_Ibcast(...call: [BufferSource, number, Handle, number, Handle, BufferSource]): number;
  MPI_Test(request: BufferSource, done: BufferSource, status: bigint): number;
  MPI_Abort(world: Handle, code: number): number;
  MPI_Finalize(): number;
}

/** The functions, with the library's type of handles. */
function signatures(handle: "i32" | "usize") {
  const result = "i32" as const;
  const text = { parameters: ["buffer", "buffer"], result } as const;
  const ofWorld = { parameters: [handle, "buffer"], result } as const;
  const sent = ["buffer", "i32", handle] as const;
  const everyone = [...sent, ...sent, handle, "buffer"] as const;
  return {
    MPI_Get_library_version: text,
    MPI_Init_thread: { parameters: ["pointer", "pointer", "i32", "buffer"], result },
    MPI_Comm_set_errhandler: { parameters: [handle, handle], result },
    MPI_Comm_rank: ofWorld,
    MPI_Comm_size: ofWorld,
    MPI_Get_processor_name: text,
    MPI_Error_string: { parameters: ["i32", "buffer", "buffer"], result },
    MPI_Ialltoall: { parameters: everyone, result },
    MPI_Iallgather: { parameters: everyone, result },
    MPI_Ibcast: { parameters: [...sent, "i32", handle, "buffer"], result },
    MPI_Test: { parameters: ["buffer", "buffer", "usize"], result },
    MPI_Abort: { parameters: [handle, "i32"], result },
    MPI_Finalize: { parameters: [], result },
  } as const satisfies Record<string, Deno.ForeignFunction>;
}

/** More bytes than the longest text of any library. */
const TEXT_BYTES = 8192;

/** Integers that C may write to. V8 may move small arrays, but not those with a buffer of their own. */
function integers(count: number): Int32Array<ArrayBuffer> {
  return new Int32Array(new ArrayBuffer(4 * count));
}

/** A loaded library of MPI. `start()` connects this process to the others. */
export class Mpi {
  /** The path of the library. */
  readonly path: string;
  /** Its binary interface. */
  readonly abi: Abi;
  /** Its name and version, such as `MPICH 5.0.2`. */
  readonly version: string;
  readonly #calls: Calls;
  readonly #values: AbiValues;
  readonly #flag = integers(1);

  /**
   * Loads a library.
   *
   * @param path The path of its file, or its name if the system finds it.
   * @throws {Error} If the file is missing, is no library, or lacks a function of MPI 3.1.
   */
  constructor(path: string) {
    const { abi, values } = abiOf(path);
    this.path = path;
    this.abi = abi;
    this.#values = values;
    this.#calls = Deno.dlopen(path, signatures(values.handle)).symbols as unknown as Calls;
    this.version = shortVersion(
      this.#text((text, length) => this.#calls.MPI_Get_library_version(text, length)),
    );
  }

  /**
   * Connects to the processes that the launcher started. It must be called first, and only once in a
   * process.
   *
   * @returns The number of this process, how many there are, and the name of its machine.
   */
  start(): { rank: number; size: number; machine: string } {
    const { funneled, world, errorsReturn } = this.#values;
    const out = integers(1);
    this.#check("MPI_Init_thread", this.#calls.MPI_Init_thread(null, null, funneled, out));
    this.#calls.MPI_Comm_set_errhandler(world, errorsReturn); // errors come back as codes
    this.#check("MPI_Comm_rank", this.#calls.MPI_Comm_rank(world, out));
    const [rank] = out;
    this.#check("MPI_Comm_size", this.#calls.MPI_Comm_size(world, out));
    const [size] = out;
    const machine = this.#text((text, length) => this.#calls.MPI_Get_processor_name(text, length));
    return { rank, size, machine };
  }

  /**
   * Starts an all-to-all operation: part r of `from` is sent to rank r, and the part that rank r
   * sends is stored as part r of `to`.
   *
   * @param bytesEach The bytes of one part.
   */
  allToAll(from: Bytes, to: Bytes, bytesEach: number): Request {
    const { byte, world } = this.#values;
    return this.#begin(
      "MPI_Ialltoall",
      [from, to],
      (request) =>
        this.#calls.MPI_Ialltoall(from, bytesEach, byte, to, bytesEach, byte, world, request),
    );
  }

  /** Starts an all-gather operation: `from` of rank r becomes part r of `to` on every rank. */
  allGather(from: Bytes, to: Bytes): Request {
    const { byte, world } = this.#values;
    const { byteLength } = from;
    return this.#begin(
      "MPI_Iallgather",
      [from, to],
      (request) =>
        this.#calls.MPI_Iallgather(from, byteLength, byte, to, byteLength, byte, world, request),
    );
  }

  /** Starts a broadcast: `bytes` of rank 0 is copied to `bytes` of every rank. */
  broadcast(bytes: Bytes): Request {
    const { byte, world } = this.#values;
    return this.#begin(
      "MPI_Ibcast",
      [bytes],
      (request) => this.#calls.MPI_Ibcast(bytes, bytes.byteLength, byte, 0, world, request),
    );
  }

  /** Ends all processes of the job with an exit code. Usually it does not return. */
  abort(code: number): void {
    this.#calls.MPI_Abort(this.#values.world, code);
  }

  /**
   * Disconnects from the other processes, which must do the same. No other method may be called
   * afterwards.
   */
  close(): void {
    this.#check("MPI_Finalize", this.#calls.MPI_Finalize());
  }

  /**
   * Starts an operation.
   *
   * @param used Memory that the library reads and writes during the operation. It must not be freed
   * before its end.
   */
  #begin(what: string, used: readonly Bytes[], begin: (request: Bytes) => number): Request {
    const request = new Uint8Array(new ArrayBuffer(this.#values.requestBytes));
    this.#check(what, begin(request));
    return {
      what,
      test: () => {
        const { MPI_Test } = this.#calls;
        this.#check(what, MPI_Test(request, this.#flag, this.#values.statusIgnore));
        return this.#flag[0] !== 0 && used.length > 0; // refers to `used`, so that it is not freed
      },
    };
  }

  #check(what: string, code: number): void {
    if (code === 0) return;
    const reason = this.#text((text, length) => this.#calls.MPI_Error_string(code, text, length));
    throw new Error(`${what} of ${this.version} failed: ${reason.split("\n")[0]}`);
  }

  #text(write: (text: Bytes, length: Int32Array<ArrayBuffer>) => number): string {
    const text = new Uint8Array(TEXT_BYTES);
    const length = integers(1);
    write(text, length);
    return new TextDecoder().decode(text.subarray(0, length[0])).replace(/\0.*$/s, "");
  }
}

/** The short form of a version: `MPICH 5.0.2` for `MPICH Version: 5.0.2 …`. */
function shortVersion(version: string): string {
  const first = version.split(/[\n,]/)[0].replace(/ for .*/, "").replaceAll("(R)", "");
  return first.replace(/\s*Version:?\s*/i, " ").replace(/ v(?=\d)/, " ").trim();
}

/** Bytes that a library may read and write, in memory that does not move. */
export type Bytes = Uint8Array<ArrayBuffer>;
