/** Runs a test on every backend that starts on this machine. */
import { AUTOMATIC_BACKENDS, useBackend } from "bert/backend/choose.ts";

/** The backends that start on this machine by default, the fastest first, which is then in use. */
export const BACKENDS = await startable();

async function startable(): Promise<string[]> {
  const found: string[] = [];
  for (const name of AUTOMATIC_BACKENDS) {
    if (await useBackend(name).then(() => true, () => false)) found.push(name);
  }
  await useBackend(found[0]);
  return found;
}

/** Registers a test for each backend. `work` makes its tensors on that backend. */
export function testOnBackends(name: string, work: () => void | Promise<void>): void {
  for (const backend of BACKENDS) {
    Deno.test(`${name} (${backend})`, async () => {
      await useBackend(backend);
      await work();
    });
  }
}
