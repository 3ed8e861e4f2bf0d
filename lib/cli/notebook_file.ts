// deno-lint-ignore-file camelcase -- the names of Jupyter's own format
/**
 * `.ipynb` files: reading, checking, and writing them so that not a byte of an unchanged part changes.
 */
import { createHash } from "node:crypto";
import { FormatError } from "../errors.ts";
import { parseJson } from "../files/json.ts";
import { replaceFileSync } from "../files/write.ts";

/** One output of a cell, as nbformat 4 stores it. */
export type Output = Record<string, unknown> & { readonly output_type: string };

/** A cell of a notebook. */
export interface Cell {
  readonly id: string;
  readonly cell_type: "markdown" | "code" | "raw";
  readonly source: string | string[];
  readonly metadata: {
    readonly tags?: readonly string[];
    /** With `source_hidden` JupyterLab hides the code, as for diagrams. */
    readonly jupyter?: { readonly source_hidden?: boolean };
  };
  /** Pictures that were put into a Markdown cell, by their names. */
  readonly attachments?: Record<string, unknown>;
  outputs?: Output[];
  execution_count?: number | null;
}

/** A notebook file. */
export interface Notebook {
  readonly cells: Cell[];
  readonly metadata: Record<string, unknown>;
  readonly nbformat: number;
  readonly nbformat_minor: number;
}

/** Reads and checks a notebook. Throws `FormatError` if it is missing or is not a notebook. */
export async function readNotebook(path: string): Promise<Notebook> {
  const text = await Deno.readTextFile(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new FormatError(path, "expected a notebook, found nothing: check the name");
  });
  const notebook = parseJson(text, path) as Notebook;
  if (notebook?.nbformat === 4 && Array.isArray(notebook.cells)) return notebook;
  throw new FormatError(path, "expected a notebook of format 4, found something else: convert it");
}

/**
 * Writes a notebook to a temporary file and renames it. As this is synchronous, no signal handler runs
 * meanwhile: when the program ends, there is the old file or the new one, and no temporary file.
 */
export function writeNotebook(path: string, notebook: Notebook): void {
  replaceFileSync(path, notebookText(notebook));
}

/** The text of a notebook's file. */
export function notebookText(notebook: Notebook): string {
  return `${jupyterJson(notebook)}\n`;
}

/**
 * JSON as Jupyter writes it, with sorted keys and Python's notation of numbers (`1e-05`), so that a
 * notebook that is opened and saved in Jupyter stays the same.
 */
export function jupyterJson(value: unknown): string {
  const text = JSON.stringify(sorted(value), undefined, 1);
  return text.replaceAll(
    /^( *(?:"(?:[^"\\]|\\.)*": )?)(-?[\d.]+(?:e-\d+)?)(,?)$/gm,
    (_, ...parts) => {
      const [before, number, after] = parts as string[];
      return `${before}${pythonNumber(number)}${after}`;
    },
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => a < b ? -1 : 1).map(([key, part]) => [key, sorted(part)]),
  );
}

/** A number as Python writes it: with an exponent of at least two digits if it is below 0.0001. */
function pythonNumber(text: string): string {
  const value = Number(text);
  if (value === 0 || Math.abs(value) >= 1e-4) return text;
  return value.toExponential().replace(/e-(\d)$/, "e-0$1");
}

/**
 * The file names of the tutorial's notebooks: two digits, `_` and a name. Other notebooks belong to
 * the user.
 */
export const TUTORIAL_NOTEBOOK = /^\d\d_\w+\.ipynb$/;

/** The source of a cell as one string. */
export function sourceOf({ source }: Cell): string {
  return Array.isArray(source) ? source.join("") : source;
}

/** Splits a text as nbformat stores it: into lines with their line ends. */
export function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** The cells with code to run. */
export function codeCells({ cells }: Notebook): Cell[] {
  return cells.filter((cell) => cell.cell_type === "code" && sourceOf(cell).trim() !== "");
}

/**
 * Computes a digest of a notebook's code, which is saved with the outputs. If it differs later, the
 * outputs belong to other code.
 */
export function codeDigest(notebook: Notebook): string {
  const sources = codeCells(notebook).map(sourceOf);
  return createHash("sha256").update(JSON.stringify(sources)).digest("hex").slice(0, 16);
}

/**
 * Returns a notebook as it is saved: with outputs, with execution counts from 1, and with no other
 * metadata than what is needed.
 */
export function finished(notebook: Notebook, preset: string): Notebook {
  let count = 0;
  const cells = notebook.cells.map(({ id, cell_type, source, metadata, attachments, outputs }) => {
    const needed = metadataOf(metadata);
    if (cell_type !== "code") return { attachments, cell_type, id, metadata: needed, source };
    const empty = sourceOf({ id, cell_type, source, metadata }).trim() === "";
    const kept = metadata.tags?.includes("volatile") ? [] : outputs ?? [];
    const execution_count = empty ? null : ++count;
    return { cell_type, execution_count, id, metadata: needed, outputs: kept, source };
  });
  const { kernelspec, language_info: language } = notebook.metadata;
  // without the kernel's version JupyterLab marks a notebook as changed
  const language_info = { ...language as object, version: Deno.version.typescript };
  const ran = { preset, digest: codeDigest(notebook) };
  return { cells, metadata: { kernelspec, language_info, ran }, nbformat: 4, nbformat_minor: 5 };
}

/**
 * The tags of a cell and, if its code is hidden, the metadata by which JupyterLab and nbconvert hide
 * it.
 */
function metadataOf({ tags, jupyter }: Cell["metadata"]): Cell["metadata"] {
  const hidden = jupyter?.source_hidden === true;
  return {
    ...(hidden && { jupyter: { source_hidden: true } }),
    ...(tags?.length && { tags }),
    ...(hidden && { transient: { remove_source: true } }), // the same for nbconvert
  };
}
