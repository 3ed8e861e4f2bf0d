import { strictEqual } from "node:assert";
import { WideAssembler } from "bert/backend/native/avx512_assembler.ts";
import { ENCODINGS, NAMES, type Place, place } from "../../support/encodings.ts";

const OFFSETS = [0, 4, 508, 512, -512, -516, 64, 8128, 8192, -8192, -8256, 100];

function compare(text: string, emit: (assembler: WideAssembler) => void): void {
  const assembler = new WideAssembler();
  emit(assembler);
  strictEqual(assembler.bytes().toHex(), ENCODINGS[text], text);
}

function compareMoves([text, at]: Place, to: number, other: number, mask: number): void {
  compare(`vmovups zmm${to}, ${text}`, (a) => a.loadWide(to, at));
  compare(`vmovups zmm${other}{k${mask}}{z}, ${text}`, (a) => a.loadWide(other, at, mask));
  compare(`vmovups ${text}, zmm${other}`, (a) => a.storeWide(at, other));
  compare(`vmovups ${text}{k${mask}}, zmm${to}`, (a) => a.storeWide(at, to, mask));
  compare(`vbroadcastss zmm${other}, ${text}`, (a) => a.broadcastWide(other, at));
  compare(`{vex3} kmovw k${mask}, ${text}`, (a) => a.loadMask(mask, at));
}

Deno.test("instructions of AVX-512 with addresses have the bytes that GNU as gives them", () => {
  for (const base of ["rdx", "r12", "r13"] as const) {
    for (const offset of OFFSETS) compareMoves(place(base, undefined, 1, offset), 9, 26, 1);
  }
  NAMES.forEach((index, i) => {
    if (index === "rsp") return;
    compareMoves(place(i % 2 ? "r9" : "rbx", index, 1, 64), 31, 6, 1 + i % 7);
  });
});

Deno.test("instructions of AVX-512 with registers have the bytes that GNU as gives them", () => {
  for (let x = 0; x < 32; x += 5) {
    for (let y = 0; y < 32; y += 7) {
      for (let z = 0; z < 32; z += 9) {
        const three = `zmm${x}, zmm${y}, zmm${z}`;
        compare(`vfmadd231ps ${three}`, (a) => a.multiplyAddWide(x, y, z));
        compare(`vdpbf16ps ${three}`, (a) => a.multiplyAddPairs(x, y, z));
        compare(`vaddps ${three}`, (a) => a.addWide(x, y, z));
        compare(`vpermt2w ${three}`, (a) => a.permuteWords(x, y, z));
        compare(`vunpcklps ${three}`, (a) => a.interleaveLow(x, y, z));
        compare(`vunpckhps ${three}`, (a) => a.interleaveHigh(x, y, z));
        compare(`vunpcklpd ${three}`, (a) => a.joinLow(x, y, z));
        compare(`vunpckhpd ${three}`, (a) => a.joinHigh(x, y, z));
        compare(`vshuff32x4 ${three}, 136`, (a) => a.shuffleFours(x, y, z, 136));
      }
      compare(`vcvtneps2bf16 ymm${x}, zmm${y}`, (a) => a.roundToHalves(x, y));
    }
    compare(`vpxord zmm${x}, zmm${x}, zmm${x}`, (a) => a.clearWide(x));
  }
});
