import {
  type Acceptance,
  INVALID_HANDSHAKE,
  type PhoenixEndpoint,
} from "../endpoint.ts";
import type { PhoenixSocket } from "../socket.ts";

/** What a socket of Bun carries with it. */
export interface BunSocketData {
  /** What the endpoint has said of it. */
  readonly acceptance: Acceptance;
  /** What the endpoint has made of it, once it is open. */
  socket: PhoenixSocket | undefined;
}

/** What `Bun.serve` gives to its handler, as far as it is needed. */
export interface BunServer {
  /** Makes a socket of a request. */
  upgrade(
    request: Request,
    options: { data: BunSocketData; headers: Record<string, string> },
  ): boolean;
}

/** A socket of Bun, as far as it is needed. */
export interface BunWebSocket {
  /** What it carries with it. */
  readonly data: BunSocketData;
  /** Sends a frame. */
  send(frame: string | Uint8Array): number;
  /** How many bytes wait to be sent. */
  getBufferedAmount(): number;
  /** Begins to close. */
  close(code: number, reason: string): void;
  /** Ends it without waiting for the other side. */
  terminate(): void;
}

/** What `Bun.serve` wants as `websocket`. */
export interface BunWebSocketHandler {
  /** Never there; for the compiler alone. */
  readonly data?: BunSocketData;
  /** Seconds after which a client of whom nothing has come is dead. */
  readonly idleTimeout: number;
  /** Pings go out before that. */
  readonly sendPings: true;
  /** The largest frame, in bytes. */
  readonly maxPayloadLength: number;
  /** How many bytes may wait to be sent. */
  readonly backpressureLimit: number;
  /** Rather than to leave out frames. */
  readonly closeOnBackpressureLimit: true;
  /** Takes note that a socket is open. */
  open(webSocket: BunWebSocket): void;
  /** Takes a frame. */
  message(webSocket: BunWebSocket, frame: string | Uint8Array): void;
  /** Takes note that a socket is closed. */
  close(webSocket: BunWebSocket): void;
}

/** Bun pings after about four fifths of this. */
const IDLE_SECONDS = 30;

/** The largest limit that Bun understands. */
const MAX_LIMIT = 2 ** 31 - 1;

/**
 * Answers a request to open a socket, under Bun. The server needs
 * {@linkcode createBunWebSocket} as well.
 *
 * @param endpoint What serves it.
 * @param request The request, for a URL that ends in `/websocket`.
 * @param server The server that has received it.
 * @returns The response, or nothing if there is a socket now.
 */
export async function upgradeInBun(
  endpoint: PhoenixEndpoint,
  request: Request,
  server: BunServer,
): Promise<Response | undefined> {
  const acceptance = await endpoint.accept(request);
  if (acceptance instanceof Response) return acceptance;
  // Left alone, Bun takes the first, which may be a token.
  const headers = { "sec-websocket-protocol": acceptance.protocol ?? "" };
  const data = { acceptance, socket: undefined };
  if (server.upgrade(request, { data, headers })) return undefined;
  return new Response(INVALID_HANDSHAKE, { status: 400 });
}

/**
 * Makes what `Bun.serve` wants as `websocket`, for the sockets of
 * {@linkcode upgradeInBun}.
 *
 * Before `stop()` of the server, await `endpoint[Symbol.asyncDispose]()`:
 * clients that Bun sends away do not learn that they should come back.
 *
 * @param endpoint What serves the sockets.
 * @returns The handlers and the limits.
 *
 * @example Usage
 * ```ts ignore
 * import { PresenceServer } from "@ruthere/presence/server";
 * import {
 *   createBunWebSocket,
 *   PhoenixEndpoint,
 *   upgradeInBun,
 * } from "@ruthere/presence/server/phoenix";
 * import { TopicPresence } from "@ruthere/presence/server/topics";
 *
 * const endpoint = new PhoenixEndpoint(new TopicPresence(new PresenceServer()));
 * const http = Bun.serve({
 *   hostname: "127.0.0.1",
 *   port: 8787,
 *   routes: {
 *     "/socket/websocket": (request, server) =>
 *       upgradeInBun(endpoint, request, server),
 *   },
 *   websocket: createBunWebSocket(endpoint),
 * });
 * // Later, to stop:
 * await endpoint[Symbol.asyncDispose]();
 * await http.stop();
 * ```
 */
export function createBunWebSocket(
  endpoint: PhoenixEndpoint,
): BunWebSocketHandler {
  return {
    idleTimeout: IDLE_SECONDS,
    sendPings: true,
    maxPayloadLength: endpoint.frameBytes,
    // The endpoint has limits of its own; beyond Bun's, frames would be lost.
    backpressureLimit: MAX_LIMIT,
    closeOnBackpressureLimit: true,
    open: (webSocket) => {
      const { data } = webSocket;
      data.socket = data.acceptance.open({
        get bufferedAmount() {
          return webSocket.getBufferedAmount();
        },
        send: (frame) => void webSocket.send(frame),
        close: (code, reason) => webSocket.close(code, reason),
        terminate: () => webSocket.terminate(),
      });
    },
    message: ({ data }, frame) => data.socket?.receive(frame),
    close: ({ data }) => data.socket?.lost(),
  };
}
