/** The loop over the depth of a product, which sums one tile of C from panels of A and B. */
import { type Assembler, number, Reg } from "./assembler.ts";
import { COLUMNS, PANEL_REGISTER } from "./panel_parameters.ts";

/** The steps along the depth in one turn of the loop. */
const UNROLL = 4;

const { rax, rcx, rdx } = Reg;
const { panelA, panelB, depth } = PANEL_REGISTER;

/**
 * Emits the loop over the depth: four steps a turn, then one at a time.
 *
 * @param rows Rows of a panel of A.
 * @param emitStep Emits a step. Its part of A begins `4 * rows * step` bytes after rax, its part of B
 * `4 * COLUMNS * step` bytes after rdx. It must not change rax, rcx and rdx.
 */
export function emitDepthLoop(
  assembler: Assembler,
  rows: number,
  emitStep: (step: number) => void,
): void {
  assembler.move(rax, panelA);
  assembler.move(rdx, panelB);
  assembler.move(rcx, depth);
  const [many, few, one, end] = [0, 1, 2, 3].map(() => assembler.label());
  assembler.compare(rcx, number(UNROLL));
  assembler.jump(few, "below");
  assembler.place(many);
  for (let step = 0; step < UNROLL; step++) emitStep(step);
  assembler.add(rax, number(UNROLL * 4 * rows));
  assembler.add(rdx, number(UNROLL * 4 * COLUMNS));
  assembler.subtract(rcx, number(UNROLL));
  assembler.compare(rcx, number(UNROLL));
  assembler.jump(many, "aboveOrEqual");
  assembler.place(few);
  assembler.compare(rcx, number(0));
  assembler.jump(end, "equal");
  assembler.place(one);
  emitStep(0);
  assembler.add(rax, number(4 * rows));
  assembler.add(rdx, number(4 * COLUMNS));
  assembler.subtract(rcx, number(1));
  assembler.jump(one, "notEqual");
  assembler.place(end);
}
