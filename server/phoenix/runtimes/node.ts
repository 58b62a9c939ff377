import type { Acceptance, PhoenixEndpoint } from "../endpoint.ts";
import { Pulse } from "./pulse.ts";
import { connect, type StandardWebSocket } from "./web_socket.ts";

/** The request of the event `upgrade` of a server of Node. */
export interface NodeRequest {
  /** The path and the query. */
  readonly url?: string | undefined;
  /** The headers, by lower-case name. */
  readonly headers: {
    readonly [name: string]: string | readonly string[] | undefined;
  };
}

/** The stream of that event. */
export interface NodeStream {
  /** Whether it has ended. */
  readonly destroyed: boolean;
  /** Whether it is encrypted. */
  readonly encrypted?: boolean | undefined;
  /** Listens to it. */
  on(event: "error" | "finish", listener: () => void): unknown;
  /** Writes a text and ends it. */
  end(text: string): unknown;
  /** Ends it at once. */
  destroy(): unknown;
}

/** A socket of the package `ws`. */
export interface NodeWebSocket extends StandardWebSocket {
  /** Listens to signs of life. */
  on(event: "message" | "ping" | "pong", listener: () => void): unknown;
  /** Sends a ping. */
  ping(): void;
  /** Ends it without waiting for the client. */
  terminate(): void;
}

/** The class `WebSocketServer` of the package `ws`. */
export interface NodeWebSocketServer {
  /** Makes a server that opens sockets, and neither listens nor lists them. */
  new (options: {
    readonly noServer: true;
    readonly clientTracking: false;
    readonly maxPayload: number;
    readonly handleProtocols: (
      offered: Set<string>,
      request: NodeRequest,
    ) => string | false;
  }): {
    handleUpgrade(
      request: NodeRequest,
      stream: NodeStream,
      head: Uint8Array,
      open: (webSocket: NodeWebSocket) => void,
    ): void;
  };
}

/**
 * Makes a listener to the event `upgrade` of an HTTP server, under Node with the
 * package `ws`. It accepts any path: a server with other sockets looks at
 * `request.url` first.
 *
 * Before `close()` of the server, await `endpoint[Symbol.asyncDispose]()`:
 * `close()` waits for the sockets, and does not close them.
 *
 * @param endpoint The endpoint.
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
    // By default, it takes the first, which may be a token.
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
      const received = () => pulse.received(webSocket);
      for (const sign of ["message", "ping", "pong"] as const) {
        webSocket.on(sign, received);
      }
      received();
      webSocket.addEventListener("close", () => pulse.forget(webSocket));
      // It then closes anyway; without a listener the process would end.
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

/** Writes the response: after an upgrade, Node makes none. */
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
