/** Checks of Deno's permissions that never make Deno prompt the user. */

/** The value of an environment variable; undefined if it is empty, not set, or may not be read. */
export function permittedVariable(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) || undefined : undefined;
}

/** Whether native code may be called, that is, whether `--allow-ffi` was granted. */
export function mayCallNative(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}
