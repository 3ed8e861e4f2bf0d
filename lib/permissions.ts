/** What a program may do already, found out without asking: nothing here ever makes Deno ask. */

/** The value of an environment variable; undefined if it is empty, not set, or may not be read. */
export function permittedVariable(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) || undefined : undefined;
}

/** Whether native code may be called. */
export function mayCallNative(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}
