import { assertEquals } from "@std/assert";
import { eventually } from "../testing/waiting.ts";
import type { Admission } from "./mod.ts";
import { Client, diffOf } from "./testing/client.ts";
import { serve, type Service } from "./testing/service.ts";
import { TcpClient } from "./testing/tcp_client.ts";

/** Long enough for whatever a test does meanwhile. */
const LONG_GRACE = { server: { graceMs: 60_000 } };
/** So short that a test can wait for its end. */
const SHORT_GRACE = { server: { graceMs: 200 } };

/** A client that is present in the room as ada. */
async function ada(service: Service, tab: number): Promise<Client> {
  const client = await Client.connect(service);
  await client.join("room", { key: "ada", meta: { tab } });
  return client;
}

/** A client that watches the room, and what it has seen. */
async function watcher(service: Service): Promise<Client> {
  const client = await Client.connect(service);
  await client.join("room", { key: "watcher" });
  await client.rest();
  return client;
}

/** Waits until the server has taken note that sockets are closed. */
function untilOpen({ endpoint }: Service, sockets: number): Promise<void> {
  return eventually(
    () => endpoint.sockets.size === sockets,
    `${sockets} sockets are open`,
  );
}

Deno.test("a clean close is not a goodbye: within the grace nobody notices", async () => {
  await using service = serve(LONG_GRACE);
  const before = await ada(service, 1);
  await using other = await watcher(service);
  await before.close();
  await untilOpen(service, 1);
  assertEquals(await other.rest(), []);
  assertEquals(service.topics.connectionCount("room", "ada"), 1);
});

Deno.test("a reload within the grace is one diff: a join and a leave of metas", async () => {
  await using service = serve(LONG_GRACE);
  const before = await ada(service, 1);
  await using other = await watcher(service);
  await before.close();
  await untilOpen(service, 1);
  await using _after = await ada(service, 2);
  const [frame, ...more] = await other.rest();
  assertEquals(more, []);
  const { joins, leaves } = diffOf(frame);
  assertEquals(joins.ada?.metas, [{ phx_ref: "#2", tab: 2 }]);
  assertEquals(leaves.ada?.metas, [{ phx_ref: "#1", tab: 1 }]);
  assertEquals(service.topics.list("room"), [
    { key: "ada", metas: [{ tab: 2 }] },
  ]);
});

Deno.test("a page that loads before the old one has closed does not flap", async () => {
  await using service = serve(LONG_GRACE);
  const before = await ada(service, 1);
  await using other = await watcher(service);
  await using _after = await ada(service, 2);
  const { joins } = diffOf(await other.event("presence_diff"));
  assertEquals(joins.ada?.metas.length, 1);
  await before.close();
  // The old one is removed at once, since ada has the new one.
  const { leaves } = diffOf(await other.event("presence_diff"));
  assertEquals(leaves.ada?.metas.length, 1);
  assertEquals(service.topics.connectionCount("room", "ada"), 1);
});

Deno.test("a person who does not return within the grace leaves", async () => {
  await using service = serve(SHORT_GRACE);
  const before = await ada(service, 1);
  await using other = await watcher(service);
  await before.close();
  const { leaves } = diffOf(await other.event("presence_diff"));
  assertEquals(Object.keys(leaves), ["ada"]);
});

Deno.test("a client that vanishes without a close has the same grace", async () => {
  await using service = serve(SHORT_GRACE);
  await using other = await watcher(service);
  const client = await TcpClient.connect(service);
  await client.send(["1", "1", "room", "phx_join", { key: "ada", meta: 1 }]);
  await other.event("presence_diff");
  client[Symbol.dispose]();
  await untilOpen(service, 1);
  const { leaves } = diffOf(await other.event("presence_diff"));
  assertEquals(Object.keys(leaves), ["ada"]);
});

Deno.test("a tab that closes while another is open is removed at once", async () => {
  await using service = serve(LONG_GRACE);
  const laptop = await ada(service, 1);
  await using _phone = await ada(service, 2);
  await using other = await watcher(service);
  await laptop.close();
  const { joins, leaves } = diffOf(await other.event("presence_diff"));
  assertEquals(joins, {});
  assertEquals(leaves.ada?.metas, [{ phx_ref: "#1", tab: 1 }]);
});

Deno.test("an untracked entry does not linger", async () => {
  await using service = serve(LONG_GRACE);
  const client = await ada(service, 1);
  await client.join("club", { key: "ada", meta: 1 });
  await client.untrack("room");
  await client.done("club", "phx_leave");
  await client.close();
  await untilOpen(service, 0);
  assertEquals(service.topics.list("room"), []);
  assertEquals(service.topics.list("club"), []);
});

Deno.test("a disposed endpoint closes all sockets with 1012, and what they held has its grace", async () => {
  await using service = serve(LONG_GRACE);
  await using one = await ada(service, 1);
  await using two = await watcher(service);
  await two.track("room", { tab: 2 });
  service.endpoint[Symbol.dispose]();
  const closing = { code: 1012, reason: "service restart" };
  assertEquals(await one.closed(), closing);
  assertEquals(await two.closed(), closing);
  assertEquals(service.topics.countPresences("room"), 2);
  assertEquals(service.endpoint.sockets.size, 0);
  using late = await TcpClient.connect(service);
  assertEquals(late.handshake.status, 503);
});

const RESTART = { code: 1012, reason: "service restart" };

Deno.test("a disposed server closes its sockets with 1012", async () => {
  await using service = serve();
  await using present = await ada(service, 1);
  await using client = await watcher(service);
  service.server[Symbol.dispose]();
  assertEquals(await present.closed(), RESTART);
  assertEquals(await client.closed(), RESTART);
  assertEquals(service.endpoint.sockets.size, 0);
  using late = await TcpClient.connect(service);
  assertEquals(late.handshake.status, 503);
});

/** Asks for nothing that would end with the server. */
const QUIET = { config: { presence: { enabled: false } } };

for (const params of [{}, { meta: 1 }, QUIET]) {
  Deno.test(`a join with ${JSON.stringify(params)} after the server is disposed closes with 1012`, async () => {
    await using service = serve();
    await using client = await Client.connect(service);
    await client.done("phoenix", "heartbeat");
    service.server[Symbol.dispose]();
    client.ask("room", params);
    assertEquals(await client.closed(), RESTART);
  });

  Deno.test(`the same if its hook answers too late, with ${JSON.stringify(params)}`, async () => {
    const answer = Promise.withResolvers<Admission>();
    const asked = Promise.withResolvers<void>();
    await using service = serve({
      join: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    await using client = await Client.connect(service);
    client.ask("room", params);
    await asked.promise;
    service.server[Symbol.dispose]();
    answer.resolve({});
    assertEquals(await client.closed(), RESTART);
  });
}

Deno.test("a track after the server is disposed closes with 1012", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await client.join("room", QUIET);
  service.server[Symbol.dispose]();
  client.push("room", "presence", { event: "track", payload: 1 });
  assertEquals(await client.closed(), RESTART);
});

Deno.test("clients reconnect after a restart on the same port", async () => {
  let port = 0;
  {
    await using service = serve();
    port = service.port;
    await using client = await ada(service, 1);
    service.endpoint[Symbol.dispose]();
    assertEquals((await client.closed()).code, 1012);
  }
  await using service = serve({ port });
  await using _client = await ada(service, 2);
  assertEquals(service.topics.list("room"), [
    { key: "ada", metas: [{ tab: 2 }] },
  ]);
});
