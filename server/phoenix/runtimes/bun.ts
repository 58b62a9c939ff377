import {
  type Acceptance,
  INVALID_HANDSHAKE,
  type PhoenixEndpoint,
} from "../endpoint.ts";
import type { FrameReceiver } from "./pipe.ts";

/** The data of a socket of Bun. */
export interface BunSocketData {
  /** The endpoint's answer to its request. */
  readonly acceptance: Acceptance;
  /** The socket of the endpoint, once it is open. */
  socket: FrameReceiver | undefined;
}

/** The server that `Bun.serve` passes to its handler, as far as needed. */
export interface BunServer {
  /** Turns a request into a socket. */
  upgrade(
    request: Request,
    options: { data: BunSocketData; headers: Record<string, string> },
  ): boolean;
}

/** A socket of Bun, as far as needed. */
export interface BunWebSocket {
  /** Its data. */
  readonly data: BunSocketData;
  /** Sends a frame. */
  send(frame: string | Uint8Array): number;
  /** How many bytes wait to be sent. */
  getBufferedAmount(): number;
  /** Begins to close. */
  close(code: number, reason: string): void;
  /** Ends it without waiting for the client. */
  terminate(): void;
}

/** The option `websocket` of `Bun.serve`. */
export interface BunWebSocketHandler {
  /** Never set; only for the compiler. */
  readonly data?: BunSocketData;
  /** Seconds after which a silent client is dead. */
  readonly idleTimeout: number;
  /** Pings go out before that. */
  readonly sendPings: true;
  /** The largest frame, in bytes. */
  readonly maxPayloadLength: number;
  /** How many bytes may wait to be sent. */
  readonly backpressureLimit: number;
  /** Instead of leaving out frames. */
  readonly closeOnBackpressureLimit: true;
  /** Handles a socket that has opened. */
  open(webSocket: BunWebSocket): void;
  /** Handles a frame. */
  message(webSocket: BunWebSocket, frame: string | Uint8Array): void;
  /** Handles a socket that has closed. */
  close(webSocket: BunWebSocket): void;
}

/** Bun pings after about four fifths of this. */
const IDLE_SECONDS = 30;

/** The largest limit of Bun. */
const MAX_LIMIT = 2 ** 31 - 1;

/**
 * Answers a request to open a socket, under Bun. The server needs
 * {@linkcode createBunWebSocket} as well.
 *
 * @param endpoint The endpoint.
 * @param request The request, for a URL that ends in `/websocket`.
 * @param server The server that has received it.
 * @returns The response; `undefined` if the request has become a socket.
 */
export async function upgradeInBun(
  endpoint: PhoenixEndpoint,
  request: Request,
  server: BunServer,
): Promise<Response | undefined> {
  const acceptance = await endpoint.accept(request);
  if (acceptance instanceof Response) return acceptance;
  // By default, Bun takes the first, which may be a token.
  const headers = { "sec-websocket-protocol": acceptance.protocol ?? "" };
  const data = { acceptance, socket: undefined };
  if (server.upgrade(request, { data, headers })) return undefined;
  return new Response(INVALID_HANDSHAKE, { status: 400 });
}

/**
 * Makes the option `websocket` of `Bun.serve`, for the sockets of
 * {@linkcode upgradeInBun}.
 *
 * Before `stop()` of the server, await `endpoint[Symbol.asyncDispose]()`:
 * clients whose sockets Bun closes do not know that they should reconnect.
 *
 * @param endpoint The endpoint.
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
    // The endpoint has limits of its own; beyond that of Bun, frames are lost.
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
