import { within } from "../../testing/waiting.ts";

/** The answer of a server to a request for a socket. */
export interface Handshake {
  readonly status: number;
  readonly headers: Headers;
}

const TEXT = 1;
const CLOSE = 8;

/**
 * A client below WebSocket: it can be without a `vsn`, stop to read, and vanish
 * without a word.
 */
export class TcpClient implements Disposable {
  /** The answer of the server. */
  readonly handshake: Handshake;
  readonly #connection: Deno.TcpConn;
  #unread: Uint8Array;
  #isGone = false;

  /** Asks a service to open a socket. */
  static async connect(
    { port }: { readonly port: number },
    {
      query = "vsn=2.0.0",
      path = `/socket/websocket?${query}`,
      headers = {},
    }: {
      readonly query?: string;
      readonly path?: string;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<TcpClient> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const fields = new Headers({
      "Host": `127.0.0.1:${port}`,
      "Upgrade": "websocket",
      "Connection": "Upgrade",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": btoa("0123456789abcdef"),
    });
    for (const [name, value] of Object.entries(headers)) {
      fields.set(name, value);
    }
    const lines = [...fields].map((field) => field.join(": "));
    const request = [`GET ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n");
    await connection.write(new TextEncoder().encode(request));
    let head = "";
    while (!head.includes("\r\n\r\n")) {
      const part = await readSome(connection);
      head += String.fromCharCode(...part);
    }
    const end = head.indexOf("\r\n\r\n");
    const unread = Uint8Array
      .from(head.slice(end + 4), (one) => one.charCodeAt(0));
    const [first = "", ...rest] = head.slice(0, end).split("\r\n");
    const handshake = {
      status: Number(first.split(" ")[1]),
      headers: new Headers(rest.map((line): [string, string] => {
        const [name = "", value = ""] = line.split(/:\s*(.*)/, 2);
        return [name, value];
      })),
    };
    return new TcpClient(connection, handshake, unread);
  }

  private constructor(
    connection: Deno.TcpConn,
    handshake: Handshake,
    unread: Uint8Array,
  ) {
    this.#connection = connection;
    this.handshake = handshake;
    this.#unread = unread;
  }

  /** Sends a frame of text: anything as JSON. */
  async send(frame: object): Promise<void> {
    let bytes = frameOf(new TextEncoder().encode(JSON.stringify(frame)));
    while (bytes.length > 0) {
      bytes = bytes.subarray(await this.#connection.write(bytes));
    }
  }

  /** Reads the next frame of text; `undefined` if the server closes instead. */
  async read(): Promise<string | undefined> {
    while (true) {
      const { opcode, payload } = await this.#readFrame();
      if (opcode === TEXT) return new TextDecoder().decode(payload);
      if (opcode === CLOSE) return undefined;
    }
  }

  /** Vanishes without a goodbye. */
  [Symbol.dispose](): void {
    if (!this.#isGone) this.#connection.close();
    this.#isGone = true;
  }

  async #readFrame(): Promise<{ opcode: number; payload: Uint8Array }> {
    const [first = 0, second = 0] = await this.#readBytes(2);
    let length = second & 0x7f;
    if (length >= 126) {
      const long = await this.#readBytes(length === 126 ? 2 : 8);
      length = long.reduce((sum, byte) => sum * 256 + byte, 0);
    }
    return { opcode: first & 0x0f, payload: await this.#readBytes(length) };
  }

  async #readBytes(length: number): Promise<Uint8Array> {
    const parts = [this.#unread];
    let there = this.#unread.length;
    while (there < length) {
      const part = await readSome(this.#connection);
      parts.push(part);
      there += part.length;
    }
    const whole = concat(parts, there);
    this.#unread = whole.subarray(length);
    return whole.subarray(0, length);
  }
}

async function readSome(connection: Deno.TcpConn): Promise<Uint8Array> {
  const buffer = new Uint8Array(65_536);
  const length = await within(
    connection.read(buffer),
    () => "The server sends nothing",
  );
  if (length === null) throw new Error("The server has closed the connection");
  return buffer.subarray(0, length);
}

/** A text in one frame, masked by zeros, as the rules allow. */
function frameOf(payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const size = length < 126
    ? [0x80 | length]
    : length < 65_536
    ? [0x80 | 126, length >> 8, length & 0xff]
    : [0x80 | 127, 0, 0, 0, 0, ...bytesOf(length)];
  const head = Uint8Array.from([0x80 | TEXT, ...size, 0, 0, 0, 0]);
  return concat([head, payload], head.length + length);
}

function bytesOf(length: number): number[] {
  return [24, 16, 8, 0].map((shift) => length >>> shift & 0xff);
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
