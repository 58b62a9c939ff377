import type { SocketTransport } from "../runtimes/transport.ts";

/** A transport whose client reads only when a test lets it. */
export class FakeTransport implements SocketTransport {
  /** How often somebody has asked how many bytes wait. */
  looks = 0;
  #waiting = 0;

  /** How many bytes wait to be sent; one for each unit of a frame. */
  get bufferedAmount(): number {
    this.looks++;
    return this.#waiting;
  }

  /** Sends a frame: it waits. */
  send(frame: string | Uint8Array): void {
    this.#waiting += frame.length;
  }

  /** The other side reads so much. */
  drain(bytes: number): void {
    this.#waiting -= bytes;
  }

  /** Does nothing. */
  close(): void {}

  /** Does nothing. */
  terminate(): void {}
}
