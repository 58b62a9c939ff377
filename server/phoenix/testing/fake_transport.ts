import type { SocketTransport } from "../transport.ts";

/** A transport whose other side reads when it is told to. */
export class FakeTransport implements SocketTransport {
  /** How many bytes wait to be sent; one for each unit of a frame. */
  bufferedAmount = 0;

  /** Sends a frame: it waits. */
  send(frame: string | Uint8Array): void {
    this.bufferedAmount += frame.length;
  }

  /** The other side reads so much. */
  drain(bytes: number): void {
    this.bufferedAmount -= bytes;
  }

  /** Does nothing. */
  close(): void {}

  /** Does nothing. */
  terminate(): void {}
}
