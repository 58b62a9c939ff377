import { assert } from "@std/assert";
import type { PhoenixEndpoint, SocketTransport } from "../mod.ts";
import type { FrameReceiver } from "../runtimes/pipe.ts";
import { CLOSE_CODES } from "../runtimes/transport.ts";
import { PhoenixSocket } from "../socket.ts";
import { type Frame, isFrame } from "./client.ts";

/** The codes of the endpoint; runtimes refuse some others, such as 1006. */
const CODES = new Set<number>(Object.values(CLOSE_CODES));

/**
 * A client in the same process: what it is sent is there at once, and what is
 * said to wait does.
 */
export class MemoryClient implements SocketTransport {
  /** The frames that it got. */
  readonly frames: (string | Uint8Array)[] = [];
  /** The code that it was closed with. */
  closeCode: number | undefined;
  /** The reason that it was closed with. */
  closeReason: string | undefined;
  /** Whether it was ended without a close. */
  isTerminated = false;
  /** How often somebody has asked how many bytes wait. */
  looks = 0;
  #bufferedAmount = 0;
  #receiver: FrameReceiver | undefined;

  /** Connects a client to an endpoint. */
  static async connect(
    endpoint: PhoenixEndpoint,
    query = "vsn=2.0.0",
  ): Promise<MemoryClient> {
    const open = await MemoryClient.accepted(endpoint, query);
    return open();
  }

  /** Asks an endpoint for a socket, which is yet to be opened. */
  static async accepted(
    endpoint: PhoenixEndpoint,
    query = "vsn=2.0.0",
  ): Promise<() => MemoryClient> {
    const url = `http://localhost/socket/websocket?${query}`;
    const headers = { "upgrade": "websocket" };
    const acceptance = await endpoint.accept(new Request(url, { headers }));
    assert(!(acceptance instanceof Response), "it is refused");
    return () => {
      const client = new MemoryClient();
      client.#receiver = acceptance.open(client);
      return client;
    };
  }

  /** How many bytes are said to wait. */
  get bufferedAmount(): number {
    this.looks++;
    return this.#bufferedAmount;
  }

  set bufferedAmount(bytes: number) {
    this.#bufferedAmount = bytes;
    if (!(this.#receiver instanceof PhoenixSocket)) return;
    // Nobody has sent them, so the outbox does not know before it looks.
    assert(this.socket.backlogBytes === bytes);
  }

  /** The socket that the endpoint has made of it. */
  get socket(): PhoenixSocket {
    assert(this.#receiver instanceof PhoenixSocket);
    return this.#receiver;
  }

  /** The frames that it was sent since the last call, as they are written. */
  take(): Frame[] {
    return this.frames.splice(0).map((text) => {
      const frame: unknown = typeof text === "string" ? JSON.parse(text) : text;
      assert(isFrame(frame));
      return frame;
    });
  }

  /** Sends a frame to the endpoint: an array as JSON. */
  say(frame: readonly unknown[] | string | Uint8Array): void {
    this.#receiver?.receive(
      typeof frame === "string" || frame instanceof Uint8Array
        ? frame
        : JSON.stringify(frame),
    );
  }

  send(frame: string | Uint8Array): void {
    assert(this.closeCode === undefined, "it is sent a frame after its close");
    this.frames.push(frame);
  }

  close(code: number, reason: string): void {
    assert(code === 1000 || CODES.has(code), "runtimes refuse the code");
    this.closeCode ??= code;
    this.closeReason ??= reason;
    // It answers at once.
    queueMicrotask(() => this.#receiver?.lost());
  }

  terminate(): void {
    this.isTerminated = true;
  }

  /** Loses the connection. */
  lost(): void {
    this.#receiver?.lost();
  }
}
