import { assert, assertEquals, assertFalse } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PresenceStore } from "../store/mod.ts";
import { PresenceServer, PUBLIC_VIEWER, type Viewer } from "./mod.ts";
import { countCalls, Mirror, update } from "./testing/harness.ts";

/** A server with a grace of ten seconds and a mirror of doc-1. */
async function watched(
  options: ConstructorParameters<typeof PresenceServer>[0] = {},
  viewer?: Viewer,
): Promise<{ server: PresenceServer; mirror: Mirror } & Disposable> {
  const server = new PresenceServer({ graceMs: 10_000, ...options });
  const mirror = new Mirror(server.watch({ context: "doc-1", viewer }));
  await mirror.read();
  return { server, mirror, [Symbol.dispose]: () => server[Symbol.dispose]() };
}

Deno.test("PresenceServer.disconnect() changes nothing for watchers during the grace", async () => {
  using time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update());
  assertEquals(await w.mirror.events(), ["joined alice"]);

  assertEquals(w.server.disconnect("tab"), 1);
  time.tick(9_999);
  assertEquals(await w.mirror.events(), []);
  assertEquals(w.server.store.count("doc-1").subjects, 1);
});

Deno.test("PresenceServer.disconnect() makes the subject leave once, when the grace is over", async () => {
  using time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update());
  w.server.receive(update({ resource: "panel" }));
  await w.mirror.read();

  assertEquals(w.server.disconnect("tab"), 2);
  time.tick(10_000);
  assertEquals(await w.mirror.events(), ["left alice"]);
  time.tick(60_000);
  assertEquals(await w.mirror.events(), []);
  assertFalse(time.next(), "no timer is left");
});

Deno.test("PresenceServer.disconnect() of a page that reloads is one update for watchers", async () => {
  using time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update({ origin: "tab/1" }));
  await w.mirror.read();

  w.server.disconnect("tab/1");
  time.tick(3_000);
  w.server.receive(update({ origin: "tab/2" }));
  const batches = await w.mirror.read();
  assertEquals(batches.length, 1, "the new and the old entry are one batch");
  assertEquals(
    batches[0]?.map(({ type, entries }) => [type, entries.length]),
    [["updated", 2]],
  );
  assertEquals(
    w.server.store.snapshots().map(({ origin }) => origin),
    ["tab/2"],
  );
  time.tick(60_000);
  assertEquals(await w.mirror.events(), []);
});

Deno.test("PresenceServer.disconnect() of a page that returns unchanged is no change", async () => {
  using time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update({ expiry: 30_000 }));
  await w.mirror.read();
  w.server.disconnect("tab");
  time.tick(3_000);
  w.server.receive(update({ expiry: 33_000 }));
  time.tick(29_999);
  assertEquals(await w.mirror.read(), []);
  time.tick(1);
  assertEquals(await w.mirror.events(), ["left alice"], "at its new deadline");
});

Deno.test("PresenceServer.disconnect() of one of two tabs removes it at once, and the person stays", async () => {
  using _time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update({ origin: "tab/1" }));
  w.server.receive(update({ origin: "tab/2" }));
  await w.mirror.read();

  w.server.disconnect("tab/1");
  assertEquals(await w.mirror.events(), ["updated alice"]);
  assertEquals(
    w.server.store.snapshots().map(({ origin }) => origin),
    ["tab/2"],
  );
});

Deno.test("PresenceServer.disconnect() of both tabs keeps the last one for the grace", async () => {
  using time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update({ origin: "tab/1" }));
  w.server.receive(update({ origin: "tab/2" }));
  await w.mirror.read();

  w.server.disconnect("tab/1");
  w.server.disconnect("tab/2");
  assertEquals(await w.mirror.events(), ["updated alice"]);
  time.tick(10_000);
  assertEquals(await w.mirror.events(), ["left alice"]);
});

Deno.test("PresenceServer.disconnect() ignores an entry that is due when it looks for other connections", async () => {
  using _time = new FakeTime(0);
  let now = 0;
  using w = await watched({ clock: () => now });
  w.server.receive(update({ origin: "phone", expiry: 1_000 }));
  w.server.receive(update({ origin: "tab/1" }));
  await w.mirror.read();

  now = 1_000;
  w.server.disconnect("tab/1");
  w.server.expire();
  assertEquals(await w.mirror.events(), ["updated alice"], "the phone is gone");
  w.server.receive(update({ origin: "tab/2" }));
  assertEquals(await w.mirror.events(), ["updated alice"]);
  assertEquals(w.server.store.size, 1);
});

Deno.test("PresenceServer.disconnect() counts the grace from the first time", async () => {
  using time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update());
  await w.mirror.read();
  assertEquals(w.server.disconnect("tab"), 1);
  time.tick(6_000);
  assertEquals(w.server.disconnect("tab"), 1);
  time.tick(4_000);
  assertEquals(await w.mirror.events(), ["left alice"]);
  assertEquals(w.server.disconnect("tab"), 0);
  assertEquals(w.server.disconnect("nobody"), 0);
});

Deno.test("PresenceServer.disconnect() decides in each context separately", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer({ graceMs: 10_000 });
  const mirror = new Mirror(server.watch());
  for (const context of ["doc-1", "doc-2", "doc-3"]) {
    server.receive(update({ context, origin: "tab/1" }));
  }
  server.receive(update({ context: "doc-2", origin: "tab/2" }));
  await mirror.read();

  assertEquals(server.disconnect("tab/1"), 3);
  const where = async () =>
    (await mirror.read()).flat()
      .map(({ type, context }) => `${type} in ${context}`);
  assertEquals(await where(), ["updated in doc-2"]);

  server.receive(update({ context: "doc-3", origin: "tab/3" }));
  assertEquals(await where(), ["updated in doc-3"]);
  time.tick(10_000);
  assertEquals(await where(), ["left in doc-1"]);
  assertEquals(server.store.contexts().sort(), ["doc-2", "doc-3"]);
});

Deno.test("PresenceServer.receive() by any connection ends the grace of its subject, and of no other", async () => {
  using time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update({ resource: "one" }));
  w.server.receive(update({ resource: "two" }));
  w.server.receive(update({ subject: "bob" }));
  await w.mirror.read();
  w.server.disconnect("tab");

  w.server.receive(update({ resource: "phone", origin: "app" }));
  const [batch, ...rest] = await w.mirror.read();
  assertEquals(rest, []);
  assertEquals(
    batch?.map(({ type, subject, entries }) => [type, subject, entries.length]),
    [["updated", "alice", 3]],
  );
  time.tick(10_000);
  assertEquals(await w.mirror.events(), ["left bob"]);
});

Deno.test("PresenceServer.receive() of one entry of an origin keeps the grace of its other entries", async () => {
  using time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update({ resource: "one" }));
  w.server.receive(update({ resource: "two" }));
  await w.mirror.read();
  w.server.disconnect("tab");
  w.server.receive(update({ resource: "one" }));
  assertEquals(w.server.store.size, 2);
  time.tick(60_000);
  assertEquals(await w.mirror.events(), ["updated alice"]);
  assertEquals(
    w.server.store.snapshots().map(({ resource }) => resource),
    ["one"],
  );
});

Deno.test("PresenceServer.disconnect() keeps an entry if no other one is visible to everyone who saw it", async () => {
  using time = new FakeTime(0);
  using w = await watched({}, PUBLIC_VIEWER);
  w.server.receive(update({ origin: "tab" }));
  w.server.receive(update({ origin: "phone", visibility: "private" }));
  await w.mirror.read();
  w.server.disconnect("tab");
  time.tick(1_000);
  w.server.receive(
    update({
      origin: "phone",
      visibility: "private",
      facets: { activity: "idle" },
    }),
  );
  w.server.receive(update({ origin: "tab after the reload" }));
  assertEquals(await w.mirror.events(), ["updated alice"]);
  time.tick(60_000);
  assertEquals(await w.mirror.events(), []);
  assertEquals(w.server.store.size, 2);
});

Deno.test("PresenceServer.receiveAll() ends the grace of all entries in the batch", async () => {
  using time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update({ resource: "one" }));
  w.server.receive(update({ resource: "two" }));
  await w.mirror.read();
  w.server.disconnect("tab");
  time.tick(1_000);
  w.server.receiveAll([
    update({ resource: "two" }),
    update({ resource: "one" }),
  ]);
  assertEquals(w.server.store.size, 2);
  time.tick(60_000);
  assertEquals(await w.mirror.events(), []);
});

Deno.test("PresenceServer.receive() that is refused ends no grace", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  server.disconnect("tab");
  try {
    server.receive(update({ origin: "new", expiry: NaN }));
  } catch {
    // The update is not well-formed.
  }
  assertEquals(server.store.size, 1);
  time.tick(10_000);
  assertEquals(server.store.size, 0);
});

Deno.test("PresenceServer.withdraw() removes an entry during its grace", async () => {
  using time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update());
  w.server.receive(update({ subject: "bob", origin: "other" }));
  await w.mirror.read();
  w.server.disconnect("tab");
  w.server.disconnect("other");

  w.server.withdraw(update());
  assertEquals(await w.mirror.events(), ["left alice"]);
  assertEquals(w.server.withdrawOrigin("other"), 1);
  assertEquals(await w.mirror.events(), ["left bob"]);

  w.server.receive(update());
  time.tick(60_000);
  assertEquals(await w.mirror.events(), ["joined alice"], "with no grace left");
});

Deno.test("PresenceServer.disconnect() without a grace removes all entries at once", async () => {
  using time = new FakeTime(0);
  using w = await watched({ graceMs: 0 });
  w.server.receive(update());
  await w.mirror.read();
  assertEquals(w.server.disconnect("tab"), 1);
  assertEquals(await w.mirror.events(), ["left alice"]);
  assertFalse(time.next());
});

Deno.test("PresenceServer.disconnect() with an endless grace waits for the subject", async () => {
  using time = new FakeTime(0);
  using w = await watched({ graceMs: Infinity });
  w.server.receive(update());
  await w.mirror.read();
  w.server.disconnect("tab");
  time.tick(365 * 24 * 3600 * 1000);
  assertEquals(await w.mirror.events(), []);
});

Deno.test("PresenceServer.disconnect() extends no deadline", async () => {
  using time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update({ expiry: 4_000 }));
  w.server.receive(update({ subject: "bob", expiry: 60_000 }));
  await w.mirror.read();
  w.server.disconnect("tab");
  time.tick(4_000);
  assertEquals(await w.mirror.events(), ["left alice"]);
  time.tick(6_000);
  assertEquals(await w.mirror.events(), ["left bob"]);
});

Deno.test("PresenceServer.disconnect() leaves nothing behind when the grace is over", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  server.receive(update({ resource: "panel" }));
  server.disconnect("tab");
  time.tick(10_000);
  using withdrawals = countCalls(PresenceStore.prototype, "withdraw");
  server.receive(update({ origin: "new" }));
  assertEquals(withdrawals.calls, 0);
});

Deno.test("PresenceServer.disconnect() keeps the deadlines of facets", async () => {
  using time = new FakeTime(0);
  using w = await watched();
  w.server.receive(update({
    facets: { activity: "editing", availability: "available" },
    facetDeadlines: { activity: 2_000 },
  }));
  await w.mirror.read();
  w.server.disconnect("tab");
  time.tick(2_000);
  assertEquals(await w.mirror.events(), ["updated alice"]);
  assertEquals(
    w.mirror.view.subjectSummary("alice", "doc-1")?.activity,
    undefined,
  );
  time.tick(8_000);
  assertEquals(await w.mirror.events(), ["left alice"]);
});

Deno.test("PresenceServer.disconnect() makes no later update of the publisher stale", () => {
  using time = new FakeTime(100_000);
  using server = new PresenceServer({ staleUpdates: "refuse" });
  const byItsOwnClock = () => update({ observedAt: Date.now() - 5_000 });
  server.receive(byItsOwnClock());
  time.tick(1_000);
  server.disconnect("tab");
  time.tick(1_000);
  server.receive(byItsOwnClock());
  time.tick(60_000);
  assertEquals(server.store.size, 1);
});

Deno.test("PresenceServer.disconnect() looks at a subject once, however many entries it has", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  for (let n = 0; n < 2_000; n++) {
    server.receive(update({ resource: n }));
    server.receive(update({ resource: n, origin: "other" }));
  }
  using looks = countCalls(PresenceStore.prototype, "snapshots");
  server.disconnect("tab");
  assert(looks.calls <= 2, `${looks.calls} looks`);
});
