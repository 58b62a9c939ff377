/**
 * The process under load: the service's sockets with documents behind them, or
 * the bare fan-out of the same frames.
 *
 * @module
 */

import process from "node:process";
import { type DocumentModel, DocumentPresence } from "../../mod.ts";
import { PhoenixEndpoint, upgradeInDeno } from "../../../phoenix/mod.ts";
import { PresenceServer } from "../../../mod.ts";
import { liftFacets, TopicPresence } from "../../../topics/mod.ts";

/** The server under load. */
interface Subject {
  handle(request: Request): Response | Promise<Response>;
  /** Returns how many bytes wait for the slowest client. */
  backlogBytes(): number;
  /** Returns how many positions were replaced before a client received them. */
  coalesced(): number;
}

/** Returns the service without pages and HTTP. */
function presence(cursorThrottleMs: number): Subject {
  const server = new PresenceServer<DocumentModel>({ retention: 2_000 });
  const documents = new DocumentPresence(server, { cursorThrottleMs });
  const topics = new TopicPresence(server, { facets: liftFacets });
  const endpoint = new PhoenixEndpoint(topics, {
    documents,
    limits: { allSockets: 20_000 },
  });
  return {
    handle: (request) => upgradeInDeno(endpoint, request),
    backlogBytes: () =>
      largest([...endpoint.sockets].map(({ backlogBytes }) => backlogBytes)),
    coalesced: () => documents.stats.coalesced,
  };
}

/**
 * Returns the simplest server: everyone in a topic receives what the others
 * send. It keeps no presence, no deadlines and no limits.
 */
function bare(): Subject {
  const rooms = new Map<string, Set<WebSocket>>();
  const sockets = new Set<WebSocket>();
  const handle = (request: Request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.add(socket);
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
      sockets.delete(socket);
      for (const topic of joined) rooms.get(topic)?.delete(socket);
    };
    return response;
  };
  return {
    handle,
    backlogBytes: () =>
      largest([...sockets].map(({ bufferedAmount }) => bufferedAmount)),
    coalesced: () => 0,
  };
}

function largest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}

const [kind, throttleMs] = Deno.args;
const subject = kind === "bare" ? bare() : presence(Number(throttleMs));
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
}, (request) => {
  if (new URL(request.url).pathname !== "/usage") {
    return subject.handle(request);
  }
  const { user, system } = process.cpuUsage();
  return Response.json({
    cpuUs: user + system,
    rss: Deno.memoryUsage().rss,
    backlogBytes: subject.backlogBytes(),
    coalesced: subject.coalesced(),
  });
});
// Only a process that ends by itself writes its profile.
Deno.addSignalListener("SIGINT", () => Deno.exit(0));
