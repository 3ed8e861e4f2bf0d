// deno-lint-ignore-file camelcase -- the names of Jupyter's own format
import { deepStrictEqual, strictEqual } from "node:assert";
import { type Cell, finished, jupyterJson, type Notebook } from "bert/cli/notebook_file.ts";

Deno.test("jupyterJson() sorts keys and writes numbers as Python does, and changes no text", () => {
  const value = {
    b: [0.00001916, -5e-7, 0.0001, 12, 1.5, 0],
    a: "1e-7 and\n0.00001,",
    c: { z: 1, y: 2e-10 },
  };
  strictEqual(
    jupyterJson(value),
    [
      "{",
      ' "a": "1e-7 and\\n0.00001,",',
      ' "b": [',
      "  1.916e-05,",
      "  -5e-07,",
      "  0.0001,",
      "  12,",
      "  1.5,",
      "  0",
      " ],",
      ' "c": {',
      '  "y": 2e-10,',
      '  "z": 1',
      " }",
      "}",
    ].join("\n"),
  );
  deepStrictEqual(JSON.parse(jupyterJson(value)), value);
});

Deno.test("finished() keeps tags and the metadata that hides code, and no other metadata", () => {
  const cell = (metadata: Record<string, unknown>): Cell => ({
    id: "a",
    cell_type: "code",
    source: "1",
    metadata,
    outputs: [],
  });
  const notebook: Notebook = {
    cells: [
      cell({ jupyter: { source_hidden: true, outputs_hidden: true }, collapsed: true }),
      cell({ tags: ["volatile"], scrolled: true }),
      cell({ tags: [], jupyter: { source_hidden: false } }),
    ],
    metadata: { kernelspec: { name: "deno" }, widgets: {} },
    nbformat: 4,
    nbformat_minor: 5,
  };
  const { cells, metadata } = finished(notebook, "smoke");
  deepStrictEqual(cells.map((one) => one.metadata), [
    { jupyter: { source_hidden: true }, transient: { remove_source: true } },
    { tags: ["volatile"] },
    {},
  ]);
  deepStrictEqual(Object.keys(metadata), ["kernelspec", "language_info", "ran"]);
});

Deno.test("finished() keeps the pictures of a Markdown cell", () => {
  const attachments = { "a.png": { "image/png": "iVBORw0KGgo=" } };
  const cell: Cell = {
    id: "a",
    cell_type: "markdown",
    source: "![a](attachment:a.png)",
    metadata: {},
    attachments,
  };
  const notebook = { cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 };
  deepStrictEqual(finished(notebook, "smoke").cells[0].attachments, attachments);
});
