/**
 * The server of `deno task play`: the page, and the questions that it asks. It listens on this
 * machine only and answers only its own page, so that other sites in the browser cannot use it.
 */
import { ConfigError, FormatError } from "../errors.ts";
import { isRecord } from "../files/json.ts";
import type { Asset } from "./page_assets.ts";
import type { Engine } from "./page/engine.ts";

/** The most bytes of a request. The longest text that the page accepts is far shorter. */
const MOST_BYTES = 256 * 1024;

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; " +
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** The contents of the server. */
export interface Playground {
  /** The engine that answers the questions of the page. */
  readonly engine: Engine;
  /** The page's files by their paths. */
  readonly assets: ReadonlyMap<string, Asset>;
}

/** A running server. */
export interface PlayServer extends AsyncDisposable {
  /** The URL of the page. */
  readonly url: string;
  /** A promise that is fulfilled when the server has ended. */
  readonly finished: Promise<void>;
  /** Answers pending requests, then ends the server. `await using` does the same. */
  close(): Promise<void>;
}

/** The refusal of a request, with the reason. */
class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Starts the server on 127.0.0.1.
 *
 * @param port The port; 0 for any free one.
 * @param onError Is called with errors that the request did not cause.
 * @throws {ConfigError} If another program uses the port.
 */
export function startPlayServer(
  playground: Playground,
  port: number,
  onError: (error: unknown) => void,
): PlayServer {
  const server = listen(port, (request) => answer(request, playground, server.addr.port, onError));
  const close = () => server.shutdown();
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    finished: server.finished,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function listen(port: number, handler: Deno.ServeHandler<Deno.NetAddr>) {
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, handler);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    const advice = "is in use by another program: choose another port, or 0 for any free one";
    throw new ConfigError("port", port, advice);
  }
}

async function answer(
  request: Request,
  playground: Playground,
  port: number,
  onError: (error: unknown) => void,
): Promise<Response> {
  try {
    checkOrigin(request, port);
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/api/")) {
      return json(200, await ask(request, pathname.slice("/api/".length), playground.engine));
    }
    return file(request, pathname.slice(1) || "index.html", playground.assets);
  } catch (error) {
    if (error instanceof Refused) return json(error.status, { problem: error.message });
    const isCausedByRequest = error instanceof RangeError || error instanceof TypeError ||
      error instanceof FormatError;
    if (!isCausedByRequest) onError(error);
    const problem = error instanceof Error ? error.message : String(error);
    return json(isCausedByRequest ? 400 : 500, { problem });
  }
}

/** Refuses requests from other sites, and those that use another name for this machine. */
function checkOrigin({ headers }: Request, port: number): void {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const host = headers.get("host") ?? "";
  if (!hosts.includes(host)) {
    throw new Refused(403, `Cannot answer as "${host}": open http://${hosts[0]}/`);
  }
  const origin = headers.get("origin");
  if (origin !== null && origin !== `http://${host}`) {
    throw new Refused(
      403,
      `Cannot answer the site ${origin}: only the page of this server may ask`,
    );
  }
}

function file({ method }: Request, path: string, assets: Playground["assets"]): Response {
  if (method !== "GET" && method !== "HEAD") {
    throw new Refused(405, `Cannot ${method} ${path}: it can only be read`);
  }
  const asset = assets.get(path);
  if (!asset) throw new Refused(404, `There is no ${path} here`);
  return new Response(asset.body, {
    headers: { ...HEADERS, "content-type": `${asset.type}; charset=utf-8` },
  });
}

async function ask(request: Request, what: string, engine: Engine): Promise<unknown> {
  if (request.method !== "POST") throw new Refused(405, `Cannot ${request.method} a question`);
  const type = request.headers.get("content-type")?.split(";")[0];
  if (type !== "application/json") {
    throw new Refused(415, `Cannot read ${type ?? "nothing"}: expected application/json`);
  }
  const question = await readQuestion(request);
  const texts = () => {
    const second = question["second"] === undefined ? undefined : text(question, "second");
    return { text: text(question, "text"), ...(second !== undefined && { second }) };
  };
  switch (what) {
    case "facts":
      return await engine.facts();
    case "fill":
      return await engine.fill(text(question, "text"));
    case "follows":
      return await engine.follows(text(question, "text"), text(question, "second"));
    case "classify":
      return await engine.classify(texts());
    case "label":
      return await engine.label(text(question, "text"));
    case "look":
      return await engine.look(texts(), whole(question, "layer"));
    case "near":
      return await engine.near(texts(), whole(question, "place"));
    default:
      throw new Refused(404, `There is no question "${what}"`);
  }
}

async function readQuestion(request: Request): Promise<Record<string, unknown>> {
  const bytes = await readBody(request);
  let question: unknown;
  try {
    question = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Refused(400, "Cannot read the question: expected JSON");
  }
  if (!isRecord(question)) throw new Refused(400, "Cannot read the question: expected an object");
  return question;
}

/** Reads the body of a request, and stops if it is longer than allowed. */
async function readBody(request: Request): Promise<Uint8Array> {
  const bytes = new Uint8Array(MOST_BYTES);
  let length = 0;
  for await (const part of request.body ?? []) {
    if (length + part.length > MOST_BYTES) {
      throw new Refused(413, `The question is too long: shorten it to ${MOST_BYTES / 1024} KiB`);
    }
    bytes.set(part, length);
    length += part.length;
  }
  return bytes.subarray(0, length);
}

function text(question: Readonly<Record<string, unknown>>, name: string): string {
  const value = question[name];
  if (typeof value === "string") return value;
  throw new Refused(400, `Cannot read the question: expected "${name}" to be a text`);
}

function whole(question: Readonly<Record<string, unknown>>, name: string): number {
  const value = question[name];
  if (Number.isSafeInteger(value)) return Number(value);
  throw new Refused(400, `Cannot read the question: expected "${name}" to be a whole number`);
}

function json(status: number, value: unknown): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { ...HEADERS, "content-type": "application/json; charset=utf-8" },
  });
}
