/**
 * Sets an environment variable for this test file until the end of the block. The variables of the
 * process are not changed, as other files may be tested in it at the same time.
 *
 * @param value The value; `undefined` if the variable is not to be set.
 */
export function setVariable(name: string, value: string | undefined): Disposable {
  const { get } = Deno.env;
  Deno.env.get = (key) => key === name ? value : get(key);
  return { [Symbol.dispose]: () => void (Deno.env.get = get) };
}
