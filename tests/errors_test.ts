import { doesNotThrow, ok, strictEqual, throws } from "node:assert";
import { checkShape, ConfigError, FormatError, ShapeError } from "bert/errors.ts";

Deno.test("checkShape() accepts the right shape, and any size where a name stands", () => {
  doesNotThrow(() => checkShape("a sum", { shape: [2, 3] }, [2, 3]));
  doesNotThrow(() => checkShape("a sum", { shape: [7, 3] }, ["B", 3]));
  doesNotThrow(() => checkShape("a number", { shape: [] }, []));
});

Deno.test("checkShape() refuses another size and another rank", () => {
  for (const shape of [[3, 2], [2], [2, 3, 1], []]) {
    throws(() => checkShape("a sum", { shape }, [2, 3]), { name: "ShapeError", actual: shape });
  }
});

Deno.test("ShapeError says what was computed, expected and found", () => {
  const error = new ShapeError("f() from labels", ["B", 4], [2, 5]);
  strictEqual(error.message, "Cannot compute f() from labels: expected shape [B,4], got [2,5]");
  ok(error instanceof TypeError);
});

Deno.test("ConfigError names the field, its value and the advice", () => {
  const error = new ConfigError("heads", 3, "must divide 256: try 4");
  strictEqual(error.message, "Invalid heads = 3: it must divide 256: try 4");
  strictEqual(error.field, "heads");
  strictEqual(error.value, 3);
  ok(error instanceof RangeError);
});

Deno.test("ConfigError shows text in quotes, shows undefined as such and cuts off long values", () => {
  strictEqual(
    new ConfigError("name", "x", "must be y").message,
    'Invalid name = "x": it must be y',
  );
  strictEqual(
    new ConfigError("name", undefined, "must be y").message,
    "Invalid name = undefined: it must be y",
  );
  const { message } = new ConfigError("words", Array(500).fill(1), "must be fewer");
  ok(message.includes("...: it must be fewer") && message.length < 100, message);
});

Deno.test("FormatError names the file, and the line where there is one", () => {
  strictEqual(
    new FormatError("a.csv", "no header", 2).message,
    "Cannot read a.csv, line 2: no header",
  );
  const whole = new FormatError("a.csv", "empty");
  strictEqual(whole.message, "Cannot read a.csv: empty");
  strictEqual(whole.line, undefined);
  ok(whole instanceof SyntaxError);
});

Deno.test("checkShape() refuses what is no tensor", () => {
  const what = "linear() from x";
  const fix = "make one of it, as with tf.tensor\\(\\)$";
  const found = (shown: string) => ({
    name: "TypeError",
    message: new RegExp(
      `^Cannot compute linear\\(\\) from x: expected a tensor, found ${shown}: ${fix}`,
    ),
  });
  throws(() => checkShape(what, [[1, 2]] as never, ["N", "I"]), found("an array"));
  throws(() => checkShape(what, undefined as never, ["N", "I"]), found("undefined"));
  throws(() => checkShape(what, 5 as never, ["N", "I"]), found("5"));
});
