import { RawSocket } from "./raw_socket.ts";

const PATH = "/socket/websocket?vsn=2.0.0";

/** The clock that goes around with the cursors: tens of microseconds. */
function ticks(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 100) % 1e9;
}

/** One person's tab in a document. */
export class LoadClient {
  readonly #socket: RawSocket;
  readonly #topic: string;
  readonly #id: number;
  #ref = 0;
  /** How many cursors it has sent. */
  moves = 0;

  private constructor(socket: RawSocket, topic: string, id: number) {
    this.#socket = socket;
    this.#topic = topic;
    this.#id = id;
  }

  /** Connects, and waits until it has joined. */
  static async join(
    port: number,
    document: string,
    id: number,
  ): Promise<LoadClient> {
    const socket = await RawSocket.open(port, PATH);
    const client = new LoadClient(socket, `document:${document}`, id);
    const joined = new Promise<void>((resolve, reject) => {
      socket.onText = (text) => {
        if (!text.includes('"phx_reply"')) return;
        if (text.includes('"status":"ok"')) resolve();
        else reject(new Error(`Cannot join document: ${text}`));
      };
      socket.closed.then(() => reject(new Error("The socket has ended")));
    });
    client.#push("phx_join", { key: `person-${id}`, name: `Person ${id}` });
    await joined;
    socket.onText = undefined;
    return client;
  }

  /** How many frames have come. */
  get frames(): number {
    return this.#socket.frames;
  }

  /** Moves the cursor. */
  move(): void {
    this.moves++;
    const cursor = { line: this.moves, column: this.#id, offset: ticks() };
    this.#push("cursor", { cursor });
  }

  /** Says that it is there, as clients do every half minute. */
  beat(): void {
    const frame = [null, `${++this.#ref}`, "phoenix", "heartbeat", {}];
    this.#socket.send(JSON.stringify(frame));
  }

  /** Tells how long others' cursors were on their way, in milliseconds. */
  onCursor(take: (delayMs: number) => void): void {
    this.#socket.onText = (text) => {
      const [, offset] = /"offset":(\d+)/.exec(text) ?? [];
      if (offset === undefined || !text.includes("cursor_moved")) return;
      take(((ticks() - Number(offset) + 1e9) % 1e9) / 100);
    };
  }

  /** Takes what comes as texts. */
  onText(take: (text: string) => void): void {
    this.#socket.onText = take;
  }

  /** Reads no more. */
  pause(): void {
    this.#socket.pause();
  }

  /** Is lost, without a goodbye. */
  async lose(): Promise<void> {
    this.#socket.close();
    await this.#socket.closed;
  }

  #push(event: string, payload: unknown): void {
    const frame = ["1", `${++this.#ref}`, this.#topic, event, payload];
    this.#socket.send(JSON.stringify(frame));
  }
}
