/**
 * What the load is put on, as a process of its own: the service's sockets with
 * documents behind them, or the bare fan-out of the same frames.
 *
 * @module
 */

import process from "node:process";
import { type DocumentModel, DocumentPresence } from "../../mod.ts";
import { PhoenixEndpoint, upgradeInDeno } from "../../../phoenix/mod.ts";
import { PresenceServer } from "../../../mod.ts";
import { liftFacets, TopicPresence } from "../../../topics/mod.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** The service, without pages and HTTP. */
function presence(cursorThrottleMs: number): Handler {
  const server = new PresenceServer<DocumentModel>({ retention: 2_000 });
  const documents = new DocumentPresence(server, { cursorThrottleMs });
  const topics = new TopicPresence(server, { facets: liftFacets });
  const endpoint = new PhoenixEndpoint(topics, {
    documents,
    limits: { allSockets: 20_000 },
  });
  return (request) => upgradeInDeno(endpoint, request);
}

/**
 * What everybody could write: whoever joins a topic gets what the others send.
 * It knows of nobody, forgets nobody, and waits for nobody.
 */
function bare(): Handler {
  const rooms = new Map<string, Set<WebSocket>>();
  return (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    const joined = new Set<string>();
    const reply = (joinRef: string, ref: string, topic: string) =>
      socket.send(
        JSON.stringify([joinRef, ref, topic, "phx_reply", {
          status: "ok",
          response: {},
        }]),
      );
    socket.onmessage = ({ data }) => {
      const [joinRef, ref, topic, event, payload] = JSON.parse(data);
      const room = rooms.get(topic) ?? new Set();
      rooms.set(topic, room);
      if (event === "phx_join") {
        joined.add(topic);
        room.add(socket);
      } else if (event === "cursor") {
        const frame = JSON.stringify([null, null, topic, "presence", {
          event_type: "presence",
          payload: {
            type: "cursor_moved",
            user_id: `person-${payload.cursor.column}`,
            cursor: payload.cursor,
            selection: null,
          },
          timestamp: Date.now(),
        }]);
        for (const other of room) {
          if (other.readyState === WebSocket.OPEN) other.send(frame);
        }
      }
      reply(joinRef, ref, topic);
    };
    socket.onclose = () => {
      for (const topic of joined) rooms.get(topic)?.delete(socket);
    };
    return response;
  };
}

const [kind, throttleMs] = Deno.args;
const handler = kind === "bare" ? bare() : presence(Number(throttleMs));
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
}, (request) => {
  if (new URL(request.url).pathname !== "/usage") return handler(request);
  const { user, system } = process.cpuUsage();
  return Response.json({ cpuUs: user + system, ...Deno.memoryUsage() });
});
// A profile is written by a process that ends by itself.
Deno.addSignalListener("SIGINT", () => Deno.exit(0));
