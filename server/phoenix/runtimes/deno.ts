import { INVALID_HANDSHAKE, type PhoenixEndpoint } from "../endpoint.ts";
import { connect } from "./web_socket.ts";

/**
 * Deno pings a client after half of this, in seconds, and closes its socket if
 * it is silent for the whole.
 */
const IDLE_SECONDS = 30;

/**
 * Answers a request to open a socket, under Deno.
 *
 * Before `shutdown()` of the server, await `endpoint[Symbol.asyncDispose]()`:
 * clients whose sockets Deno closes do not know that they should reconnect. And
 * let `authorize` answer soon: Deno does not notice a client that disconnects
 * meanwhile, and keeps its connection open until the server ends.
 *
 * @param endpoint The endpoint.
 * @param request The request, for a URL that ends in `/websocket`.
 * @returns The response for `Deno.serve`.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { PhoenixEndpoint, upgradeInDeno } from "@ruthere/presence/server/phoenix";
 * import { type TopicModel, TopicPresence } from "@ruthere/presence/server/topics";
 *
 * const server = new PresenceServer<TopicModel>();
 * const endpoint = new PhoenixEndpoint(new TopicPresence(server));
 * const http = Deno.serve({ port: 0, onListen() {} }, (request) => {
 *   const { pathname } = new URL(request.url);
 *   if (pathname === "/socket/websocket") return upgradeInDeno(endpoint, request);
 *   return new Response("There is nothing here\n", { status: 404 });
 * });
 * // Later, to stop:
 * await endpoint[Symbol.asyncDispose]();
 * await http.shutdown();
 * server[Symbol.dispose]();
 * ```
 */
export async function upgradeInDeno(
  endpoint: PhoenixEndpoint,
  request: Request,
): Promise<Response> {
  const acceptance = await endpoint.accept(request);
  if (acceptance instanceof Response) return acceptance;
  let upgrade: Deno.WebSocketUpgrade;
  try {
    upgrade = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_SECONDS });
  } catch (error) {
    // The handshake is not valid, or the client has disconnected.
    if (!(error instanceof TypeError)) endpoint.report(error);
    return new Response(INVALID_HANDSHAKE, { status: 400 });
  }
  const { socket: webSocket, response } = upgrade;
  if (acceptance.protocol !== undefined) {
    // Not by Deno's option, which does not find it in a list without spaces.
    response.headers.set("sec-websocket-protocol", acceptance.protocol);
  }
  webSocket.addEventListener("open", () => {
    // Deno has no other way to end it.
    connect(webSocket, acceptance, () => webSocket.close());
  }, { once: true });
  return response;
}
