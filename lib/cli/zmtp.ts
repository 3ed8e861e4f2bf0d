/**
 * The part of ZeroMQ that a Jupyter kernel needs: protocol ZMTP 3.0 over TCP without encryption, for
 * the socket types DEALER and SUB.
 *
 * Source: the specification, rfc.zeromq.org/spec/23.
 */

/** The flags of a frame: more frames follow, its length takes eight bytes, it is a command. */
const MORE = 1;
const LONG = 2;
const COMMAND = 4;

/** An open connection that sends and receives messages of several frames. */
export class ZmtpSocket {
  readonly #connection: Deno.TcpConn;
  #buffer = new Uint8Array(0);

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects to a port of this machine and does the handshake. The caller calls `close()`. */
  static async connect(port: number, type: "DEALER" | "SUB"): Promise<ZmtpSocket> {
    const socket = new ZmtpSocket(await Deno.connect({ hostname: "127.0.0.1", port }));
    try {
      await socket.#shakeHands(type);
    } catch (error) {
      socket.close();
      throw error;
    }
    return socket;
  }

  /** Sends one message. */
  async send(frames: readonly Uint8Array[]): Promise<void> {
    for (const [i, frame] of frames.entries()) {
      await this.#writeFrame(i < frames.length - 1 ? MORE : 0, frame);
    }
  }

  /** Waits for the next message, and returns its frames; `undefined` if the other side has closed. */
  async receive(): Promise<Uint8Array[] | undefined> {
    const frames: Uint8Array[] = [];
    for (;;) {
      const head = await this.#read(1);
      if (!head) return undefined;
      const size = await this.#read(head[0] & LONG ? 8 : 1);
      const body = size && await this.#read(readSize(size));
      if (!body) return undefined;
      if (head[0] & COMMAND) continue; // a command such as a heartbeat
      frames.push(body);
      if (!(head[0] & MORE)) return frames;
    }
  }

  /** Closes the connection. */
  close(): void {
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already
    }
  }

  async #shakeHands(type: string): Promise<void> {
    const greeting = new Uint8Array(64);
    greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0]);
    greeting.set(bytes("NULL"), 12);
    await this.#write(greeting);
    if (!await this.#read(64)) {
      throw new Error("Cannot do the handshake: the kernel closed the connection");
    }
    await this.#writeFrame(
      COMMAND,
      concat([
        sized(1, "READY"),
        sized(1, "Socket-Type"),
        sized(4, type),
        sized(1, "Identity"),
        sized(4, ""),
      ]),
    );
    const head = await this.#read(2);
    if (!head || !await this.#read(head[1])) {
      throw new Error("Cannot do the handshake: the kernel did not answer READY");
    }
    if (type === "SUB") await this.send([Uint8Array.of(1)]); // subscribe to everything
  }

  async #writeFrame(flags: number, body: Uint8Array): Promise<void> {
    const long = body.length > 255;
    const size = new Uint8Array(long ? 8 : 1);
    if (long) new DataView(size.buffer).setBigUint64(0, BigInt(body.length));
    else size[0] = body.length;
    await this.#write(concat([Uint8Array.of(flags | (long ? LONG : 0)), size, body]));
  }

  async #write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length;) at += await this.#connection.write(data.subarray(at));
  }

  /** Reads exactly `count` bytes; `undefined` if the connection ends before that. */
  async #read(count: number): Promise<Uint8Array | undefined> {
    const parts = [this.#buffer];
    let have = this.#buffer.length;
    while (have < count) {
      const part = new Uint8Array(65_536);
      const got = await this.#connection.read(part).catch(() => null); // closed from this side
      if (got === null) return undefined;
      parts.push(part.subarray(0, got));
      have += got;
    }
    const all = concat(parts);
    this.#buffer = all.slice(count);
    return all.slice(0, count);
  }
}

function readSize(size: Uint8Array): number {
  const view = new DataView(size.buffer, size.byteOffset);
  return size.length === 1 ? size[0] : Number(view.getBigUint64(0));
}

/** The bytes of a text, preceded by its length in 1 or 4 bytes. */
function sized(width: 1 | 4, text: string): Uint8Array {
  const body = bytes(text);
  const size = width === 1 ? [body.length] : [0, 0, 0, body.length];
  return concat([Uint8Array.from(size), body]);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
