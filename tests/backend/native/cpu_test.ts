/** The meaning of the answers of CPUID and XGETBV, with recorded answers of other processors. */
import { deepStrictEqual } from "node:assert";
import { type Answer, featuresOf } from "bert/backend/native/cpu.ts";

/** A processor's answers by leaf and subleaf, and which registers its system saves. */
interface Processor {
  readonly leaves: Readonly<Record<string, readonly [number, number, number, number]>>;
  readonly saved?: number;
}

/** Answers of an emulated Intel Xeon w9-3475X (Sapphire Rapids), which has all three features. */
const SAPPHIRE_RAPIDS: Processor = {
  leaves: {
    "0/0": [0x20, 0x756e6547, 0x6c65746e, 0x49656e69],
    "1/0": [0x806f8, 0x10800, 0x7ffef3bf, 0xafebf9ff],
    "7/0": [2, 0xf1bf27eb, 0x18415f66, 0xfc804410],
    "7/1": [0x1c30, 0, 0, 0],
  },
  saved: 0xe7,
};

/** Answers of an emulated Intel Core i3-8121U (Cannon Lake), which has AVX-512 without bf16. */
const CANNON_LAKE: Processor = {
  leaves: {
    "0/0": [0x16, 0x756e6547, 0x6c65746e, 0x49656e69],
    "1/0": [0x60663, 0x10800, 0x7ffaf3bf, 0xafebf9ff],
    "7/0": [0, 0xf0bf27eb, 6, 0],
  },
  saved: 0xe7,
};

/** A processor with one bit of one answer cleared. */
function without({ leaves, saved }: Processor, leaf: string, register: number, bit: number) {
  const changed = leaves[leaf].map((word, i) => i === register ? word & ~(1 << bit) : word);
  return { leaves: { ...leaves, [leaf]: changed as [number, number, number, number] }, saved };
}

/** The features of a processor. Throws if a question is asked that it must not be asked. */
function features({ leaves, saved }: Processor) {
  const answer = ([eax, ebx, ecx, edx]: readonly number[]): Answer => ({ eax, ebx, ecx, edx });
  return featuresOf(
    (leaf, subleaf) => {
      if (!leaves[`${leaf}/${subleaf}`]) throw new Error(`CPUID was asked ${leaf}/${subleaf}`);
      return answer(leaves[`${leaf}/${subleaf}`]);
    },
    () => {
      if (saved === undefined) throw new Error("XGETBV does not exist");
      return answer([saved, 0, 0, 0]);
    },
  );
}

const NOTHING = { avx2: false, avx512: false, bf16: false };

Deno.test("AVX2, AVX-512 and bf16 are found where CPUID has them and the system saves their registers", () => {
  deepStrictEqual(features(SAPPHIRE_RAPIDS), { avx2: true, avx512: true, bf16: true });
  deepStrictEqual(features(CANNON_LAKE), { avx2: true, avx512: true, bf16: false });
  const [ebx, ecx] = [1, 2];
  const only256 = { avx2: true, avx512: false, bf16: false };
  for (const missing of [16, 30]) { // AVX512F, AVX512BW
    deepStrictEqual(features(without(SAPPHIRE_RAPIDS, "7/0", ebx, missing)), only256);
  }
  deepStrictEqual(features(without(SAPPHIRE_RAPIDS, "7/1", 0, 5)), {
    ...features(SAPPHIRE_RAPIDS),
    bf16: false,
  });
  for (const saved of [0x7, 0x27, 0x67, 0xc7]) { // without the masks or without one part of the registers of 512 bits
    deepStrictEqual(features({ ...SAPPHIRE_RAPIDS, saved }), only256);
  }
  deepStrictEqual(features({ ...SAPPHIRE_RAPIDS, saved: 3 }), NOTHING);
  deepStrictEqual(features(without(SAPPHIRE_RAPIDS, "7/0", ebx, 5)), NOTHING);
  const noXsave = { leaves: without(SAPPHIRE_RAPIDS, "1/0", ecx, 27).leaves };
  deepStrictEqual(features(noXsave), NOTHING);
  deepStrictEqual(features({ leaves: { "0/0": [1, 0, 0, 0] } }), NOTHING);
});
