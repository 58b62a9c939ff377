import {
  assert,
  assertEquals,
  assertFalse,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { InvalidValueError } from "../core/mod.ts";
import { PresenceStore, StaleUpdateError } from "../store/mod.ts";
import {
  type PresenceIngress,
  PresenceServer,
  type PresenceWatch,
  ServerClosedError,
} from "./mod.ts";
import { countCalls, flush, keyOf, Reader, update } from "./testing/harness.ts";

Deno.test("PresenceServer.receive() publishes an update and returns its sequence", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();

  assertEquals(server.receive(update({ facets: { activity: "editing" } })), 1);
  assertEquals(server.receive(update({ subject: "bob" })), 2);
  assertEquals(server.lastSequence, 2);
  assertEquals(
    server.store.subjectSummary("alice", "doc-1")?.activity,
    "editing",
  );
});

Deno.test("PresenceServer.receive() returns the newest sequence for a refresh", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  server.receive(update({ subject: "bob" }));

  time.tick(10);
  assertEquals(server.receive(update()), 2);
  assertEquals(server.store.liveness(keyOf())?.seenAt, 10);
});

Deno.test("PresenceServer.receiveIfPresent() brings back no entry", () => {
  let now = 0;
  using server = new PresenceServer({ clock: () => now });
  assertEquals(server.receiveIfPresent(update({ expiry: 50 })), undefined);
  server.receive(update({ expiry: 50 }));
  const later = update({ expiry: 60, facets: { activity: "idle" } });
  assertEquals(server.receiveIfPresent(later), 2);
  now = 60;
  assertEquals(server.receiveIfPresent(update({ expiry: 90 })), undefined);
  assertEquals(server.store.size, 0);
});

Deno.test("PresenceServer.receiveAll() publishes updates in order and returns their sequences", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();

  assertEquals(server.receiveAll([]), []);
  assertEquals(
    server.receiveAll([
      update(),
      update({ facets: { activity: "idle" } }),
      update({ subject: "bob" }),
    ]),
    [1, 2, 3],
  );
});

Deno.test("PresenceServer.receiveAll() publishes all updates or none", () => {
  using _time = new FakeTime(100);
  using server = new PresenceServer({ staleUpdates: "refuse" });
  server.receive(update());

  assertThrows(
    () =>
      server.receiveAll([update({ subject: "bob" }), update({ expiry: NaN })]),
    InvalidValueError,
    "expiry",
  );
  assertThrows(
    () =>
      server.receiveAll([
        update({ subject: "bob" }),
        update({ observedAt: 99 }),
      ]),
    StaleUpdateError,
  );
  assertEquals(server.lastSequence, 1);
  assertEquals(server.store.size, 1);
});

Deno.test("PresenceServer.expire() removes the entries that are due and returns their number", () => {
  using _time = new FakeTime(0);
  let now = 0;
  using server = new PresenceServer({ clock: () => now });
  server.receiveAll([
    update({ expiry: 50 }),
    update({ subject: "bob", expiry: 50 }),
    update({ subject: "carol", expiry: 51 }),
  ]);

  assertEquals(server.expire(), 0);
  now = 50;
  assertEquals(server.expire(), 2);
  assertEquals(server.lastSequence, 5);
});

Deno.test("PresenceServer implements PresenceIngress and PresenceWatch", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const ingress: PresenceIngress = server;
  const watch: PresenceWatch = server;
  const cursor = watch.watcherCursor("zero");

  assertEquals(cursor.status(watch), "up-to-date");
  ingress.receive(update());
  assertEquals(ingress.lastSequence, 1);
  assertEquals(cursor.status(watch), "pending");
  const result = cursor.poll(watch);
  assertEquals(result.type === "changes" && result.changes.length, 1);
  assertEquals(cursor.status(watch), "up-to-date");
});

Deno.test("PresenceServer.changesSince() includes what is due, swept or not", () => {
  using _time = new FakeTime(0);
  let now = 0;
  using server = new PresenceServer({ clock: () => now });
  server.receive(update({ expiry: 50 }));
  const cursor = server.watcherCursor("tail");

  now = 50;
  assertEquals(cursor.status(server), "pending");
  const result = cursor.poll(server);
  assertEquals(
    result.type === "changes" && result.changes.map(({ type }) => type),
    ["expired"],
  );
});

Deno.test("PresenceServer.changesSince() returns a gap as a value", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 1, epoch: "now" });
  server.receive(update());
  server.receive(update({ subject: "bob" }));

  assertEquals(server.changesSince(0).type, "gap");
  assertEquals(
    server.changesSince({ epoch: "before", sequence: 2 }).type,
    "gap",
  );
  assertEquals(server.changesSince(1).type, "changes");
});

Deno.test("PresenceServer.store has the current entries", () => {
  using _time = new FakeTime(0);
  let now = 0;
  using server = new PresenceServer({ clock: () => now });
  server.receive(update({ expiry: 50 }));

  assertEquals(server.store.count("doc-1").subjects, 1);
  now = 50;
  assertEquals(server.store.count("doc-1").subjects, 0);
  assertEquals(server.now, 50);
});

Deno.test("PresenceServer.withdraw() removes one entry, once", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  server.receive(update({ resource: "phone" }));

  assertEquals(server.withdraw(keyOf()), 3);
  assertEquals(server.withdraw(keyOf()), undefined);
  assertEquals(server.store.size, 1);
  // deno-lint-ignore no-explicit-any
  assertThrows(() => server.withdraw({} as any), InvalidValueError);
});

Deno.test("PresenceServer.withdraw() finds no entry that is due", () => {
  using _time = new FakeTime(0);
  let now = 0;
  using server = new PresenceServer({ clock: () => now });
  server.receive(update({ expiry: 50 }));
  now = 1000;

  assertEquals(server.withdraw(keyOf()), undefined);
  const result = server.changesSince(1);
  assertEquals(
    result.type === "changes" && result.changes.map(({ type }) => type),
    ["expired"],
  );
  assertEquals(server.lastSeen("alice", "doc-1"), 0);
});

Deno.test("PresenceServer.withdrawOrigin() removes all entries of an origin", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receiveAll([
    update(),
    update({ context: "doc-2" }),
    update({ subject: "bob", origin: "other" }),
  ]);

  assertEquals(server.withdrawOrigin("tab"), 2);
  assertEquals(server.withdrawOrigin("tab"), 0);
  assertEquals(server.store.size, 1);
});

// The sweep

Deno.test("PresenceServer expires an entry at its deadline automatically", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ expiry: 5_000 }));

  time.tick(4_999);
  assertEquals(server.lastSequence, 1);
  time.tick(1);
  assertEquals(server.lastSequence, 2);
  await flush();
  assertFalse(time.next(), "no timer is left");
});

Deno.test("PresenceServer expires an entry at the deadline of its latest update", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ expiry: 5_000 }));
  time.tick(4_000);
  server.receive(update({ expiry: 9_000 }));
  time.tick(4_999);
  assertEquals(server.lastSequence, 1);
  time.tick(1);
  assertEquals(server.lastSequence, 2);

  server.receive(update({ expiry: 50_000 }));
  server.receive(update({ expiry: 10_000 }));
  time.tick(1_000);
  assertEquals(server.lastSequence, 4);
});

Deno.test("PresenceServer clears a facet at its deadline automatically", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({
    facets: { activity: "editing" },
    facetDeadlines: { activity: 300 },
  }));

  time.tick(300);
  assertEquals(server.lastSequence, 2);
  assertEquals(server.store.snapshot(keyOf())?.facets, {});
});

Deno.test("PresenceServer sweeps at most ten times a second, and misses nothing", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  for (let at = 1; at <= 1_000; at++) {
    server.receive(update({ subject: at, expiry: at }));
  }
  using sweeps = countCalls(PresenceStore.prototype, "expire");

  for (let at = 1; at <= 1_000; at++) time.tick(1);
  assert(sweeps.calls <= 11, `${sweeps.calls} sweeps`);
  time.tick(100);
  assertEquals(server.lastSequence, 2_000);
});

Deno.test("PresenceServer arms no timer if no entry has a deadline", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  assertFalse(time.next());

  server.receive(update());
  assertFalse(time.next(), "an entry that never ends");

  server.receive(update({ subject: "bob", expiry: 5_000 }));
  server.withdraw(keyOf({ subject: "bob" }));
  assertFalse(time.next(), "its entry has been withdrawn");

  server.receive(update({ origin: "other", expiry: 5_000 }));
  server.withdrawOrigin("other");
  assertFalse(time.next(), "its origin has been withdrawn");
  assertEquals(time.now, 0);
});

Deno.test("PresenceServer holds a single timer, however many deadlines there are", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  for (let at = 1_000; at > 0; at--) {
    server.receive(update({ subject: at, expiry: 100_000 + at }));
  }
  assert(time.next());
  server[Symbol.dispose]();
  assertFalse(time.next());
});

Deno.test("PresenceServer waits for a deadline beyond the longest delay of a timer", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const month = 30 * 24 * 3600 * 1000;
  server.receive(update({ expiry: month }));
  server.receive(update({ subject: "bob", expiry: Number.MAX_VALUE }));

  assert(time.next());
  assertEquals(time.now, 2 ** 31 - 1);
  assertEquals(server.lastSequence, 2);
  assert(time.next());
  assertEquals(time.now, month);
  assertEquals(server.lastSequence, 3);
});

Deno.test("PresenceServer sweeps by its own clock", () => {
  using time = new FakeTime(0);
  let now = 1_000_000;
  using server = new PresenceServer({ clock: () => now });
  server.receive(update({ expiry: 1_000_500 }));

  time.tick(500);
  assertEquals(server.lastSequence, 1, "the clock stands still");
  now = 1_000_500;
  time.tick(500);
  assertEquals(server.lastSequence, 2);
});

Deno.test("PresenceServer sweeps in time after its clock has been set back", () => {
  using time = new FakeTime(0);
  let back = 0;
  using server = new PresenceServer({ clock: () => Date.now() - back });
  server.receive(update({ expiry: 10 }));
  time.tick(10);
  assertEquals(server.lastSequence, 2);

  back = 3_600_000;
  server.receive(update({ expiry: server.now + 500 }));
  time.tick(500);
  assertEquals(server.lastSequence, 4);
});

Deno.test("PresenceServer does not sweep too early by a clock with fractions", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer({ clock: () => Date.now() + 0.4 });
  server.receive(update({ expiry: 10 }));
  time.tick(10);
  assertEquals(server.lastSequence, 2);
});

// Options and the end

Deno.test("PresenceServer names its epoch", () => {
  using server = new PresenceServer({ epoch: "one" });
  assertEquals(server.store.epoch, "one");
  assertEquals(server.watcherCursor("tail").position.epoch, "one");
});

Deno.test("PresenceServer refuses numbers below zero and NaN", () => {
  for (const bad of [NaN, -1]) {
    assertThrows(
      () => new PresenceServer({ graceMs: bad }),
      InvalidValueError,
      `Cannot create server: graceMs must be a number of zero or more: received ${bad}`,
    );
    assertThrows(
      () => new PresenceServer({ maxSubjectsPerContext: bad }),
      InvalidValueError,
      "maxSubjectsPerContext",
    );
    assertThrows(
      () => new PresenceServer({ maxDepartures: bad }),
      InvalidValueError,
      "maxDepartures",
    );
    assertThrows(
      () => new PresenceServer({ retention: bad }),
      InvalidValueError,
      "retention",
    );
  }
});

Deno.test("PresenceServer that is disposed of refuses updates, and can still be read", () => {
  using time = new FakeTime(0);
  const server = new PresenceServer();
  server.receive(update({ expiry: 500 }));
  server[Symbol.dispose]();
  server[Symbol.dispose]();
  assertFalse(time.next(), "no timer is left");

  assertThrows(
    () => server.receive(update()),
    ServerClosedError,
    "Cannot publish update: the server is closed",
  );
  assertThrows(() => server.receiveAll([]), ServerClosedError);
  assertThrows(() => server.withdraw(keyOf()), ServerClosedError);
  assertThrows(() => server.withdrawOrigin("tab"), ServerClosedError);
  assertThrows(() => server.disconnect("tab"), ServerClosedError);

  assertEquals(server.store.size, 1);
  time.tick(500);
  assertEquals(server.store.size, 0);
  assertFalse(time.next(), "and none is armed");
});

Deno.test("PresenceServer that is disposed of ends its watches, and new ones end at once", async () => {
  using _time = new FakeTime(0);
  const server = new PresenceServer();
  const watch = server.watch();
  const counts = server.watchCount({ context: "doc-1" });
  await watch.next();
  await counts.next();
  const pending = [watch.next(), counts.next()];
  server[Symbol.dispose]();

  for (const next of pending) assertEquals((await next).done, true);
  const late = new Reader(server.watch());
  assertEquals(await late.read(), []);
  assert(late.done);
});

Deno.test("PresenceServer.watch() yields the store's own snapshots", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  const reader = new Reader(server.watch());
  const [baseline] = await reader.read();

  assertStrictEquals(
    baseline?.type === "baseline" && baseline.snapshots[0],
    server.store.snapshot(keyOf()),
  );
  await reader.watch.return?.();
});
