import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PresenceServer, PUBLIC_VIEWER } from "./mod.ts";
import { flush, keyOf, Reader, update } from "./testing/harness.ts";

const NONE = {
  published: 0,
  refreshed: 0,
  withdrawn: 0,
  expired: 0,
  facetsExpired: 0,
};

Deno.test("PresenceServer.stats is zero at first", () => {
  using server = new PresenceServer();
  assertEquals(server.stats, {
    events: NONE,
    replicated: NONE,
    baselinesResent: 0,
    subjects: 0,
    contexts: 0,
    entries: 0,
    remoteEntries: 0,
    lingering: 0,
    retainedChanges: 0,
    watches: 0,
    watchLag: 0,
  });
});

Deno.test("PresenceServer.stats counts each kind of event, and returns numbers that do not change", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const before = server.stats;
  server.receive(update({ expiry: 1_000 }));
  server.receive(update({ observedAt: 1, expiry: 2_000 }));
  server.receive(update({
    subject: "bob",
    facets: { activity: "editing" },
    facetDeadlines: { activity: 500 },
  }));
  server.receive(update({ subject: "carol" }));
  server.withdraw(keyOf({ subject: "carol" }));
  time.tick(2_000);
  assertEquals(server.stats.events, {
    published: 3,
    refreshed: 1,
    withdrawn: 1,
    expired: 1,
    facetsExpired: 1,
  });
  assertEquals(before.events, NONE);
});

Deno.test("PresenceServer.stats separates refreshes from changes in a batch", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const busy = update({ facets: { availability: "busy" } });
  server.receiveAll([update(), update({ observedAt: 1 }), busy, busy]);
  const { published, refreshed } = server.stats.events;
  assertEquals({ published, refreshed }, { published: 2, refreshed: 2 });
});

Deno.test("PresenceServer.stats counts each subject and each context once", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 3 });
  for (const subject of ["alice", "bob"]) {
    for (const context of ["doc-1", "doc-2"]) {
      for (const origin of ["tab", "phone"]) {
        server.receive(update({ subject, context, origin }));
      }
    }
  }
  const { subjects, contexts, entries, retainedChanges } = server.stats;
  assertEquals([subjects, contexts, entries, retainedChanges], [2, 2, 8, 3]);
  server.withdrawOrigin("tab");
  assertEquals(server.stats.subjects, 2);
  server.withdrawOrigin("phone");
  assertEquals(server.stats.subjects, 0);
  assertEquals(server.stats.contexts, 0);
});

Deno.test("PresenceServer.stats counts the entries whose grace is running", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer({ graceMs: 1_000 });
  server.receive(update());
  server.disconnect("tab");
  assertEquals(server.stats.lingering, 1);
  assertEquals(server.stats.events.refreshed, 0, "the grace is no refresh");
  time.tick(1_000);
  assertEquals(server.stats.lingering, 0);
});

Deno.test("PresenceServer.stats counts the events of other servers separately", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const replication = server.replicate({
    put() {},
    removed() {},
    watched() {},
  });
  const entry = (subject: string) => ({
    ...keyOf({ subject }),
    resource: undefined,
    visibility: "public" as const,
    observedAt: 0,
    facets: {},
  });
  server.receive(update({ subject: "alice" }));
  replication.put([entry("bob"), entry("carol"), entry("dave")]);
  assertEquals(server.stats.remoteEntries, 3);
  assertEquals(server.stats.entries, 4);
  replication.drop([entry("bob")]);
  // An entry that is only no longer followed has not left.
  replication.forget([entry("carol")]);
  assertEquals(server.stats.remoteEntries, 1);
  assertEquals(server.stats.events, { ...NONE, published: 1 });
  assertEquals(server.stats.replicated, {
    ...NONE,
    published: 3,
    withdrawn: 1,
  });
  replication[Symbol.dispose]();
  assertEquals(server.stats.remoteEntries, 0);
});

Deno.test("PresenceServer.stats has the lag of the slowest watch", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const waiting = new Reader(server.watch({ context: "doc-1" }));
  const slow = new Reader(server.watch({ context: "doc-1" }));
  const elsewhere = new Reader(server.watch({ context: "doc-2" }));
  await waiting.read();
  await slow.read(1);
  await elsewhere.read(1);
  assertEquals(server.stats.watches, 3);
  assertEquals(server.stats.watchLag, 0);
  for (const subject of ["alice", "bob", "carol"]) {
    server.receive(update({ subject }));
    await waiting.read();
  }
  assertEquals(server.stats.watchLag, 3);
  await slow.read();
  assertEquals(server.stats.watchLag, 0);
  await slow.watch.return?.();
  await waiting.watch.return?.();
  await elsewhere.watch.return?.();
  assertEquals(server.stats.watches, 0);
  server.receive(update({ subject: "dave" }));
  assertEquals(
    server.stats.watchLag,
    0,
    "watches that have ended do not count",
  );
});

Deno.test("PresenceServer.stats counts the baselines of watches that fell too far behind, not the first ones", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 2 });
  const slow = new Reader(server.watch({ viewer: PUBLIC_VIEWER }));
  await slow.read(1);
  assertEquals(server.stats.baselinesResent, 0);
  for (const subject of ["alice", "bob", "carol"]) {
    server.receive(update({ subject }));
  }
  const batches = await slow.read();
  assertEquals(batches.map(({ type }) => type), ["baseline"]);
  assertEquals(server.stats.baselinesResent, 1);
  await flush();
});

Deno.test("PresenceServer.stats keeps its counts when the server is disposed of", () => {
  const server = new PresenceServer();
  server.receive(update());
  server[Symbol.dispose]();
  assertEquals(server.stats.events.published, 1);
});
