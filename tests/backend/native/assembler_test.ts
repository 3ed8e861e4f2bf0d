import { strictEqual, throws } from "node:assert";
import { Assembler, number, Reg } from "bert/backend/native/assembler.ts";
import { ENCODINGS, NAMES, type Place, place } from "../../support/encodings.ts";

const OFFSETS = [0, 8, -128, 127, 128, -129, 65536];

function places(): Place[] {
  return [
    ...NAMES.flatMap((base) => [place(base), place(base, undefined, 1, 8)]),
    ...OFFSETS.flatMap((offset) => [
      place("rdx", undefined, 1, offset),
      place("r12", undefined, 1, offset),
      place("r9", "rdi", 8, offset),
    ]),
    ...NAMES.filter((index) => index !== "rsp").flatMap((index) => [
      place("rbx", index, 2),
      place("r13", index, 4, 24),
    ]),
    place("rax", "rcx", 1),
  ];
}

function encode(emit: (assembler: Assembler) => void): string {
  const assembler = new Assembler();
  emit(assembler);
  return assembler.bytes().toHex();
}

function compare(text: string, emit: (assembler: Assembler) => void): void {
  strictEqual(encode(emit), ENCODINGS[text], text);
}

Deno.test("instructions with addresses have the bytes that GNU as gives them", () => {
  for (const [text, at] of places()) {
    compare(`mov r11, ${text}`, (a) => a.load(Reg.r11, at));
    compare(`mov ${text}, edx`, (a) => a.store32(at, Reg.rdx));
    compare(`mov ${text}, r13`, (a) => a.store(at, Reg.r13));
    compare(`lea rbp, ${text}`, (a) => a.loadAddress(Reg.rbp, at));
    compare(`prefetcht0 ${text}`, (a) => a.prefetch(at));
    compare(`{vex3} vmovups ymm9, ${text}`, (a) => a.loadVector(9, at));
    compare(`{vex3} vmovups ${text}, ymm2`, (a) => a.storeVector(at, 2));
    compare(`{vex3} vbroadcastss ymm15, ${text}`, (a) => a.broadcast(15, at));
    compare(`{vex3} vmaskmovps ymm3, ymm12, ${text}`, (a) => a.loadMasked(3, 12, at));
    compare(`{vex3} vmaskmovps ${text}, ymm4, ymm13`, (a) => a.storeMasked(at, 4, 13));
    compare(`{vex3} vaddps ymm7, ymm8, ${text}`, (a) => a.addFrom(7, 8, at));
  }
});

Deno.test("instructions with general registers have the bytes that GNU as gives them", () => {
  NAMES.forEach((name, i) => {
    const [to, other] = [Reg[name], NAMES[(5 * i + 3) % 16]];
    compare(`mov ${name}, ${other}`, (a) => a.move(to, Reg[other]));
    for (
      const [operation, method] of [["add", "add"], ["sub", "subtract"], [
        "cmp",
        "compare",
      ]] as const
    ) {
      compare(`${operation} ${name}, ${other}`, (a) => a[method](to, Reg[other]));
      for (const value of name === "rax" ? [96, -128] : [96, -128, 65536]) {
        compare(`${operation} ${name}, ${value}`, (a) => a[method](to, number(value)));
      }
    }
    compare(`push ${name}`, (a) => a.push(to));
    compare(`pop ${name}`, (a) => a.pop(to));
  });
});

Deno.test("instructions with vectors have the bytes that GNU as gives them", () => {
  for (let x = 0; x < 16; x += 3) {
    for (let y = 0; y < 16; y += 5) {
      for (let z = 0; z < 16; z += 7) {
        compare(`{vex3} vfmadd231ps ymm${x}, ymm${y}, ymm${z}`, (a) => a.multiplyAdd(x, y, z));
        compare(`{vex3} vaddps ymm${x}, ymm${y}, ymm${z}`, (a) => a.addVectors(x, y, z));
      }
    }
    compare(`{vex3} vxorps ymm${x}, ymm${x}, ymm${x}`, (a) => a.clearVector(x));
  }
  compare("ret", (a) => a.return());
  compare("cpuid", (a) => a.cpuid());
  compare("xgetbv", (a) => a.xgetbv());
  compare("vzeroupper", (a) => a.clearUpperHalves());
});

Deno.test("jumps back and ahead have the bytes that GNU as gives them", () => {
  const conditions = [undefined, "below", "aboveOrEqual", "equal", "notEqual", "above"] as const;
  compare("jumps", (assembler) => {
    const back = assembler.label();
    const ahead = assembler.label();
    assembler.place(back);
    for (let i = 0; i < 70; i++) assembler.cpuid();
    for (const label of [back, ahead]) {
      for (const condition of conditions) assembler.jump(label, condition);
    }
    for (let i = 0; i < 70; i++) assembler.cpuid();
    assembler.place(ahead);
    assembler.return();
  });
});

Deno.test("operands that cannot be encoded are refused", () => {
  const assembler = new Assembler();
  throws(() => assembler.add(Reg.rax, number(2 ** 31)), /2147483648 does not fit into the 32 bits/);
  throws(
    () => assembler.load(Reg.rax, { base: Reg.rax, index: Reg.rsp }),
    /rsp cannot be an index/,
  );
  const label = assembler.label();
  assembler.jump(label);
  throws(() => assembler.bytes(), /1 jumps lead to labels without a place/);
  assembler.place(label);
  throws(() => assembler.place(label), /only one place/);
});
