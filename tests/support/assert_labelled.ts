import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { ClassifiedWord } from "bert/use/classify_words.ts";
import type { LabelledWord } from "bert/web/page/engine.ts";
import { assertClose } from "./assert_close.ts";

/** Throws unless the page's words have the classes and probabilities of `classifyWords()`, best first. */
export function assertLabelled(
  found: readonly LabelledWord[],
  wanted: readonly ClassifiedWord[],
  labels: readonly string[],
): void {
  deepStrictEqual(found.map(({ word }) => word), wanted.map(({ word }) => word));
  for (const [i, { label, probabilities }] of wanted.entries()) {
    const { classes } = found[i];
    strictEqual(classes[0].token, labels[label]);
    const shares = labels.map((name) => classes.find(({ token }) => token === name)!.share);
    assertClose(shares, probabilities, { atol: 1e-5 });
    ok(classes.every(({ share }, at) => at === 0 || share <= classes[at - 1].share));
  }
}
