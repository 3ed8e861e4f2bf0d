// deno-lint-ignore-file camelcase -- the names of Jupyter's own format
/**
 * Runs notebooks from top to bottom on the real kernel and saves what they show. It needs nothing but
 * Deno: no Python, no Jupyter.
 */
import { Kernel, type KernelMessage } from "./kernel.ts";
import {
  type Cell,
  codeCells,
  finished,
  type Notebook,
  type Output,
  readNotebook,
  sourceOf,
  writeNotebook,
} from "./notebook_file.ts";

/** How notebooks are run. */
export interface RunOptions {
  /** Value of `BERT_PRESET` for the kernel. */
  readonly preset: string;
  /** Whether to write the outputs into the file. */
  readonly save: boolean;
  /** Most seconds for one cell. */
  readonly timeout: number;
  /** Called when a cell begins: its number from 1, and how many there are. */
  readonly onCell?: (cell: number, cells: number) => void;
}

/** A cell failed. The message holds its source and the error, ready for a person to read. */
export class CellError extends Error {
  override readonly name = "CellError";
  readonly cell: number;

  constructor(path: string, cell: number, source: string, problem: string) {
    const indented = source.trim().split("\n").map((line) => `    ${line}`).join("\n");
    super(`Cannot run ${path}: code cell ${cell} failed\n\n${indented}\n\n${problem}`);
    this.cell = cell;
  }
}

/** Kernels that run now, so that a signal can end them. */
const running = new Set<Kernel>();

/** Ends every kernel at once: for a signal handler. */
export function killKernels(): void {
  for (const kernel of running) kernel.kill();
}

/**
 * Runs all code cells of a notebook in a fresh kernel.
 *
 * A cell tagged `raises-exception` may fail. Outputs of cells tagged `volatile` are not saved. The
 * file is written only when every cell has run.
 *
 * @throws {CellError} At the first cell that fails, runs too long, or ends the kernel.
 * @throws {FormatError} If the file is not a notebook.
 */
export async function runNotebook(path: string, options: RunOptions): Promise<Notebook> {
  const notebook = await readNotebook(path);
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
  const kernel = await Kernel.start({ folder, env: { BERT_PRESET: options.preset } });
  running.add(kernel);
  try {
    const cells = codeCells(notebook);
    for (const [i, cell] of cells.entries()) {
      options.onCell?.(i + 1, cells.length);
      await runCell(kernel, cell, path, i + 1, options.timeout);
    }
  } finally {
    running.delete(kernel);
    await kernel.stop();
  }
  const result = finished(notebook, options.preset);
  if (options.save) await writeNotebook(path, result);
  return result;
}

async function runCell(
  kernel: Kernel,
  cell: Cell,
  path: string,
  number: number,
  timeout: number,
): Promise<void> {
  const recorder = new OutputRecorder(number);
  const source = sourceOf(cell);
  try {
    await kernel.execute(source, (message) => recorder.add(message), timeout);
  } catch (error) {
    throw new CellError(
      path,
      number,
      source,
      error instanceof Error ? error.message : String(error),
    );
  }
  cell.outputs = recorder.outputs;
  if (recorder.error === undefined || cell.metadata.tags?.includes("raises-exception")) return;
  throw new CellError(path, number, source, recorder.error);
}

/** Turns messages into the outputs that a notebook file holds. */
export class OutputRecorder {
  readonly #count: number;
  #outputs: { output: Output; id?: string }[] = [];
  #clearNext = false;
  /** What went wrong, in words; `undefined` if nothing did. */
  error: string | undefined;

  constructor(executionCount: number) {
    this.#count = executionCount;
  }

  get outputs(): Output[] {
    return this.#outputs.map(({ output }) => output);
  }

  add({ type, content }: KernelMessage): void {
    if (type === "stream") this.#stream(content.name as string, content.text as string);
    else if (type === "display_data") this.#push(displayData(content), displayId(content));
    else if (type === "update_display_data") this.#update(content);
    else if (type === "execute_result") {
      const result = { ...displayData(content), output_type: "execute_result" };
      this.#push({ ...result, execution_count: this.#count });
    } else if (type === "error") this.#fail(content);
    else if (type === "clear_output") {
      if (content.wait) this.#clearNext = true;
      else this.#outputs = [];
    }
  }

  #stream(name: string, text: string): void {
    const last = this.#clearNext ? undefined : this.#outputs.at(-1)?.output;
    if (last?.output_type === "stream" && last.name === name) {
      last.text = lines((last.text as string[]).join("") + text);
    } else this.#push({ output_type: "stream", name, text: lines(text) });
  }

  #fail(content: Record<string, unknown>): void {
    const { ename, evalue, traceback } = content;
    this.error = (traceback as string[])?.join("\n") || `${ename}: ${evalue}`;
    this.#push({ output_type: "error", ename, evalue, traceback });
  }

  #push(output: Output, id?: string): void {
    if (this.#clearNext) this.#outputs = [];
    this.#clearNext = false;
    this.#outputs.push({ output, id });
  }

  #update(content: Record<string, unknown>): void {
    const id = displayId(content);
    for (const entry of this.#outputs) {
      if (entry.id === id) entry.output = displayData(content);
    }
  }
}

function displayId(content: Record<string, unknown>): string | undefined {
  return (content.transient as { display_id?: string } | undefined)?.display_id;
}

function displayData(content: Record<string, unknown>): Output {
  const data = Object.fromEntries(
    Object.entries(content.data as Record<string, unknown>).map(([mime, value]) => [
      mime,
      typeof value === "string" ? lines(value) : value,
    ]),
  );
  return { data, metadata: content.metadata ?? {}, output_type: "display_data" };
}

/** Text as nbformat likes it: a list of lines that keep their ends. */
function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
