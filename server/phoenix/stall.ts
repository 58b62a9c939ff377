import { pause } from "../internal.ts";
import type { SocketTransport } from "./transport.ts";

/** How long to wait before looking whether there is room again. */
const POLL_MS = 50;

/** How often to look whether a client is dead. */
export const CHECK_MS = 10_000;

/**
 * After so many checks without a sign of life it is dead: 40 to 50 seconds, so
 * that two heartbeats fit in.
 */
const MAX_SILENT_CHECKS = 5;

/** How many times as much as may wait is hopeless. */
const HOPELESS = 4;

/** Keeps an eye on what waits to be sent to a client. */
export class Stall {
  readonly #transport: SocketTransport;
  readonly #bufferedBytes: number;
  readonly #ended = new AbortController();
  /** What has waited at the last check, and what was sent since, at least. */
  #expected = 0;
  #largest = 0;
  #largestLength = 0;
  /** Whether there was room at the last look, and nothing was sent since. */
  #hadRoom = false;
  #over: Promise<boolean> | undefined;
  #silentChecks = 0;

  /** Makes it for a transport, and as many bytes as may wait as a rule. */
  constructor(transport: SocketTransport, bufferedBytes: number) {
    this.#transport = transport;
    this.#bufferedBytes = bufferedBytes;
  }

  /** How many bytes wait to be sent. */
  get bytes(): number {
    return this.#transport.bufferedAmount;
  }

  /**
   * Looks whether there is room for what can be left out. What it has seen holds
   * until the next frame is sent.
   */
  hasRoom(): boolean {
    this.#hadRoom = this.bytes <= this.#bufferedBytes;
    return this.#hadRoom;
  }

  /**
   * Whether so much waits that there is no point in going on. The largest frame
   * is not counted: a state of a large room must not close who begins to read.
   */
  get isHopeless(): boolean {
    // To ask the transport has its price.
    return !this.#hadRoom &&
      this.bytes > this.#largest + HOPELESS * this.#bufferedBytes;
  }

  /** Waits until there is room; `false` if it ends before. */
  over(): Promise<boolean> {
    // One wait for all who wait: a socket may have a hundred channels.
    this.#over ??= this.#wait().finally(() => this.#over = undefined);
    return this.#over;
  }

  async #wait(): Promise<boolean> {
    const { signal } = this.#ended;
    while (!signal.aborted && !this.hasRoom()) await pause(POLL_MS, signal);
    return !signal.aborted;
  }

  /** Takes note of a sign of life. */
  heard(): void {
    this.#silentChecks = 0;
  }

  /** Sends a frame. It looks at nothing. */
  send(frame: string | Uint8Array): void {
    const { length } = frame;
    this.#hadRoom = false;
    this.#transport.send(frame);
    this.#expected += length;
    if (length <= this.#largestLength) return;
    this.#largestLength = length;
    this.#largest = typeof frame === "string"
      ? new TextEncoder().encode(frame).length
      : length;
  }

  /**
   * Looks whether it is dead: something waits to be sent, and nothing has gone
   * out or come in for long. To be called every `CHECK_MS`.
   */
  isDead(): boolean {
    const { bytes } = this;
    // Less than was sent: some of it has gone out.
    if (bytes === 0 || bytes < this.#expected) this.heard();
    if (bytes > 0) this.#silentChecks++;
    this.#expected = bytes;
    return this.#silentChecks >= MAX_SILENT_CHECKS;
  }

  /** Ends what waits. */
  end(): void {
    this.#ended.abort();
  }
}
