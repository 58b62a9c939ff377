import { assert, assertEquals } from "@std/assert";
import { PresenceServer } from "../mod.ts";
import { countCalls, countedSignal, update } from "../testing/harness.ts";
import { Holders } from "./holders.ts";
import { createHttpHandler, type Identity } from "./mod.ts";
import { identity, posting, read, sendTo, sent } from "./testing/service.ts";

/** Starts a handler and publishes to it. */
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
    contexts: () => server.store.contexts().sort(),
    [Symbol.dispose]: () => server[Symbol.dispose](),
  };
}

Deno.test("revoked rights withdraw the entries that were published with them, and no others", async () => {
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

Deno.test("revoked rights of a gateway withdraw the entries that were published with them", async () => {
  using service = serve();
  const rights = new AbortController();
  const { signal } = rights;
  await service.publish({ origin: "gateway", signal });
  await service.publish({ origin: "gateway", signal }, "doc-2");
  rights.abort();
  assertEquals(service.contexts(), []);
});

Deno.test("each signal withdraws its own entries, even if several share a subject and an origin", async () => {
  using service = serve();
  const [phone, laptop] = [new AbortController(), new AbortController()];
  const alice = { subject: "alice", origin: "app" };
  await service.publish({ ...alice, signal: phone.signal }, "doc-1");
  await service.publish({ ...alice, signal: laptop.signal }, "doc-2");
  await service.publish({ ...alice, signal: undefined }, "doc-3");
  phone.abort();
  assertEquals(service.contexts(), ["doc-2", "doc-3"]);
  laptop.abort();
  assertEquals(service.contexts(), ["doc-3"]);
});

Deno.test("the latest signal of an entry counts", async () => {
  using service = serve();
  const [first, second] = [new AbortController(), new AbortController()];
  await service.publish({ signal: first.signal });
  await service.publish({ signal: second.signal });
  first.abort();
  assertEquals(service.contexts(), ["doc-1"]);
  second.abort();
  assertEquals(service.contexts(), []);
});

Deno.test("an entry that is published again without a signal stays", async () => {
  using service = serve();
  const rights = new AbortController();
  await service.publish({ signal: rights.signal });
  await service.publish({ signal: undefined });
  rights.abort();
  assertEquals(service.contexts(), ["doc-1"]);
});

Deno.test("rights that are revoked after the server is closed do nothing", async () => {
  const service = serve();
  const rights = new AbortController();
  await service.publish({ signal: rights.signal });
  service[Symbol.dispose]();
  // An error in a listener would end the process.
  rights.abort();
});

Deno.test("entries that differ in one part of their keys are distinct", () => {
  using server = new PresenceServer();
  const holders = new Holders(server);
  const rights = new AbortController();
  const others = [
    update({ subject: "bob" }),
    update({ context: "doc-2" }),
    update({ resource: "tab-2" }),
    update({ origin: "phone" }),
  ];
  const entries = [update(), ...others];
  server.receiveAll(entries);
  holders.add({ signal: rights.signal }, entries);
  holders.add({ signal: undefined }, others);
  rights.abort();
  assertEquals(server.store.size, others.length);
});

Deno.test("a signal has one listener for any number of publishes", async () => {
  using service = serve();
  const counted = countedSignal();
  for (let turn = 0; turn < 20; turn++) {
    await service.publish({ signal: counted.signal });
  }
  assertEquals(counted.listeners, 1);
  await service.publish({ signal: undefined });
  assertEquals(counted.listeners, 0);
});

Deno.test("a signal is released when its last entry is published with another", async () => {
  using service = serve();
  const [first, second] = [countedSignal(), countedSignal()];
  await service.publish({ signal: first.signal }, "doc-1");
  await service.publish({ signal: first.signal }, "doc-2");
  await service.publish({ signal: second.signal }, "doc-1");
  assertEquals([first.listeners, second.listeners], [1, 1]);
  await service.publish({ signal: second.signal }, "doc-2");
  assertEquals([first.listeners, second.listeners], [0, 1]);
});

Deno.test("entries that are gone are forgotten, and their signals released", () => {
  using server = new PresenceServer();
  const holders = new Holders(server);
  const [stays, goes] = [countedSignal(), countedSignal()];
  const publish = (context: string, signal: AbortSignal) => {
    const entry = update({ context });
    server.receive(entry);
    holders.add({ signal }, [entry]);
    return entry;
  };
  publish("stays", stays.signal);
  for (let turn = 0; turn < 10_000; turn++) {
    const { signal } = turn === 0 ? goes : stays;
    server.withdraw(publish(`left ${turn}`, signal));
    assert(holders.size <= 1_024);
  }
  assertEquals([stays.listeners, goes.listeners], [1, 0]);
  stays.controller.abort();
  assertEquals(server.store.size, 0);
  assertEquals(holders.size, 0);
});

Deno.test("an entry is looked up at most twice on average, for any number that share an origin", () => {
  const people = 5_000;
  using server = new PresenceServer();
  const holders = new Holders(server);
  const entries = Array.from(
    { length: people },
    (_, index) => update({ subject: `subject ${index}`, origin: "app" }),
  );
  server.receiveAll(entries);
  using lists = countCalls(server.store, "snapshots");
  using lookUps = countCalls(server.store, "snapshot");
  const rights = entries.map((entry) => {
    const controller = new AbortController();
    holders.add({ signal: controller.signal }, [entry]);
    return controller;
  });
  assert(lookUps.calls <= 2 * people);
  rights[0]?.abort();
  assertEquals(server.store.size, people - 1);
  // Listing by origin visits the entries of all subjects.
  assertEquals(lists.calls, 0);
});

Deno.test("rights that are revoked during a publish withdraw its entries as well", () => {
  using server = new PresenceServer();
  const holders = new Holders(server);
  const counted = countedSignal();
  const entry = update();
  server.receive(entry);
  counted.controller.abort();
  holders.add({ signal: counted.signal }, [entry]);
  assertEquals([server.store.size, holders.size], [0, 0]);
  assertEquals(counted.listeners, 0);
});

Deno.test("rights that the application's own rules revoke publish nothing", async () => {
  using server = new PresenceServer();
  const rights = new AbortController();
  const handler = createHttpHandler(server, {
    authorize: () => identity({ signal: rights.signal }),
    checkUpdate: () => rights.abort(),
  });
  const response = await sendTo(handler)("/v1/updates", posting(sent()));
  await read(response, 401);
  assertEquals(server.store.lastSequence, 0);
});
