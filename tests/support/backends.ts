/** Runs a test on every backend that starts on this machine. */
import { AUTOMATIC_BACKENDS, useBackend } from "bert/backend/choose.ts";

/** The backends that start here without being named, fastest first; the fastest is left in use. */
export const BACKENDS = await startable();

async function startable(): Promise<string[]> {
  const found: string[] = [];
  for (const name of AUTOMATIC_BACKENDS) {
    if (await useBackend(name).then(() => true, () => false)) found.push(name);
  }
  await useBackend(found[0]);
  return found;
}

/** Registers a test for each backend; tensors are made inside `work`, on that backend. */
export function testOnBackends(name: string, work: () => void | Promise<void>): void {
  for (const backend of BACKENDS) {
    Deno.test(`${name} (${backend})`, async () => {
      await useBackend(backend);
      await work();
    });
  }
}
