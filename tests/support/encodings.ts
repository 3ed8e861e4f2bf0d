/** Instructions and their bytes by GNU as, which `fixtures/make_x86_encodings.py` runs. */
import { type Address, Reg } from "bert/backend/native/assembler.ts";

/** Bytes of each instruction, in hexadecimal. */
export const ENCODINGS: Readonly<Record<string, string>> = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/x86_encodings.json", import.meta.url)),
);

/** The name of a general register. */
export type Name = keyof typeof Reg;

/** The general registers, by number. */
export const NAMES = Object.keys(Reg) as Name[];

/** An address and its notation. */
export type Place = readonly [text: string, address: Address];

/** Makes an address, and its text in the notation of the fixture. */
export function place(base: Name, index?: Name, scale = 1, offset = 0): Place {
  const middle = index ? `+${index}*${scale}` : "";
  const end = offset === 0 ? "" : (offset > 0 ? "+" : "") + offset;
  const address = { base: Reg[base], index: index && Reg[index], scale, offset };
  return [`[${base}${middle}${end}]`, address];
}
