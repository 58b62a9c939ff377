import { setImmediate } from "node:timers";
import { type JsonObject, pause } from "../internal.ts";
import type { Codec } from "./frames/codec.ts";
import type { MessageHeader } from "./frames/message.ts";
import type { PhoenixTally } from "./phoenix_stats.ts";
import type { SocketTransport } from "./runtimes/transport.ts";

/** How long to wait before looking whether there is room again. */
const POLL_MS = 50;

/** How often to check whether a client is dead. */
export const CHECK_MS = 10_000;

/**
 * After this many checks without a sign of life a client is dead: 40 to 50
 * seconds, so that two heartbeats fit in.
 */
const MAX_SILENT_CHECKS = 5;

/** How many times the bytes that may wait are hopeless. */
const HOPELESS = 4;

/** How many bytes a frame may have beside its content; each unit of a text has 3. */
const MAX_HEAD = 14;

/** What an outbox needs. */
export interface OutboxSettings {
  /** Sends the frames. */
  readonly transport: SocketTransport;
  /** The client's version of the protocol. */
  readonly codec: Codec;
  /** How many bytes may wait before frames are left out. */
  readonly bufferedBytes: number;
  /** Counts what is left out. */
  readonly tally: PhoenixTally;
  /** Ends the turn. */
  readonly turn: Turn;
  /** Aborted when the socket has ended. */
  readonly signal: AbortSignal;
  /** Called when so much waits that there is no point in going on. */
  onHopeless(): void;
}

/** Sends the bundles of all sockets of an endpoint, when a turn ends. */
export class Turn {
  readonly #onError: (error: unknown) => void;
  #due: Outbox[] = [];

  /** Makes it; `onError` receives what a transport throws. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Sends the bundle of an outbox at the end of this turn. */
  add(outbox: Outbox): void {
    // One callback serves all: a change reaches many of them in the same turn. A
    // timer would let each message wait for a millisecond or two.
    if (this.#due.push(outbox) === 1) setImmediate(() => this.#end());
  }

  #end(): void {
    const due = this.#due;
    this.#due = [];
    for (const outbox of due) {
      try {
        outbox.flush();
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}

/** What is sent to one client, and what still waits to be sent. */
export class Outbox {
  /** The client's version of the protocol. */
  readonly codec: Codec;
  readonly #settings: OutboxSettings;
  // What is sent to thousands of clients must reach these by few steps.
  readonly #transport: SocketTransport;
  readonly #bufferedBytes: number;
  #isOver: boolean;
  /** The texts of this turn that are to be one frame, and their length. */
  #texts: string[] = [];
  #length = 0;
  /** What waited at the last check, and what was sent since, at least. */
  #expected = 0;
  #largest = 0;
  #largestLength = 0;
  /** How much waits at most: what waited at the last look, and was sent since. */
  #atMost = 0;
  #room: Promise<boolean> | undefined;
  #silentChecks = 0;

  /** Makes it; sends nothing. */
  constructor(settings: OutboxSettings) {
    const { codec, transport, bufferedBytes, signal } = settings;
    this.codec = codec;
    this.#settings = settings;
    this.#transport = transport;
    this.#bufferedBytes = bufferedBytes;
    this.#isOver = signal.aborted;
    signal.addEventListener("abort", () => this.#isOver = true);
  }

  /** Asks the transport how many bytes wait to be sent, and remembers it. */
  measure(): number {
    const bytes = this.#transport.bufferedAmount;
    this.#atMost = bytes + 3 * this.#length;
    return bytes + this.#length;
  }

  /** Reports whether there is room for what can be left out. */
  hasRoom(): boolean {
    return !this.#isAbove(this.#bufferedBytes);
  }

  /**
   * Whether so much waits that there is no point in going on. The largest frame
   * is not counted: the state of a large room must not close a new reader.
   */
  get isHopeless(): boolean {
    return this.#isAbove(this.#largest + HOPELESS * this.#bufferedBytes);
  }

  /** Asks the transport, which is slow to answer, only if it might be so. */
  #isAbove(limit: number): boolean {
    return this.#atMost > limit && this.measure() > limit;
  }

  /** Waits until there is room; `false` if the socket ends before. */
  drained(): Promise<boolean> {
    // All who wait share one wait: a socket may have a hundred channels.
    this.#room ??= this.#waitForRoom().finally(() => this.#room = undefined);
    return this.#room;
  }

  async #waitForRoom(): Promise<boolean> {
    const { signal } = this.#settings;
    while (!this.#isOver && !this.hasRoom()) await pause(POLL_MS, signal);
    return !this.#isOver;
  }

  /** Sends a frame, if there is one and the socket is open. */
  send(frame: string | Uint8Array | undefined): void {
    if (this.#isOver || frame === undefined) return;
    if (this.isHopeless) {
      const { tally, onHopeless } = this.#settings;
      tally.countDrop("slow");
      return onHopeless();
    }
    const { length } = frame;
    this.#put(frame);
    this.#atMost += MAX_HEAD + (typeof frame === "string" ? 3 : 1) * length;
    this.#expected += length;
    if (length <= this.#largestLength) return;
    this.#largestLength = length;
    this.#largest = typeof frame === "string"
      ? new TextEncoder().encode(frame).length
      : length;
  }

  #put(frame: string | Uint8Array): void {
    if (typeof frame !== "string" || !this.codec.bundles) {
      this.flush();
      this.#transport.send(frame);
      return;
    }
    this.#length += frame.length;
    if (this.#texts.push(frame) === 1) this.#settings.turn.add(this);
  }

  /** Sends what this turn has bundled so far. */
  flush(): void {
    const texts = this.#texts;
    if (texts.length === 0) return;
    this.#texts = [];
    this.#length = 0;
    if (!this.#isOver) this.#transport.send(`[${texts.join(",")}]`);
  }

  /** Sends the frame of a state to a client that was behind, and counts it. */
  sendAnew(frame: string): void {
    this.#settings.tally.statesResent++;
    this.send(frame);
  }

  /** Sends a frame that may be left out, if there is room. */
  offer(frame: string | Uint8Array | undefined): void {
    if (frame === undefined) return;
    if (this.hasRoom()) this.send(frame);
    else this.#settings.tally.framesLeftOut++;
  }

  /** Sends the answer to a message, if one is expected. */
  reply(
    { joinRef, ref, topic }: Omit<MessageHeader, "event">,
    response: JsonObject,
    status: "ok" | "error" = "ok",
  ): void {
    if (ref === null) return;
    const payload = { status, response };
    const reply = { joinRef, ref, topic, event: "phx_reply", payload };
    this.send(this.codec.encode(reply));
  }

  /** Sends an event about a join. */
  push(
    { joinRef, topic }: Pick<MessageHeader, "joinRef" | "topic">,
    event: string,
    payload: JsonObject,
  ): void {
    const message = { joinRef, ref: joinRef, topic, event, payload };
    this.send(this.codec.encode(message));
  }

  /** Records a sign of life. */
  received(): void {
    this.#silentChecks = 0;
  }

  /**
   * Reports whether the client is dead: frames wait, and for long nothing was
   * sent out or received. To be called every `CHECK_MS`.
   */
  isDead(): boolean {
    const bytes = this.measure();
    // Less than was sent: some of it has been sent out.
    if (bytes === 0 || bytes < this.#expected) this.received();
    if (bytes > 0) this.#silentChecks++;
    this.#expected = bytes;
    return this.#silentChecks >= MAX_SILENT_CHECKS;
  }
}
