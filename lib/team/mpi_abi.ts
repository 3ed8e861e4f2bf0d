/**
 * The binary interfaces of MPI libraries. They differ in the type of handles and in the values of
 * constants such as `MPI_COMM_WORLD` and `MPI_BYTE`. The functions and their arguments are those of
 * the standard.
 */

/** A library's binary interface: MPICH's, which Intel MPI has too, Open MPI's, or that of MPI 5.0. */
export type Abi = "MPICH" | "Open MPI" | "MPI 5.0";

/** The types and constants of one interface that this project uses. */
export interface AbiValues {
  /** How a communicator, a datatype or an error handler is passed. */
  readonly handle: "i32" | "usize";
  /** Bytes of a request. */
  readonly requestBytes: 4 | 8;
  /** `MPI_COMM_WORLD`. */
  readonly world: number | bigint;
  /** `MPI_BYTE`. */
  readonly byte: number | bigint;
  /** `MPI_ERRORS_RETURN`. */
  readonly errorsReturn: number | bigint;
  /** `MPI_STATUS_IGNORE`. */
  readonly statusIgnore: bigint;
  /** `MPI_THREAD_FUNNELED`: there may be threads, but only this one calls MPI. */
  readonly funneled: number;
}

/** Source: `mpi.h` of MPICH 5.0.2. */
const MPICH: AbiValues = {
  handle: "i32",
  requestBytes: 4,
  world: 0x44000000,
  byte: 0x4c00010d,
  errorsReturn: 0x54000001,
  statusIgnore: 1n,
  funneled: 1,
};

/** Source: `mpi_abi.h` of MPICH 5.0.2, which follows chapter 20 of the standard MPI 5.0. */
const STANDARD: AbiValues = {
  handle: "usize",
  requestBytes: 8,
  world: 0x101n,
  byte: 0x247n,
  errorsReturn: 0x143n,
  statusIgnore: 0n,
  funneled: 1024,
};

const OPEN_MPI_SYMBOLS = {
  ompi_mpi_comm_world: { type: "pointer" },
  ompi_mpi_byte: { type: "pointer" },
  ompi_mpi_errors_return: { type: "pointer" },
} as const;

/**
 * Finds the interface of a library. Open MPI is recognised by the objects that it exports as handles,
 * the interface of the standard by the name of the file.
 *
 * @throws {Error} If the library cannot be loaded.
 */
export function abiOf(path: string): { readonly abi: Abi; readonly values: AbiValues } {
  const openMpi = openMpiValues(path);
  if (openMpi) return { abi: "Open MPI", values: openMpi };
  const standard = /^libmpi_abi\b/.test(path.split("/").at(-1)!);
  return standard ? { abi: "MPI 5.0", values: STANDARD } : { abi: "MPICH", values: MPICH };
}

function openMpiValues(path: string): AbiValues | undefined {
  try {
    const { symbols } = Deno.dlopen(path, OPEN_MPI_SYMBOLS);
    const address = (symbol: Deno.PointerValue) => Deno.UnsafePointer.value(symbol);
    return {
      handle: "usize",
      requestBytes: 8,
      world: address(symbols.ompi_mpi_comm_world),
      byte: address(symbols.ompi_mpi_byte),
      errorsReturn: address(symbols.ompi_mpi_errors_return),
      statusIgnore: 0n,
      funneled: 1,
    };
  } catch {
    return undefined; // other symbols, or no library at all, for which the caller throws
  }
}
