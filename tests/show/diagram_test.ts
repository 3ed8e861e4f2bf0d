import { ok, strictEqual, throws } from "node:assert";
import { diagram } from "bert/show/diagram.ts";
import { matrices } from "bert/show/matrix_diagram.ts";
import { WIDTH } from "bert/show/svg.ts";

/** Left, top, width and height of each box, in the order in which they are drawn. */
function boxesOf(svg: string): { x: number; y: number; width: number; height: number }[] {
  return [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)]
    .map(([, x, y, width, height]) => ({ x: +x, y: +y, width: +width, height: +height }));
}

function apart(svg: string): boolean {
  const [card, ...boxes] = boxesOf(svg);
  return boxes.every((a, i) =>
    a.x >= 0 && a.x + a.width <= card.width && a.y + a.height <= card.height &&
    boxes.slice(i + 1).every((b) =>
      a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y
    )
  );
}

const HEAD = {
  title: "One head",
  rows: [["vectors [T, H]"], ["query [T, D]", "key [T, D]", "value [T, D]"], ["scores [T, T]"], [
    "mixed [T, D]",
  ]],
  arrows: ["vectors -> query: × Wq", "query -> scores", "key -> scores", "value -> mixed"],
};

Deno.test("diagram() draws boxes that neither overlap nor leave the card, with rows below each other", () => {
  const { svg } = diagram(HEAD);
  ok(apart(svg));
  const [, vectors, query, key, value, scores] = boxesOf(svg);
  ok(vectors.y < query.y && query.y === key.y && key.y === value.y && value.y < scores.y);
  ok(query.x < key.x && key.x < value.x);
});

Deno.test("diagram() widens its boxes for long names and its gaps for long labels", () => {
  const name = "a name that is longer than all the others";
  const arrows = [`${name} -> b: a label that needs a lot of room`];
  const { svg } = diagram({ title: "t", rows: [[name, "b"]], arrows });
  ok(apart(svg));
  const [, a, b] = boxesOf(svg);
  ok(a.width > 7 * name.length);
  ok(b.x - (a.x + a.width) > 6 * "a label that needs a lot of room".length);
});

Deno.test("diagram() describes boxes and arrows in its text", () => {
  strictEqual(
    diagram({ title: "Two", rows: [["t = a|text", "ids [T]"]], arrows: ["t -> ids: cut"] }).text,
    "Two\n  a text    ids [T]\n  a text -> ids: cut",
  );
});

Deno.test("diagram() finds a box by its short name, and shows the long one", () => {
  const rows = [["cut = cut: the text|into pieces [T]", "look up"]];
  const { svg } = diagram({ title: "t", rows, arrows: ["cut -> look up: ids"], marked: ["cut"] });
  for (const text of ["cut: the text", "into pieces", "[T]", "ids"]) {
    ok(svg.includes(`>${text}</text>`));
  }
  ok(!svg.includes("cut ="));
});

Deno.test("diagram() draws one arrow head for each arrow, and its label", () => {
  const { svg } = diagram({
    ...HEAD,
    arrows: ["vectors -> mixed: around", "query -> key: beside"],
  });
  strictEqual(svg.match(/M0 0L-9 -4L-9 4Z/g)?.length, 2);
  ok(svg.includes(">around</text>") && svg.includes(">beside</text>"));
});

Deno.test("diagram() moves boxes apart until the labels between two rows do not touch", () => {
  const rows = [["a"], ["b", "c"]];
  const arrows = ["a -> b: the longest match", "a -> c: all the rest"];
  const { svg } = diagram({ title: "t", rows, arrows });
  const grounds = [...svg.matchAll(/<path d="M([\d.]+) [\d.]+h([\d.]+)v17/g)];
  const [first, second] = grounds.map(([, left, width]) => ({ left: +left, width: +width }));
  ok(first.left + first.width < second.left);
  ok(apart(svg));
});

Deno.test("diagram() keeps an arrow around rows apart from the next one at the same box", () => {
  const rows = [["a"], ["b"], ["c"], ["d"], ["e"]];
  const { svg } = diagram({ title: "t", rows, arrows: ["a -> c: first", "c -> e: second"] });
  const curves = [...svg.matchAll(/<path d="M[\d.]+ ([\d.]+)C[^"]* ([\d.]+)"/g)];
  const [first, second] = curves.map(([, start, end]) => ({ start: +start, end: +end }));
  ok(second.start - first.end >= 12);
});

Deno.test("diagram() draws -- as a line without a head, and a label + large", () => {
  const { svg, text } = diagram({ title: "t", rows: [["a"], ["b"]], arrows: ["a -- b: +"] });
  ok(!svg.includes("M0 0L-9 -4L-9 4Z"));
  ok(/font-size="19"[^>]*>\+</.test(svg));
  ok(text.endsWith("a -- b: +"));
});

Deno.test("diagram() draws labels over all lines, so that no line crosses a label", () => {
  const rows = [["a", "b"], ["c", "d"]];
  const { svg } = diagram({ title: "t", rows, arrows: ["a -> d: first", "b -> c: second"] });
  ok(svg.lastIndexOf('stroke="#5a5a5a"') < svg.indexOf(">first<"));
  ok(svg.indexOf(">first<") < svg.indexOf(">second<"));
});

Deno.test("diagram() writes the letter after an underscore as a subscript", () => {
  const rows = [["a", "b"]];
  const { svg, text } = diagram({ title: "t", rows, arrows: ["a -> b: × W_Q"] });
  ok(svg.includes('>× W<tspan font-size="9" dy="3">Q</tspan></text>'));
  ok(text.includes("× W_Q"));
});

Deno.test("diagram() reads [T, H] after a name as the shape, and [MASK] as part of the name", () => {
  const { svg } = diagram({ title: "t", rows: [["a text with [MASK]", "vector of [CLS] [B, H]"]] });
  for (const text of ["a text with [MASK]", "vector of [CLS]", "[B, H]"]) {
    ok(svg.includes(`>${text}</text>`));
  }
});

Deno.test("diagram() escapes the characters of markup", () => {
  const { svg } = diagram({ title: "a < b", rows: [['"x" & <y>']] });
  ok(svg.includes("a &lt; b") && svg.includes("&quot;x&quot; &amp; &lt;y&gt;"));
});

Deno.test("diagram() draws a white background and refers to no other file", () => {
  const { svg } = diagram({ ...HEAD, learnt: ["query"], marked: ["mixed"] });
  ok(/<rect x="0.5" y="0.5" [^>]* fill="#ffffff"/.test(svg));
  ok(!/href|url\(|<style|<script/.test(svg));
});

Deno.test("diagram() refuses arrows and lists that name no box, and two boxes with one name", () => {
  const rows = [["query", "key"]];
  throws(
    () => diagram({ title: "t", rows, arrows: ["quary -> key"] }),
    new RangeError('No box has the name "quary": did you mean "query"?'),
  );
  throws(
    () => diagram({ title: "t", rows, learnt: ["something else"] }),
    new RangeError('No box has the name "something else"; there are query, key'),
  );
  throws(
    () => diagram({ title: "t", rows, arrows: ["query to key"] }),
    new RangeError(
      'Invalid arrow "query to key": it must be "from -> to" or "from -> to: label" (-- for no head)',
    ),
  );
  throws(
    () => diagram({ title: "t", rows: [["a"], ["a [T]"]] }),
    new RangeError('Two boxes have the name "a": give one of them another name'),
  );
});

Deno.test("a drawing that is too wide for a notebook is shown smaller, and all of it", () => {
  const sizes = ({ svg }: { svg: string }) => {
    const [, ...found] = svg.match(
      /^<svg .*? width="(\d+)" height="(\d+)" viewBox="0 0 (\d+) (\d+)">/,
    )!;
    const [width, height, ownWidth, ownHeight] = found.map(Number);
    return { width, height, ownWidth, ownHeight };
  };
  const row = Array.from({ length: 9 }, (_, i) => `the box ${i}`);
  const wide = [
    diagram({ title: "t", rows: [row] }),
    matrices({
      title: "t",
      terms: ["a [9, 16]", "×", "b [16, 16]", "=", "a long name of c [9, 16]"],
    }),
  ];
  for (const picture of wide) {
    const { width, height, ownWidth, ownHeight } = sizes(picture);
    ok(width === WIDTH && ownWidth > WIDTH, `${ownWidth}`);
    ok(Math.abs(height - ownHeight * WIDTH / ownWidth) <= 0.5, "the same shape");
  }
  const { width, height, ownWidth, ownHeight } = sizes(diagram(HEAD));
  ok(width === ownWidth && height === ownHeight && width < WIDTH, "others keep their size");
});
