/**
 * Serves presence over HTTP and sockets on one port, under Node or Bun, as the
 * README shows it, and uses both:
 * `npm_consumer_test.ts` runs this beside `program.ts`.
 *
 * @module
 */

import { PresenceClient } from "@ruthere/presence/client";
import { PresenceServer, PresenceView } from "@ruthere/presence/server";
import { createHttpHandler } from "@ruthere/presence/server/http";
import {
  createBunWebSocket,
  createNodeUpgrade,
  PhoenixEndpoint,
  upgradeInBun,
} from "@ruthere/presence/server/phoenix";
import { TopicPresence } from "@ruthere/presence/server/topics";

// Deno, which checks this file too, does not have it.
const { WebSocket, WebSocketServer } = await import("ws");
const presence = new PresenceServer();
const endpoint = new PhoenixEndpoint(new TopicPresence(presence));
// One stream: a second one can begin only after the first has ended.
const overHttp = createHttpHandler(presence, { limits: { streams: 1 } });
const handler = async (request) =>
  await endpoint.answer(request) ?? await overHttp(request);
const hostname = "127.0.0.1";

async function serve() {
  if (globalThis.Bun !== undefined) {
    const served = globalThis.Bun.serve({
      hostname,
      port: 0,
      idleTimeout: 0,
      fetch: (request, server) =>
        request.headers.has("upgrade")
          ? upgradeInBun(endpoint, request, server)
          : handler(request),
      websocket: createBunWebSocket(endpoint),
    });
    return { port: served.port, stop: () => served.stop(true) };
  }
  const node = await import("@hono/node-server");
  return new Promise((resolve) => {
    const served = node.serve({ hostname, port: 0, fetch: handler }, (info) => {
      const stop = () => served.close();
      resolve({ port: info.port, stop });
    });
    served.on("upgrade", createNodeUpgrade(endpoint, WebSocketServer));
  });
}

const { port, stop } = await serve();
const client = new PresenceClient({ url: `http://${hostname}:${port}/` });
await client.publish({ subject: "bob", context: "doc-1", ttlMs: 30_000 });

const seen = [];
for (let watch = 0; watch < 2; watch++) {
  const view = new PresenceView();
  for await (const batch of client.watch({ context: "doc-1" })) {
    view.apply(batch);
    break;
  }
  seen.push(...view.subjects("doc-1"));
}

/** Returns the people of the room, as a socket receives them. */
function seenBySocket() {
  const socket = new WebSocket(
    `ws://${hostname}:${port}/socket/websocket?vsn=2.0.0`,
  );
  return new Promise((resolve, reject) => {
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify(["1", "1", "doc-1", "phx_join", {}]));
    });
    socket.addEventListener("message", ({ data }) => {
      const [, , , event, payload] = JSON.parse(String(data));
      if (event === "presence_state") resolve(Object.keys(payload));
    });
    socket.addEventListener("error", reject);
  });
}
seen.push(...await seenBySocket());

/** Returns the status of a request to one of the addresses of clients. */
async function statusOf(path, options) {
  const answer = await fetch(`http://${hostname}:${port}${path}`, options);
  await answer.body?.cancel();
  return answer.status;
}
const statuses = [
  await statusOf("/socket/websocket?vsn=2.0.0"),
  await statusOf("/socket/websocket?vsn=9"),
  await statusOf("/realtime/v1/api/broadcast", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      messages: [{ topic: "doc-1", event: "wave", payload: {} }],
    }),
  }),
];

await endpoint[Symbol.asyncDispose]();
presence[Symbol.dispose]();
await stop();
console.log(JSON.stringify({ seen, statuses }));
