import { INVALID_HANDSHAKE, type PhoenixEndpoint } from "../endpoint.ts";
import { connect } from "./web_socket.ts";

/**
 * Deno pings a client after half of this, in seconds, and closes the socket of
 * one of whom nothing has come after the whole.
 */
const IDLE_SECONDS = 30;

/**
 * Answers a request to open a socket, under Deno.
 *
 * Before `shutdown()` of the server, await `endpoint[Symbol.asyncDispose]()`:
 * clients that Deno sends away do not learn that they should come back. And let
 * `authorize` answer soon: Deno does not notice a client that goes away
 * meanwhile, and keeps its connection open until the server ends.
 *
 * @param endpoint What serves it.
 * @param request The request, for a URL that ends in `/websocket`.
 * @returns The response that `Deno.serve` is to get.
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
    // A handshake that is none, or a client that is gone.
    if (!(error instanceof TypeError)) endpoint.report(error);
    return new Response(INVALID_HANDSHAKE, { status: 400 });
  }
  const { socket: webSocket, response } = upgrade;
  if (acceptance.protocol !== undefined) {
    // Not by Deno's option: that does not find it in a list without spaces.
    response.headers.set("sec-websocket-protocol", acceptance.protocol);
  }
  webSocket.addEventListener("open", () => {
    // There is no other way to end it.
    connect(webSocket, acceptance, () => webSocket.close());
  });
  return response;
}
