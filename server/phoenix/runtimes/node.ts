import type { Acceptance, PhoenixEndpoint } from "../endpoint.ts";
import { Pulse } from "./pulse.ts";
import { connect, type StandardWebSocket } from "./web_socket.ts";

/** What the event `upgrade` of a server of Node tells of the request. */
export interface NodeRequest {
  /** Path and query. */
  readonly url?: string | undefined;
  /** The headers, by their lower-case names. */
  readonly headers: {
    readonly [name: string]: string | readonly string[] | undefined;
  };
}

/** The stream that comes with that event. */
export interface NodeStream {
  /** Whether it is gone. */
  readonly destroyed: boolean;
  /** Whether it is encrypted. */
  readonly encrypted?: boolean | undefined;
  /** Listens to it. */
  on(event: "error" | "finish", listener: () => void): unknown;
  /** Writes the last of it. */
  end(text: string): unknown;
  /** Ends it at once. */
  destroy(): unknown;
}

/** A socket of the package `ws`. */
export interface NodeWebSocket extends StandardWebSocket {
  /** Listens to signs of life. */
  on(event: "message" | "ping" | "pong", listener: () => void): unknown;
  /** Asks for one. */
  ping(): void;
  /** Ends it without waiting for the other side. */
  terminate(): void;
}

/** What is asked of the package `ws`. */
export interface NodeWebSocketOptions {
  /** It listens to no port. */
  readonly noServer: true;
  /** It keeps no set of sockets. */
  readonly clientTracking: false;
  /** The largest frame, in bytes. */
  readonly maxPayload: number;
  /** Chooses among the subprotocols that a client offers. */
  readonly handleProtocols: (
    offered: Set<string>,
    request: NodeRequest,
  ) => string | false;
}

/** The class `WebSocketServer` of the package `ws`. */
export interface NodeWebSocketServer {
  /** Makes it. */
  new (options: NodeWebSocketOptions): {
    handleUpgrade(
      request: NodeRequest,
      stream: NodeStream,
      head: Uint8Array,
      open: (webSocket: NodeWebSocket) => void,
    ): void;
  };
}

/**
 * Makes what answers the event `upgrade` of an HTTP server, under Node with the
 * package `ws`. It takes whatever path it is given: a server with other sockets
 * looks at `request.url` first.
 *
 * Before `close()` of the server, await `endpoint[Symbol.asyncDispose]()`:
 * `close()` waits for the sockets, and does not send them away.
 *
 * @param endpoint What serves the sockets.
 * @param WebSocketServer The class of that name, of `ws` 8.
 * @returns The listener.
 *
 * @example Usage
 * ```ts ignore
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { createNodeUpgrade, PhoenixEndpoint } from "@ruthere/presence/server/phoenix";
 * import { TopicPresence } from "@ruthere/presence/server/topics";
 * import { createServer } from "node:http";
 * import { WebSocketServer } from "ws";
 *
 * const endpoint = new PhoenixEndpoint(new TopicPresence(new PresenceServer()));
 * const http = createServer();
 * http.on("upgrade", createNodeUpgrade(endpoint, WebSocketServer));
 * http.listen(8787, "127.0.0.1");
 * // Later, to stop:
 * await endpoint[Symbol.asyncDispose]();
 * http.close();
 * ```
 */
export function createNodeUpgrade(
  endpoint: PhoenixEndpoint,
  WebSocketServer: NodeWebSocketServer,
): (request: NodeRequest, stream: NodeStream, head: Uint8Array) => void {
  const accepted = new WeakMap<NodeRequest, Acceptance>();
  const pulse = new Pulse();
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: endpoint.frameBytes,
    // Left alone, it takes the first, which may be a token.
    handleProtocols: (_offered, request) =>
      accepted.get(request)?.protocol ?? false,
  });

  async function upgrade(
    request: NodeRequest,
    stream: NodeStream,
    head: Uint8Array,
  ): Promise<void> {
    const acceptance = await accept(endpoint, request, stream);
    if (stream.destroyed) return;
    if (acceptance instanceof Response) return await refuse(stream, acceptance);
    accepted.set(request, acceptance);
    webSockets.handleUpgrade(request, stream, head, (webSocket) => {
      const heard = () => pulse.heard(webSocket);
      for (const sign of ["message", "ping", "pong"] as const) {
        webSocket.on(sign, heard);
      }
      heard();
      webSocket.addEventListener("close", () => pulse.forget(webSocket));
      // It closes by itself then; without a listener the process would end.
      webSocket.addEventListener("error", () => {});
      connect(webSocket, acceptance, () => webSocket.terminate());
    });
  }

  return (request, stream, head) => {
    // Before anything is awaited: a reset without a listener ends the process.
    stream.on("error", () => stream.destroy());
    upgrade(request, stream, head).catch((error: unknown) => {
      endpoint.report(error);
      stream.destroy();
    });
  };
}

async function accept(
  endpoint: PhoenixEndpoint,
  { headers, url = "/" }: NodeRequest,
  { encrypted = false }: NodeStream,
): Promise<Acceptance | Response> {
  const pairs = Object.entries(headers)
    .map(([name, value]) => [name, String(value ?? "")]);
  const scheme = encrypted ? "https" : "http";
  let request: Request;
  try {
    request = new Request(`${scheme}://${headers.host}${url}`, {
      headers: Object.fromEntries(pairs),
    });
  } catch {
    const reason = "Cannot connect: the host is no name\n";
    return new Response(reason, { status: 421 });
  }
  return await endpoint.accept(request);
}

/** Answers by hand: after an upgrade there is no response of Node's. */
async function refuse(stream: NodeStream, response: Response): Promise<void> {
  const { status, headers } = response;
  const body = await response.text();
  const bytes = new TextEncoder().encode(body).length;
  const { "content-length": _, connection: __, ...others } = Object
    .fromEntries(headers);
  const all = { ...others, "content-length": bytes, connection: "close" };
  const lines = Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  stream.on("finish", () => stream.destroy());
  stream.end(`HTTP/1.1 ${status} \r\n${lines.join("")}\r\n${body}`);
}
