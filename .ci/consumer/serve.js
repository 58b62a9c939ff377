/**
 * Serves presence over a socket under Node or Bun, whichever runs it, and uses
 * it: `npm_consumer_test.ts` runs this beside `program.ts`.
 *
 * @module
 */

import { PresenceClient } from "@ruthere/presence/client";
import { PresenceServer, PresenceView } from "@ruthere/presence/server";
import { createHttpHandler } from "@ruthere/presence/server/http";

const presence = new PresenceServer();
// One stream: a second one can only begin when the first is free again.
const handler = createHttpHandler(presence, { limits: { streams: 1 } });
const hostname = "127.0.0.1";

async function serve() {
  if (globalThis.Bun !== undefined) {
    const served = globalThis.Bun.serve({
      hostname,
      port: 0,
      idleTimeout: 0,
      fetch: handler,
    });
    return { port: served.port, stop: () => served.stop(true) };
  }
  const node = await import("@hono/node-server");
  return new Promise((resolve) => {
    const served = node.serve({ hostname, port: 0, fetch: handler }, (info) => {
      const stop = () => served.close();
      resolve({ port: info.port, stop });
    });
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
presence[Symbol.dispose]();
await stop();
console.log(JSON.stringify(seen));
