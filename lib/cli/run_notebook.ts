// deno-lint-ignore-file camelcase -- the names of Jupyter's own format
/**
 * Runs notebooks from top to bottom in Deno's kernel and saves their outputs. It needs neither Python
 * nor Jupyter.
 */
import { Kernel, type KernelMessage } from "./jupyter_kernel.ts";
import {
  type Cell,
  codeCells,
  finished,
  linesOf,
  type Notebook,
  type Output,
  readNotebook,
  sourceOf,
  writeNotebook,
} from "./notebook_file.ts";

/** How notebooks are run. */
export interface RunOptions {
  /** The value of `BERT_PRESET` for the kernel. */
  readonly preset: string;
  /** Whether to write the outputs into the file. */
  readonly save: boolean;
  /** The longest time for one cell, in seconds. */
  readonly timeout: number;
  /** Is called when a cell begins, with its number, counted from 1, and the number of cells. */
  readonly onCell?: (cell: number, cells: number) => void;
}

/** The error of a cell that failed. The message contains the source of the cell and the problem. */
export class CellError extends Error {
  override readonly name = "CellError";
  /** The number of the code cell, counted from 1. */
  readonly cell: number;

  constructor(path: string, cell: number, source: string, problem: string) {
    const indented = source.trim().split("\n").map((line) => `    ${line}`).join("\n");
    super(`Cannot run ${path}: code cell ${cell} failed\n\n${indented}\n\n${problem}`);
    this.cell = cell;
  }
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
  await runCells(notebook, path, options);
  const result = finished(notebook, options.preset);
  if (options.save) writeNotebook(path, result);
  return result;
}

/**
 * Runs the code cells of a notebook and returns them with their outputs. The file at `path` need not
 * exist; cells run in its folder.
 *
 * @throws {CellError} At the first cell that fails, runs too long, or ends the kernel.
 */
export async function runCells(
  notebook: Notebook,
  path: string,
  options: Pick<RunOptions, "preset" | "timeout" | "onCell">,
): Promise<void> {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
  const kernel = await Kernel.start({ folder, env: { BERT_PRESET: options.preset } });
  const displays: Displays = new Map();
  try {
    const cells = codeCells(notebook);
    const recorders: OutputRecorder[] = [];
    for (const [i, cell] of cells.entries()) {
      options.onCell?.(i + 1, cells.length);
      recorders.push(new OutputRecorder(i + 1, displays));
      await runCell(kernel, cell, recorders[i], { path, number: i + 1, timeout: options.timeout });
    }
    // outputs are taken at the end, as a cell may update the output of an earlier one
    for (const [i, cell] of cells.entries()) cell.outputs = recorders[i].outputs;
  } finally {
    await kernel.close();
  }
}

async function runCell(
  kernel: Kernel,
  cell: Cell,
  recorder: OutputRecorder,
  { path, number, timeout }: { path: string; number: number; timeout: number },
): Promise<void> {
  const source = sourceOf(cell);
  try {
    await kernel.execute(source, (message) => recorder.add(message), timeout);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new CellError(path, number, source, problem);
  }
  if (recorder.error === undefined || cell.metadata.tags?.includes("raises-exception")) return;
  const problem = recorder.refused ? await syntaxError(source) : recorder.error;
  throw new CellError(path, number, source, problem);
}

/** The syntax error that the formatter reports for code. It uses the same parser as the kernel. */
async function syntaxError(source: string): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext=ts", "-"],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  await new Blob([source]).stream().pipeTo(command.stdin);
  const said = new TextDecoder().decode((await command.output()).stderr);
  const [problem] = said.replace(/^error: /, "").split(/\n +at file:|\n\nStack/);
  return problem.trim() || REFUSED;
}

const REFUSED = "the kernel cannot read the cell";

/** An output that a later message may still replace. */
interface Entry {
  output: Output;
}

/** The outputs of all cells by display id. */
export type Displays = Map<string, Entry[]>;

/** Turns the messages of one cell into the outputs of a notebook file. */
export class OutputRecorder {
  readonly #count: number;
  readonly #displays: Displays;
  #entries: Entry[] = [];
  #clearNext = false;
  #raised: string | undefined;
  #failed = false;

  /**
   * @param executionCount The number of the cell, counted from 1.
   * @param displays The outputs that can be updated. All cells of a notebook share them, as a cell may
   * update the output of another one.
   */
  constructor(executionCount: number, displays: Displays = new Map()) {
    this.#count = executionCount;
    this.#displays = displays;
  }

  /** The outputs so far. */
  get outputs(): Output[] {
    return this.#entries.map(({ output }) => output);
  }

  /** The error of the cell in words; undefined if there is none. */
  get error(): string | undefined {
    return this.#raised ?? (this.#failed ? REFUSED : undefined);
  }

  /** Whether the cell has a syntax error, for which the kernel answers "error" without a message. */
  get refused(): boolean {
    return this.#failed && this.#raised === undefined;
  }

  /** Takes a message of the cell. */
  add({ type, content }: KernelMessage): void {
    if (type === "stream") this.#stream(content.name as string, content.text as string);
    else if (type === "display_data") this.#push(displayData(content), displayId(content));
    else if (type === "update_display_data") this.#update(content);
    else if (type === "execute_result") {
      const result = { ...displayData(content), output_type: "execute_result" };
      this.#push({ ...result, execution_count: this.#count });
    } else if (type === "error") this.#fail(content);
    else if (type === "execute_reply") this.#failed = content.status === "error";
    else if (type === "clear_output") {
      if (content.wait) this.#clearNext = true;
      else this.#entries = [];
    }
  }

  #stream(name: string, text: string): void {
    const last = this.#clearNext ? undefined : this.#entries.at(-1)?.output;
    if (last?.output_type === "stream" && last.name === name) {
      last.text = linesOf((last.text as string[]).join("") + text);
    } else this.#push({ output_type: "stream", name, text: linesOf(text) });
  }

  #fail(content: Record<string, unknown>): void {
    const { ename, evalue, traceback } = content;
    this.#raised = (traceback as string[])?.join("\n") || `${ename}: ${evalue}`;
    this.#push({ output_type: "error", ename, evalue, traceback });
  }

  #push(output: Output, id?: string): void {
    if (this.#clearNext) this.#entries = [];
    this.#clearNext = false;
    const entry = { output };
    this.#entries.push(entry);
    if (id !== undefined) this.#displays.set(id, [...(this.#displays.get(id) ?? []), entry]);
  }

  #update(content: Record<string, unknown>): void {
    for (const entry of this.#displays.get(displayId(content) ?? "") ?? []) {
      entry.output = displayData(content);
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
      typeof value === "string" ? linesOf(value) : value,
    ]),
  );
  return { data, metadata: content.metadata ?? {}, output_type: "display_data" };
}
