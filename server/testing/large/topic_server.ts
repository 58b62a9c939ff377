/**
 * The process under measurement: a service of one topic. It fills the topic when
 * asked to, and records for how long its event loop has paused.
 *
 * @module
 */

import { createHttpHandler } from "../../http/mod.ts";
import { PresenceServer } from "../../mod.ts";
import { PhoenixEndpoint, upgradeInDeno } from "../../phoenix/mod.ts";
import { type TopicModel, TopicPresence } from "../../topics/mod.ts";

/** How many join in one turn of the event loop. */
const AT_ONCE = 1_000;

/** How many connections the origin holds that leaves at once. */
const HELD = 20_000;

const server = new PresenceServer<TopicModel>();
const topics = new TopicPresence(server, { ttlMs: Infinity });
const endpoint = new PhoenixEndpoint(topics);
const http = createHttpHandler(server, { limits: { page: 10_000_000 } });

let members = 0;
let longestMs = 0;
let tickedAt = performance.now();
setInterval(() => {
  const now = performance.now();
  longestMs = Math.max(longestMs, now - tickedAt);
  tickedAt = now;
}, 1);

/** Lets members join until there are as many. */
async function fill(count: number): Promise<void> {
  while (members < count) {
    for (let n = 0; n < AT_ONCE && members < count; n++, members++) {
      const origin = members < HELD ? "gateway" : "others";
      const meta = { name: `Person ${members}`, device: "laptop" };
      topics.track("room", keyOf(members), meta, { origin });
    }
    await nextTurn();
  }
}

/** Returns a key that is far from the one before in the order of keys. */
function keyOf(n: number): string {
  return `person-${(n * 2_654_435_761 % 2 ** 32).toString(36)}`;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** What the measuring process asks for, beside what every client may. */
async function command({ pathname, searchParams }: URL): Promise<object> {
  switch (pathname) {
    case "/bench/fill":
      await fill(Number(searchParams.get("count")));
      return {};
    case "/bench/join":
      topics.track("room", keyOf(members++), {});
      return {};
    case "/bench/leave": {
      const began = performance.now();
      const left = server.withdrawOrigin("gateway");
      return { left, tookMs: performance.now() - began };
    }
    case "/bench/whole":
      return server.store.snapshots({ context: "room" });
    case "/bench/usage": {
      // Pauses that have just ended count.
      await nextTurn();
      const pauseMs = longestMs;
      longestMs = 0;
      const { rss } = Deno.memoryUsage();
      return { pauseMs, rssMb: rss / 1e6 };
    }
    default:
      throw new TypeError(`There is no command ${pathname}`);
  }
}

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
}, async (request) => {
  const url = new URL(request.url);
  if (url.pathname.startsWith("/bench/")) {
    return Response.json(await command(url));
  }
  return url.pathname === "/socket/websocket"
    ? upgradeInDeno(endpoint, request)
    : http(request);
});
