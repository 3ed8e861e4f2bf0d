/**
 * A variable of the environment as this test file sees it until the end of the block. The variables of
 * the process stay as they are, as other files may be tested in it at the same time.
 *
 * @param value What it holds; `undefined` as if it were not set.
 */
export function setVariable(name: string, value: string | undefined): Disposable {
  const { get } = Deno.env;
  Deno.env.get = (key) => key === name ? value : get(key);
  return { [Symbol.dispose]: () => void (Deno.env.get = get) };
}
