import { isJsonObject, type JsonObject } from "../internal.ts";

/** A `WebSocket`, as far as a client needs it: also that of the package `ws`. */
export interface ClientWebSocket {
  /** Sends a frame. */
  send(frame: string): void;
  /** Begins to close. */
  close(code?: number): void;
  /** Listens to received frames. */
  addEventListener(
    type: "message",
    listener: (event: { readonly data: unknown }) => void,
  ): void;
  /** Listens to its end. */
  addEventListener(
    type: "close",
    listener: (
      event: { readonly code: number; readonly reason: string },
    ) => void,
  ): void;
  /** Listens to its begin, or to a failure, which a close follows. */
  addEventListener(type: "open" | "error", listener: () => void): void;
}

/** Opens a socket. */
export type WebSocketClass = new (
  url: string,
  protocols?: string[],
) => ClientWebSocket;

/** One connection to the service, of its own or through another tab. */
export interface Wire {
  /** Sends a frame. */
  send(frame: string): void;
  /** Closes it. */
  close(): void;
}

/** What a wire tells its user. */
export interface WireEvents {
  /** It is open. */
  opened(): void;
  /** A frame has arrived. */
  received(frame: string): void;
  /** It has closed, or did not open. */
  closed(code: number, reason: string): void;
}

/** Opens a wire, with subprotocols. */
export type OpenWire = (protocols: string[], events: WireEvents) => Wire;

/** Opens a wire that is a socket. */
export function webSocketWire(
  WebSocket: WebSocketClass,
  url: string,
): OpenWire {
  return (protocols, events) => {
    const socket = new WebSocket(url, protocols);
    socket.addEventListener("open", () => events.opened());
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") events.received(data);
    });
    // A close follows.
    socket.addEventListener("error", () => {});
    socket.addEventListener(
      "close",
      ({ code, reason }) => events.closed(code, reason),
    );
    return socket;
  };
}

/** A message of the protocol of Phoenix, in either direction. */
export type Message = readonly [
  joinRef: string | null,
  ref: string | null,
  topic: string,
  event: string,
  payload: JsonObject,
];

/** Reports whether a value from JSON is a message. */
export function isMessage(value: unknown): value is Message {
  if (!Array.isArray(value) || value.length !== 5) return false;
  const [joinRef, ref, topic, event, payload] = value;
  const isRef = (ref: unknown) => ref === null || typeof ref === "string";
  return isRef(joinRef) && isRef(ref) && typeof topic === "string" &&
    typeof event === "string" && isJsonObject(payload);
}
