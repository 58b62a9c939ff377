import type { Acceptance } from "../endpoint.ts";

/**
 * A standard `WebSocket`, as far as adapters need it: that of Deno, and that of
 * the package `ws`.
 */
export interface StandardWebSocket {
  /** The type of received bytes. */
  binaryType: string;
  /** 1 while it is open. */
  readonly readyState: number;
  /** How many bytes wait to be sent. */
  readonly bufferedAmount: number;
  /** Sends a frame. */
  send(frame: string | Uint8Array): void;
  /** Begins to close. */
  close(code: number, reason: string): void;
  /** Listens to received frames. */
  addEventListener(
    type: "message",
    listener: (event: { readonly data: unknown }) => void,
  ): void;
  /** Listens to its end. */
  addEventListener(type: "close" | "error", listener: () => void): void;
}

/** The state of a socket that is open. */
const OPEN = 1;

/**
 * Connects an open socket to the endpoint.
 *
 * @param webSocket The socket.
 * @param acceptance The endpoint's answer to its request.
 * @param terminate Ends the socket without waiting for the client.
 */
export function connect(
  webSocket: StandardWebSocket,
  acceptance: Acceptance,
  terminate: () => void,
): void {
  webSocket.binaryType = "arraybuffer";
  const isOpen = () => webSocket.readyState === OPEN;
  const socket = acceptance.open({
    get bufferedAmount() {
      return webSocket.bufferedAmount;
    },
    send: (frame) => {
      if (isOpen()) webSocket.send(frame);
    },
    close: (code, reason) => {
      if (isOpen()) webSocket.close(code, reason);
    },
    terminate,
  });
  webSocket.addEventListener("message", ({ data }) => {
    socket.receive(
      data instanceof ArrayBuffer ? new Uint8Array(data) : String(data),
    );
  });
  webSocket.addEventListener("close", () => socket.lost());
}
