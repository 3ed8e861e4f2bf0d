import { strictEqual } from "node:assert";
import { nearest } from "bert/nearest_name.ts";

Deno.test("nearest() takes a part of a name for the name, unless the part is much shorter", () => {
  strictEqual(nearest("steps", ["seed", "plannedSteps"]), "plannedSteps");
  strictEqual(nearest("onStepDone", ["onStep", "onEpoch"]), "onStep");
  strictEqual(nearest("pandas.DataFrame", ["FRAME", "frame"]), undefined);
});

Deno.test("nearest() takes two letters that were exchanged for one slip", () => {
  strictEqual(nearest("--prot", ["--port", "--export"]), "--port");
  strictEqual(nearest("stou", ["moby-dick", "sotu"]), "sotu");
  strictEqual(nearest("mdoel", ["loss", "model"]), "model");
  strictEqual(nearest("--ptor", ["--port"]), undefined); // two slips in four letters are too many
});
