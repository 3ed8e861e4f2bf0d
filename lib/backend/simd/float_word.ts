/** The conversion of float parameters of a kernel to words of 32 bits. */

const floats = new Float32Array(1);
const words = new Int32Array(floats.buffer);

/** The word with the bits of a float parameter. */
export function float(value: number): number {
  floats[0] = value;
  return words[0];
}
