/** The thread of `start_watch.ts`. */
import { parentPort, workerData } from "node:worker_threads";
import { C_LIBRARY } from "../c_library.ts";
import { pmiAbort } from "./pmi_abort.ts";
import type { StartWatchData } from "./start_watch.ts";

const { milliseconds, message, descriptor } = workerData as StartWatchData;

setTimeout(() => {
  Deno.stderr.writeSync(new TextEncoder().encode(message));
  pmiAbort(descriptor, true);
  endProcess();
}, milliseconds);
parentPort!.postMessage("started");

/** Ends the process and not only this thread, which is all that `Deno.exit()` would end. */
function endProcess(): void {
  const { symbols } = Deno.dlopen(C_LIBRARY!, {
    _exit: { parameters: ["i32"], result: "void" },
  });
  symbols._exit(1);
}
