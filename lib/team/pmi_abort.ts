/**
 * Asking the launcher to end all processes without a library of MPI: before `MPI_Init()`, or where
 * there is no library. `mpiexec` of MPICH and Intel MPI, and `srun --mpi=pmi2`, listen on a file
 * descriptor that the variable PMI_FD names. The protocol is PMI 1 (`src/pmi/src/pmi_v1.c` of MPICH).
 */
import { C_LIBRARY } from "../c_library.ts";
import { mayCallNative, permittedVariable } from "../permissions.ts";
import { sleep } from "../sleep.ts";

const WRITE = { write: { parameters: ["i32", "buffer", "usize"], result: "isize" } } as const;

const INIT = "cmd=init pmi_version=1 pmi_subversion=1\n";
const ABORT = "cmd=abort exitcode=1\n";
/**
 * Milliseconds for the launcher to forward printed text before it ends all processes, and to read a
 * message: it takes two that arrive together for one.
 */
const PAUSE = 300;

/** The file descriptor on which the launcher listens; undefined if there is none. */
export function pmiDescriptor(
  variable: (name: string) => string | undefined = permittedVariable,
): number | undefined {
  const text = variable("PMI_FD");
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/**
 * Asks the launcher to end all processes. It returns where nobody listens, and may return elsewhere
 * before this process is ended.
 *
 * @param descriptor That of `pmiDescriptor()`.
 * @param begun Whether `MPI_Init()` has been called, which introduces this process to the launcher.
 */
export function pmiAbort(descriptor: number | undefined, begun: boolean): void {
  if (descriptor === undefined || !C_LIBRARY || !mayCallNative()) return;
  const { symbols: { write } } = Deno.dlopen(C_LIBRARY, WRITE);
  const send = (message: string) => {
    const bytes = new TextEncoder().encode(message);
    write(descriptor, bytes, BigInt(bytes.length));
  };
  if (!begun) send(INIT);
  sleep(PAUSE);
  send(ABORT);
  sleep(PAUSE);
}
