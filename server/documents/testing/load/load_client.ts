import { RawSocket } from "./raw_socket.ts";

const PATH = "/socket/websocket?vsn=2.0.0";

/** Returns the time that cursors carry, in tens of microseconds. */
function ticks(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 100) % 1e9;
}

/** A tab of a person in a document. */
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

  /** Connects and waits until it has joined. */
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

  /** How many frames have arrived. */
  get frames(): number {
    return this.#socket.frames;
  }

  /** Why it has ended, if it has. */
  get end(): string | undefined {
    return this.#socket.end;
  }

  /** Moves the cursor. */
  move(): void {
    this.moves++;
    const cursor = { line: this.moves, column: this.#id, offset: ticks() };
    this.#push("cursor", { cursor });
  }

  /** Sends a heartbeat, as clients do every half minute. */
  beat(): void {
    const frame = [null, `${++this.#ref}`, "phoenix", "heartbeat", {}];
    this.#socket.send(JSON.stringify(frame));
  }

  /** Requests so many replies, each as long as a position, and waits for the system. */
  async ask(count: number): Promise<void> {
    const ref = "x".repeat(140);
    const text = JSON.stringify([null, ref, "phoenix", "heartbeat", {}]);
    for (let n = 1; n < count; n++) this.#socket.send(text);
    await this.#socket.send(text);
  }

  /** Reports the delay of others' cursors in milliseconds. */
  onCursor(take: (delayMs: number) => void): void {
    this.#socket.onText = (text) => {
      const [, offset] = /"offset":(\d+)/.exec(text) ?? [];
      if (offset === undefined || !text.includes("cursor_moved")) return;
      take(((ticks() - Number(offset) + 1e9) % 1e9) / 100);
    };
  }

  /** Receives frames of text. */
  onText(take: (text: string) => void): void {
    this.#socket.onText = take;
  }

  /** Stops reading. */
  pause(): void {
    this.#socket.pause();
  }

  /** Ends without a goodbye. */
  async lose(): Promise<void> {
    this.#socket.close();
    await this.#socket.closed;
  }

  #push(event: string, payload: unknown): void {
    const frame = ["1", `${++this.#ref}`, this.#topic, event, payload];
    this.#socket.send(JSON.stringify(frame));
  }
}

/** How many people join where. */
export interface Joining {
  readonly port: number;
  readonly people: number;
  readonly documents: number;
  /**
   * The number of the first of them.
   *
   * @default {0}
   */
  readonly first?: number;
  /**
   * How many join at a time.
   *
   * @default {100}
   */
  readonly atOnce?: number;
}

/** Joins people, spread over the documents. */
export async function joinAll(
  { port, people, documents, first = 0, atOnce = 100 }: Joining,
): Promise<LoadClient[]> {
  const clients: LoadClient[] = [];
  while (clients.length < people) {
    const next = first + clients.length;
    const count = Math.min(atOnce, people - clients.length);
    const joining = Array.from(
      { length: count },
      (_, n) => LoadClient.join(port, `${(next + n) % documents}`, next + n),
    );
    clients.push(...await Promise.all(joining));
  }
  return clients;
}

/** Moves all cursors at an interval, one after the other. */
export function moveAll(
  clients: readonly LoadClient[],
  everyMs: number,
): () => void {
  const stops = clients.map((client, n) => {
    let timer = setTimeout(() => {
      timer = setInterval(() => client.move(), everyMs);
    }, everyMs * n / clients.length);
    return () => clearInterval(timer);
  });
  return () => stops.forEach((stop) => stop());
}

/** What clients have sent and received. */
export interface Tally {
  /** How many frames have arrived. */
  readonly frames: number;
  /** How many cursors they have sent. */
  readonly moves: number;
  /** Why some have ended. */
  readonly ends: readonly string[];
}

/** Sums up what clients have sent and received. */
export function tally(clients: readonly LoadClient[]): Tally {
  let [frames, moves] = [0, 0];
  for (const client of clients) {
    frames += client.frames;
    moves += client.moves;
  }
  const ends = clients.map(({ end }) => end).filter((end) => end !== undefined);
  return { frames, moves, ends };
}
