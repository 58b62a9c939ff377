import type { Frame } from "./wires.ts";

/** How much is read at once. */
const READ_BYTES = 64 * 1024;

/** How often sockets that only count read, to get many frames at a time. */
const ROUND_MS = 10;

let round: Promise<void> | undefined;

/** Waits for the next read of the sockets that only count. */
function nextRound(): Promise<void> {
  return round ??= new Promise((resolve) =>
    setTimeout(() => {
      round = undefined;
      resolve();
    }, ROUND_MS)
  );
}

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/**
 * A client's WebSocket that costs next to nothing, so that the server is
 * measured. It counts frames and decodes them only with `onText`. With it,
 * frames are read at once, otherwise a hundred times a second.
 */
export class RawSocket {
  readonly #connection: Deno.TcpConn;
  /** Resolves when the last frame so far is sent. */
  #sent: Promise<void> = Promise.resolve();
  /** The beginning of an incomplete frame. */
  #rest = new Uint8Array(0);
  #isPaused = false;
  #resume: () => void = () => {};
  /** How many frames have arrived, by `counts`. */
  frames = 0;
  /** Returns for how many a frame counts. */
  counts: (frame: Uint8Array) => number = () => 1;
  /** How many bytes have arrived. */
  bytes = 0;
  /** Receives frames as texts; without it, they are only counted. */
  onText: ((text: string, socket: RawSocket) => void) | undefined;
  /** Why it has ended, if it has. */
  end: string | undefined;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.closed = this.#read()
      .catch((error: unknown) => {
        this.end ??= String(error);
      })
      .finally(() => this.close());
  }

  /** Opens a socket to a service on this machine; `onText` gets every frame. */
  static async open(
    port: number,
    path: string,
    onText: (text: string, socket: RawSocket) => void,
  ): Promise<RawSocket> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay();
    await write(
      connection,
      new TextEncoder().encode([
        `GET ${path} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "",
        "",
      ].join("\r\n")),
    );
    const socket = new RawSocket(connection);
    socket.onText = onText;
    await socket.#upgraded;
    return socket;
  }

  /** Sends a frame with an empty mask; waits until the system has it. */
  send(frame: Frame): Promise<void> {
    return typeof frame === "string"
      ? this.#write(TEXT, new TextEncoder().encode(frame))
      : this.#write(BINARY, frame);
  }

  /** Stops reading until `goOn()`. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Continues to read. */
  goOn(): void {
    this.#isPaused = false;
    this.#resume();
  }

  /** Ends without a close frame, like a lost connection. */
  close(): void {
    this.end ??= "it was closed here";
    try {
      this.#connection.close();
    } catch {
      // It has ended already.
    }
    this.goOn();
  }

  #markUpgraded: () => void = () => {};
  #failUpgrade: (error: Error) => void = () => {};
  readonly #upgraded = new Promise<void>((resolve, reject) => {
    this.#markUpgraded = resolve;
    this.#failUpgrade = reject;
  });

  #write(opcode: number, payload: Uint8Array): Promise<void> {
    const { length } = payload;
    const head = length < 126
      ? [0x80 | opcode, 0x80 | length]
      : [0x80 | opcode, 0x80 | 126, length >> 8, length & 255];
    const frame = new Uint8Array(head.length + 4 + length);
    frame.set(head);
    frame.set(payload, head.length + 4);
    return this.#sent = this.#sent
      .then(() => write(this.#connection, frame))
      .catch(() => {});
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    let isUpgraded = false;
    while (true) {
      if (this.#isPaused) {
        await new Promise<void>((resolve) => this.#resume = resolve);
      }
      if (this.onText === undefined && isUpgraded) await nextRound();
      const length = await this.#connection.read(buffer);
      if (length === null) {
        this.end ??= "it has ended";
        break;
      }
      let chunk = buffer.subarray(0, length);
      if (!isUpgraded) {
        const text = new TextDecoder("latin1").decode(chunk);
        const end = text.indexOf("\r\n\r\n");
        if (!text.startsWith("HTTP/1.1 101") || end < 0) {
          this.#failUpgrade(new Error(`Cannot open socket: ${text}`));
          return;
        }
        isUpgraded = true;
        this.#markUpgraded();
        chunk = chunk.subarray(end + 4);
      }
      this.bytes += chunk.length;
      this.#scan(chunk);
    }
    this.#failUpgrade(new Error("Cannot open socket: it has ended"));
  }

  /** Extracts the frames from what has arrived. */
  #scan(chunk: Uint8Array): void {
    let data = chunk;
    if (this.#rest.length > 0) {
      data = new Uint8Array(this.#rest.length + chunk.length);
      data.set(this.#rest);
      data.set(chunk, this.#rest.length);
    }
    let at = 0;
    while (data.length - at >= 2) {
      const opcode = data[at]! & 15;
      let length = data[at + 1]! & 127;
      let head = 2;
      if (length === 126) {
        if (data.length - at < 4) break;
        length = data[at + 2]! << 8 | data[at + 3]!;
        head = 4;
      } else if (length === 127) {
        if (data.length - at < 10) break;
        length = Number(
          new DataView(data.buffer, data.byteOffset + at + 2).getBigUint64(0),
        );
        head = 10;
      }
      if (data.length - at < head + length) break;
      this.#take(opcode, data.subarray(at + head, at + head + length));
      at += head + length;
    }
    this.#rest = data.slice(at);
  }

  #take(opcode: number, payload: Uint8Array): void {
    if (opcode === TEXT || opcode === BINARY) {
      this.frames += this.counts(payload);
      this.onText?.(new TextDecoder().decode(payload), this);
    } else if (opcode === PING) this.#write(PONG, payload);
    else if (opcode === CLOSE) {
      const code = payload[0]! << 8 | payload[1]!;
      this.end = `${code} ${new TextDecoder().decode(payload.subarray(2))}`;
      this.close();
    }
  }
}

async function write(
  connection: Deno.TcpConn,
  bytes: Uint8Array,
): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += await connection.write(bytes.subarray(at));
}
