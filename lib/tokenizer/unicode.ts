/**
 * Characters that the reference tokenizer treats differently from JavaScript, because its tables of
 * categories are those of Unicode 8 (2015) and JavaScript's are newer. Without these lists a newer
 * punctuation mark, such as U+2E4F, would be split off by this library and not by the reference.
 *
 * The lists were found by comparing every code point, alone, with `tokenizers` 0.23.3 under V8's
 * Unicode 17. With them, ids and offsets of 106,953 texts over all of Unicode equal those of
 * transformers 5.24.0, cased and uncased (tests/tokenizer/long/tokenizer_parity_test.ts).
 *
 * The older, slow tokenizer of transformers 4.46.3 (Python 3.11, Unicode 14) disagrees with the fast
 * one on 34,854 of these texts uncased and 32,359 cased. Where the two differ, this project follows
 * the fast one. Four causes explain every difference. The table says how many texts each of them
 * changes alone:
 *
 * | the slow tokenizer …                                                    | uncased | cased  |
 * | ----------------------------------------------------------------------- | ------- | ------ |
 * | drops code points that Unicode 14 does not assign; the fast one keeps them | 29,939 | 27,472 |
 * | knows accents, punctuation and format characters younger than Unicode 8 | 6,808   | 2,468  |
 * | composes letters and accents (NFC) first: `e` + U+0301 becomes `é`      | 35      | 3,509  |
 * | takes U+2B820 to U+2B91F for ideographs; the fast one skips them        | 67      | 67     |
 *
 * The fast tokenizer refuses half a surrogate pair. The slow one drops it as it drops U+FFFD, and so
 * does this project.
 */

/** Ranges of code points in ascending order, each with its first and its last one. */
export type CodePointRanges = readonly (readonly [number, number])[];

/** Format characters (Cf) that are newer than Unicode 8. They are not removed. */
export const LATER_FORMAT: CodePointRanges = parse("890-891 8e2 110cd 13430-1343f");

/** Punctuation that is newer than Unicode 8. It is not split off. */
export const LATER_PUNCTUATION: CodePointRanges = parse(
  "61d 9fd a76 c77 c84 1b4e-1b4f 1b7d-1b7f 2e43-2e4f 2e52-2e5d 10d6e 10ead 10f55-10f59 10f86-10f89 " +
    "113d4-113d5 113d7-113d8 1144b-1144f 1145a-1145b 1145d 11660-1166c 116b9 1183b 11944-11946 119e2 " +
    "11a3f-11a46 11a9a-11a9c 11a9e-11aa2 11b00-11b09 11be1 11c41-11c45 11c70-11c71 11ef7-11ef8 " +
    "11f43-11f4f 11fff 12ff1-12ff2 16d6d-16d6f 16e97-16e9a 16fe2 1e5ff 1e95e-1e95f",
);

/** Accents (Mn) that are newer than Unicode 8. They are not stripped. */
export const LATER_MARKS: CodePointRanges = parse(
  "7fd 897-89f 8ca-8e1 9fe afa-aff b55 c04 c3c d00 d3b-d3c d81 eba ece 180f 1885-1886 1abf-1ace " +
    "1df6-1dfb a82c a8c5 a8ff a9bd 10d24-10d27 10d69-10d6d 10eab-10eac 10efc-10eff 10f46-10f50 " +
    "10f82-10f85 11070 11073-11074 110c2 111c9 111cf 1123e 11241 1133b 113bb-113c0 113ce 113d0 113d2 " +
    "113e1-113e2 11438-1143f 11442-11444 11446 1145e 1182f-11837 11839-1183a 1193b-1193c 1193e 11943 " +
    "119d4-119d7 119da-119db 119e0 11a01-11a0a 11a33-11a38 11a3b-11a3e 11a47 11a51-11a56 11a59-11a5b " +
    "11a8a-11a96 11a98-11a99 11c30-11c36 11c38-11c3d 11c3f 11c92-11ca7 11caa-11cb0 11cb2-11cb3 " +
    "11cb5-11cb6 11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 11d47 11d90-11d91 11d95 11d97 11ef3-11ef4 " +
    "11f00-11f01 11f36-11f3a 11f40 11f42 11f5a 13440 13447-13455 1611e-16129 1612d-1612f 16f4f 16fe4 " +
    "1cf00-1cf2d 1cf30-1cf46 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e08f " +
    "1e130-1e136 1e2ae 1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e944-1e94a",
);

/**
 * Characters that NFD decomposes or reorders in newer versions of Unicode, but not in Unicode 9, whose
 * tables the reference has.
 */
export const LATER_FORMS: CodePointRanges = parse(
  "7fd 897-89f 8ca-8d3 9fe c3c d3b-d3c eba 1715 1abf-1ace 1df6-1dfa a82c 105c9 105e4 10d24-10d27 " +
    "10d69-10d6d 10eab-10eac 10efd-10eff 10f46-10f50 10f82-10f85 11070 1133b 11383 11385 1138e 11391 " +
    "113c5 113c7-113c8 113ce-113d0 1145e 11839-1183a 11938 1193d-1193e 11943 119e0 11a34 11a47 11a99 " +
    "11d42 11d44-11d45 11d97 11f41-11f42 16121-16129 1612f 16d68-16d6a 16ff0-16ff1 1e08f 1e130-1e136 " +
    "1e2ae 1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef",
);

/** Capitals whose small letters V8 does not know yet, and the distance from capital to small letter. */
export const LATER_CAPITALS: readonly (readonly [CodePointRanges, number])[] = [
  [parse("a7ce a7d2 a7d4"), 1],
  [parse("16ea0-16eb8"), 0x1b],
];

/** Whether a character lies in one of the ranges. */
export function isOneOf(char: string, ranges: CodePointRanges): boolean {
  const code = char.codePointAt(0) ?? 0;
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle][1] < code) low = middle + 1;
    else high = middle;
  }
  return low < ranges.length && ranges[low][0] <= code;
}

/** A regular expression that finds a character in any of the ranges. */
export function anyOf(ranges: CodePointRanges): RegExp {
  const hex = (code: number) => `\\u{${code.toString(16)}}`;
  const inside = ranges.map(([first, last]) => `${hex(first)}-${hex(last)}`).join("");
  return new RegExp(`[${inside}]`, "u");
}

/** Reads ranges from text: `first-last`, or one code point, in hexadecimal and separated by spaces. */
function parse(ranges: string): CodePointRanges {
  return ranges.split(" ").map((range) => {
    const [first, last = first] = range.split("-").map((hex) => parseInt(hex, 16));
    return [first, last] as const;
  }).sort((a, b) => a[0] - b[0]);
}
