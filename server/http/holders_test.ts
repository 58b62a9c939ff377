import { assert, assertEquals } from "@std/assert";
import { PresenceServer } from "../mod.ts";
import { countedSignal, update } from "../testing/harness.ts";
import { Holders } from "./holders.ts";
import { actorOf } from "./identity.ts";
import { createHttpHandler, type Identity } from "./mod.ts";
import { identity, posting, read, sendTo, sent } from "./testing/service.ts";

/** A handler at which somebody publishes. */
function serve() {
  const server = new PresenceServer();
  let who = identity();
  const handler = createHttpHandler(server, { authorize: () => who });
  const send = sendTo(handler);
  return {
    server,
    async publish(by: Partial<Identity>, context = "doc-1") {
      who = identity(by);
      await read(await send("/v1/updates", posting(sent({ context }))));
    },
    [Symbol.dispose]: () => server[Symbol.dispose](),
  };
}

Deno.test("rights that are taken away take what was published with them, and nothing else", async () => {
  using service = serve();
  const { server, publish } = service;
  const rights = new AbortController();
  const { signal } = rights;
  await publish({ subject: "alice", origin: "web", signal });
  await publish({ subject: "alice", origin: "web", signal }, "doc-2");
  await publish({ subject: "alice", origin: "phone" });
  server.receive(update({ subject: "bob", origin: "web" }));
  rights.abort();
  assertEquals(
    server.store.snapshots().map(({ subject, origin }) => [subject, origin]),
    [["alice", "phone"], ["bob", "web"]],
  );
});

Deno.test("rights of whoever speaks for all take what their origin holds", async () => {
  using service = serve();
  const rights = new AbortController();
  const { signal } = rights;
  await service.publish({ origin: "gateway", signal });
  rights.abort();
  assertEquals(service.server.store.size, 0);
});

Deno.test("of several signals of the same holder, the latest one counts", async () => {
  using service = serve();
  const [first, second] = [new AbortController(), new AbortController()];
  await service.publish({ signal: first.signal });
  await service.publish({ signal: second.signal });
  first.abort();
  assertEquals(service.server.store.size, 1);
  second.abort();
  assertEquals(service.server.store.size, 0);
});

Deno.test("rights that are taken away when the server is closed do nothing", async () => {
  const service = serve();
  const rights = new AbortController();
  await service.publish({ signal: rights.signal });
  service[Symbol.dispose]();
  // What a listener throws would end the process.
  rights.abort();
});

Deno.test("a signal has one listener, however often somebody publishes", async () => {
  using service = serve();
  const counted = countedSignal();
  for (let turn = 0; turn < 20; turn++) {
    await service.publish({ signal: counted.signal });
  }
  assertEquals(counted.listeners, 1);
  await service.publish({ signal: undefined });
  assertEquals(counted.listeners, 0);
});

Deno.test("those who hold nothing any more are forgotten, and their signals let go", () => {
  using server = new PresenceServer();
  const holders = new Holders(server);
  const counted = countedSignal();
  const publish = (subject: string, context: string) => {
    const { signal } = counted;
    server.receive(update({ subject, origin: "web", context }));
    const it = identity({ subject, origin: "web", signal });
    holders.add(actorOf(it, () => server.now));
  };
  publish("alice", "stays");
  for (let turn = 0; turn < 10_000; turn++) {
    publish(`subject ${turn}`, "left");
    const key = { subject: `subject ${turn}`, context: "left", origin: "web" };
    server.withdraw(key);
    assert(holders.size <= 1_024);
  }
  assertEquals(counted.listeners, holders.size);
  counted.controller.abort();
  assertEquals(server.store.size, 0);
  assertEquals(holders.size, 0);
});
