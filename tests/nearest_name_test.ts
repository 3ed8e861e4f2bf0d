import { strictEqual } from "node:assert";
import { nearest } from "bert/nearest_name.ts";

Deno.test("nearest() finds the name of which a part was given, unless the part is much shorter", () => {
  strictEqual(nearest("steps", ["seed", "plannedSteps"]), "plannedSteps");
  strictEqual(nearest("onStepDone", ["onStep", "onEpoch"]), "onStep");
  strictEqual(nearest("pandas.DataFrame", ["FRAME", "frame"]), undefined);
});

Deno.test("nearest() counts two exchanged letters as one mistake", () => {
  strictEqual(nearest("--prot", ["--port", "--export"]), "--port");
  strictEqual(nearest("stou", ["moby-dick", "sotu"]), "sotu");
  strictEqual(nearest("mdoel", ["loss", "model"]), "model");
  strictEqual(nearest("--ptor", ["--port"]), undefined); // two mistakes in four letters are too many
});
