import { RawSocket } from "./raw_socket.ts";
import { type Kind, type Wire, WIRES } from "./wires.ts";

/** Returns the time that cursors carry, in tens of microseconds. */
function ticks(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 100) % 1e9;
}

/** Where a client joins. */
export interface Place {
  /** The server. */
  readonly kind: Kind;
  /** Its port. */
  readonly port: number;
  /** The topic. */
  readonly topic: string;
}

/** A tab of a person in a topic. */
export class LoadClient {
  readonly #socket: RawSocket;
  readonly #wire: Wire;
  readonly #topic: string;
  readonly #id: number;
  /** How many cursors it has sent. */
  moves = 0;
  /** How long it has taken to connect and to join. */
  joinedAfterMs = 0;

  private constructor(
    socket: RawSocket,
    wire: Wire,
    topic: string,
    id: number,
  ) {
    this.#socket = socket;
    this.#wire = wire;
    this.#topic = topic;
    this.#id = id;
    socket.counts = (frame) => wire.positionsIn?.(frame) ?? 1;
  }

  /**
   * Connects and waits until it has joined.
   *
   * @param onText Receives all frames as texts, from the first one on.
   */
  static async join(
    { kind, port, topic }: Place,
    id: number,
    onText?: (text: string) => void,
  ): Promise<LoadClient> {
    const wire = WIRES[kind];
    const steps = wire.join(topic, id);
    const [first] = steps;
    const beganAt = performance.now();
    const begin = (socket: RawSocket) => {
      const frame = steps[0]?.send;
      if (frame !== undefined) socket.send(frame);
    };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = await RawSocket.open(port, wire.path, (text, socket) => {
      onText?.(text);
      const [step] = steps;
      if (step === undefined) return;
      if (text.includes('"status":"error"')) reject(new Error(text));
      if (!text.includes(step.until)) return;
      steps.shift();
      if (steps.length === 0) resolve();
      else begin(socket);
    });
    // The server may have spoken first.
    if (steps[0] === first) begin(socket);
    const client = new LoadClient(socket, wire, topic, id);
    socket.closed.then(() =>
      reject(new Error(`Cannot join ${topic}: ${client.end}`))
    );
    await promise;
    client.joinedAfterMs = performance.now() - beganAt;
    socket.onText = onText;
    return client;
  }

  /** How many positions and answers have arrived. */
  get frames(): number {
    return this.#socket.frames;
  }

  /** How many bytes have arrived. */
  get bytes(): number {
    return this.#socket.bytes;
  }

  /** Why it has ended, if it has. */
  get end(): string | undefined {
    return this.#socket.end;
  }

  /** Moves the cursor. */
  move(): void {
    this.moves++;
    const cursor = { line: this.moves, column: this.#id, offset: ticks() };
    this.#socket.send(
      this.#wire.move(this.#topic, this.#id, cursor, this.moves),
    );
  }

  /** Sends a heartbeat, as clients of Phoenix do every half minute. */
  beat(): void {
    this.#socket.send('[null,"1","phoenix","heartbeat",{}]');
  }

  /** Requests so many replies, each as long as a position, and waits for the system. */
  async ask(count: number): Promise<void> {
    const ref = "x".repeat(140);
    const text = JSON.stringify([null, ref, "phoenix", "heartbeat", {}]);
    for (let n = 1; n < count; n++) this.#socket.send(text);
    await this.#socket.send(text);
  }

  /** Reports the delays of others' cursors in milliseconds. */
  onCursor(take: (delayMs: number) => void): void {
    this.#socket.onText = (text) => {
      if (!text.includes(this.#wire.moved)) return;
      for (const [, offset] of text.matchAll(/"offset":(\d+)/g)) {
        take(((ticks() - Number(offset) + 1e9) % 1e9) / 100);
      }
    };
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
}

/** How many people join where. */
export interface Joining {
  readonly kind: Kind;
  readonly port: number;
  readonly people: number;
  /** The topics that they are spread over. */
  readonly topics: readonly string[];
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

/** Joins people, spread over the topics. */
export async function joinAll(
  { kind, port, people, topics, first = 0, atOnce = 100 }: Joining,
): Promise<LoadClient[]> {
  const clients: LoadClient[] = [];
  while (clients.length < people) {
    const next = first + clients.length;
    const count = Math.min(atOnce, people - clients.length);
    const joining = Array.from({ length: count }, (_, n) => {
      const topic = topics[(next + n) % topics.length]!;
      return LoadClient.join({ kind, port, topic }, next + n);
    });
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
  /** How many positions and answers have arrived. */
  readonly frames: number;
  /** How many bytes have arrived. */
  readonly bytes: number;
  /** How many cursors they have sent. */
  readonly moves: number;
  /** Why some have ended. */
  readonly ends: readonly string[];
}

/** Sums up what clients have sent and received. */
export function tally(clients: readonly LoadClient[]): Tally {
  let [frames, bytes, moves] = [0, 0, 0];
  for (const client of clients) {
    frames += client.frames;
    bytes += client.bytes;
    moves += client.moves;
  }
  const ends = clients.map(({ end }) => end).filter((end) => end !== undefined);
  return { frames, bytes, moves, ends };
}
