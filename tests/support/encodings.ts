/** Instructions, and their bytes as GNU as gives them; `fixtures/make_x86_encodings.py` makes them. */
import { type Address, Reg } from "bert/backend/native/assembler.ts";

/** Bytes of each instruction, in hexadecimal. */
export const ENCODINGS: Readonly<Record<string, string>> = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/x86_encodings.json", import.meta.url)),
);

/** The name of a general register. */
export type Name = keyof typeof Reg;

/** The general registers, by number. */
export const NAMES = Object.keys(Reg) as Name[];

/** An address and how it is written. */
export type Place = readonly [text: string, address: Address];

/** An address as the fixture writes it. */
export function place(base: Name, index?: Name, scale = 1, offset = 0): Place {
  const middle = index ? `+${index}*${scale}` : "";
  const end = offset === 0 ? "" : (offset > 0 ? "+" : "") + offset;
  const address = { base: Reg[base], index: index && Reg[index], scale, offset };
  return [`[${base}${middle}${end}]`, address];
}
