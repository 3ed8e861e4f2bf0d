import { strictEqual } from "node:assert";
import { LaneAssembler, type Lanes } from "bert/backend/native/lane_assembler.ts";
import { ENCODINGS, place } from "../../support/encodings.ts";

const PLACES = [
  place("rax"),
  place("rcx", "rdi"),
  place("r15", undefined, 1, 192),
  place("r13", "r9", 1, 2048),
];

/** The names of registers and instructions in the fixture, by width. */
const NOTATION = {
  8: { vector: "ymm", registers: 16, prefix: "{vex3} ", words: "", extract: "vextractf128" },
  16: { vector: "zmm", registers: 32, prefix: "", words: "d", extract: "vextractf32x4" },
} as const;

function compare(lanes: Lanes, text: string, emit: (assembler: LaneAssembler) => void): void {
  const assembler = new LaneAssembler(lanes);
  emit(assembler);
  strictEqual(assembler.bytes().toHex(), ENCODINGS[`${NOTATION[lanes].prefix}${text}`], text);
}

/** The methods for instructions of three operands, by the instruction's name. */
function threes(words: string) {
  return {
    vaddps: "plus",
    vsubps: "minus",
    vmulps: "times",
    vdivps: "over",
    vmaxps: "larger",
    vfmadd213ps: "timesPlus",
    vpaddd: "plusWords",
    vpmulld: "timesWords",
    [`vpand${words}`]: "and",
    [`vpandn${words}`]: "andNot",
    [`vpor${words}`]: "or",
    [`vpxor${words}`]: "differing",
  } as Record<string, "plus">; // all of them have the same parameters
}

for (const lanes of [8, 16] as const) {
  const { vector, registers, words, extract } = NOTATION[lanes];
  Deno.test(`instructions on vectors of ${lanes} floats have the bytes that GNU as gives them`, () => {
    for (let x = 0; x < registers; x += 3) {
      const [y, z] = [(x + 5) % registers, (x + 11) % registers];
      const [a, b, c] = [x, y, z].map((i) => `${vector}${i}`);
      const [text, at] = PLACES[x / 3 % 4];
      for (const [name, method] of Object.entries(threes(words))) {
        compare(lanes, `${name} ${a}, ${b}, ${c}`, (to) => to[method](x, y, z));
        compare(lanes, `${name} ${a}, ${b}, ${text}`, (to) => to[method](x, y, at));
      }
      compare(lanes, `vmovups ${a}, ${c}`, (to) => to.get(x, z));
      compare(lanes, `vmovups ${a}, ${text}`, (to) => to.get(x, at));
      compare(lanes, `vsqrtps ${a}, ${c}`, (to) => to.root(x, z));
      compare(lanes, `vsqrtps ${a}, ${text}`, (to) => to.root(x, at));
      compare(lanes, `vcvtdq2ps ${a}, ${c}`, (to) => to.toFloats(x, z));
      compare(lanes, `vcvtdq2ps ${a}, ${text}`, (to) => to.toFloats(x, at));
      compare(lanes, `vmovups ${text}, ${a}`, (to) => to.put(at, x));
      compare(lanes, `vbroadcastss ${a}, dword ptr ${text}`, (to) => to.spread(x, at));
      compare(lanes, `vbroadcastss ${a}, xmm${z}`, (to) => to.spread(x, z));
      compare(lanes, `vpslld ${a}, ${b}, 23`, (to) => to.shiftLeft(x, y, 23));
      compare(lanes, `vpsrld ${a}, ${b}, 16`, (to) => to.shiftRight(x, y, 16));
      compare(lanes, `vpsrad ${a}, ${b}, 31`, (to) => to.shiftSigned(x, y, 31));
      compare(lanes, `vpermilps ${a}, ${b}, 78`, (to) => to.reorder(x, y, 78));
      compare(lanes, `${extract} xmm${x}, ${b}, 1`, (to) => to.four(x, y, 1));
    }
  });
}

/** The bytes of some instructions, one after the other. */
function joined(...texts: readonly string[]): string {
  return texts.map((text) => ENCODINGS[text]).join("");
}

Deno.test("comparisons and sums of four floats have the bytes that GNU as gives them", () => {
  const bytes = (lanes: Lanes, emit: (assembler: LaneAssembler) => void) => {
    const assembler = new LaneAssembler(lanes);
    emit(assembler);
    return assembler.bytes().toHex();
  };
  for (let x = 0; x < 16; x += 3) {
    const [y, z] = [(x + 5) % 16, (x + 11) % 16];
    const three = `${x}, ymm${y}, ymm${z}`;
    strictEqual(
      bytes(8, (to) => to.plusFour(x, y, z)),
      ENCODINGS[`{vex3} vaddps xmm${three.replaceAll("ymm", "xmm")}`],
    );
    strictEqual(
      bytes(8, (to) => to.addProductFour(x, y, z)),
      ENCODINGS[`{vex3} vfmadd231ps xmm${three.replaceAll("ymm", "xmm")}`],
    );
    const [text, at] = PLACES[x / 3 % 4];
    strictEqual(
      bytes(8, (to) => to.putFirst(at, x)),
      ENCODINGS[`{vex3} vextractps ${text}, xmm${x}, 0`],
    );
    strictEqual(
      bytes(8, (to) => to.clearWhereBelow(9, y, z, x)).slice(0, -10),
      joined(`{vex3} vcmpltps ymm${three}`),
    );
    strictEqual(
      bytes(8, (to) => to.whereAtLeast(x, y, z, 0)).slice(0, 10),
      joined(`{vex3} vpmaxud ymm${three}`),
    );
  }
  for (let x = 0; x < 32; x += 3) {
    const [y, z] = [(x + 5) % 32, (x + 11) % 32];
    const compared = `k1, zmm${y}, zmm${z}`;
    strictEqual(
      bytes(16, (to) => to.clearWhereBelow(x, y, z, 0)).slice(0, 14),
      joined(`vcmpnltps ${compared}`),
    );
    strictEqual(
      bytes(16, (to) => to.whereAtLeast(x, y, z, y)),
      joined(`vpcmpnltud ${compared}`, `vmovaps zmm${x}{k1}{z}, zmm${y}`),
    );
  }
});
