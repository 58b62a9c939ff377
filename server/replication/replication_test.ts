import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { EntryKey, PresenceSnapshot } from "../../core/mod.ts";
import { FACET_ALLOWANCE_MS } from "../internal.ts";
import {
  PresenceServer,
  type PresenceServerOptions,
  type RemoteEntry,
  type Replication,
  ServerClosedError,
} from "../mod.ts";
import { keyOf, Mirror, Reader, update } from "../testing/harness.ts";

/** A replicated server, and the notifications of its replicator as text. */
class Replicated implements Disposable {
  readonly server: PresenceServer;
  readonly replication: Replication;
  #notices: string[] = [];

  constructor(options: PresenceServerOptions = {}) {
    this.server = new PresenceServer({ graceMs: 10_000, ...options });
    this.replication = this.server.replicate({
      put: ({ subject, facets }) =>
        this.#notices.push(`put ${subject} ${JSON.stringify(facets)}`),
      removed: ({ subject }, isOwn) =>
        this.#notices.push(`removed ${subject}${isOwn ? ", own" : ""}`),
      watched: (context, isWatched) =>
        this.#notices.push(`${context} is ${isWatched ? "" : "not "}watched`),
    });
  }

  /** Returns the notifications since the last call. */
  notices(): string[] {
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  subjects(): unknown[] {
    return this.server.store.snapshots().map(({ subject }) => subject);
  }

  [Symbol.dispose](): void {
    this.server[Symbol.dispose]();
  }
}

/** Returns an entry of another server; of alice in doc-1 by default. */
function remote(fields: Partial<RemoteEntry> = {}): RemoteEntry {
  const { subject, context, origin } = update();
  return {
    subject,
    context,
    resource: undefined,
    origin,
    visibility: "public",
    observedAt: 0,
    facets: {},
    ...fields,
  };
}

function subjectsOf(entries: readonly EntryKey[]): unknown[] {
  return entries.map(({ subject }) => subject);
}

Deno.test("PresenceServer.replicate() notifies of received entries, and of no refresh", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update({ facets: { activity: "editing" }, expiry: 50 }));
  assertEquals(r.notices(), ['put alice {"activity":"editing"}']);
  time.tick(10);
  r.server.receive(update({ facets: { activity: "editing" }, expiry: 100 }));
  assertEquals(r.notices(), []);
  r.server.receive(update({ facets: { availability: "busy" }, expiry: 100 }));
  assertEquals(r.notices(), [
    'put alice {"activity":"editing","availability":"busy"}',
  ]);
});

Deno.test("PresenceServer.replicate() notifies of a facet and of an entry that expire", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update({
    facets: { activity: "editing" },
    facetDeadlines: { activity: 200 },
    expiry: 400,
  }));
  r.notices();
  time.tick(200);
  assertEquals(r.notices(), ["put alice {}"]);
  time.tick(200);
  assertEquals(r.notices(), ["removed alice, own"]);
});

Deno.test("PresenceServer.replicate() notifies of withdrawn entries and whether they were own ones", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.replication.put([
    remote({ subject: "bob" }),
    remote({ subject: "carol", origin: "else" }),
  ]);
  r.notices();
  r.server.withdrawOrigin("tab");
  assertEquals(r.notices().sort(), ["removed alice, own", "removed bob"]);
  r.server.withdraw(keyOf({ subject: "carol", origin: "else" }));
  assertEquals(r.notices(), ["removed carol"]);
});

Deno.test("PresenceServer.replicate() notifies of a lost connection when its grace is over", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.notices();
  r.server.disconnect("tab");
  assertEquals(r.notices(), []);
  time.tick(10_000);
  assertEquals(r.notices(), ["removed alice, own"]);
});

Deno.test("PresenceServer.replicate() notifies of the first watcher of a context and of the last", async () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  const first = new Reader(r.server.watch({ context: "doc-1" }));
  await first.read();
  const second = new Reader(r.server.watchCount({ context: "doc-1" }));
  await second.read();
  assertEquals(r.notices(), ["doc-1 is watched"]);
  assertEquals(r.replication.watched(), ["doc-1"]);
  await first.watch.return?.();
  assertEquals(r.notices(), []);
  await second.watch.return?.();
  assertEquals(r.notices(), ["doc-1 is not watched"]);
  assertEquals(r.replication.watched(), []);
});

Deno.test("Replication separates own entries from those of others", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.server.receive(update({ subject: "dora", context: "doc-2" }));
  r.replication.put([remote({ subject: "bob" })]);
  assertEquals(subjectsOf(r.replication.own()).sort(), ["alice", "dora"]);
  assertEquals(subjectsOf(r.replication.own("doc-1")), ["alice"]);
  assertEquals(subjectsOf(r.replication.remote("doc-1")), ["bob"]);
  assertEquals(r.replication.remote("doc-2"), []);
});

Deno.test("Replication.put() is a change for watchers, and no news for the replicator", async () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  const mirror = new Mirror(r.server.watch({ context: "doc-1" }));
  await mirror.read();
  r.notices();
  r.replication.put([remote()]);
  assertEquals(await mirror.events(), ["joined alice"]);
  r.replication.put([remote()]);
  assertEquals(await mirror.events(), [], "an equal entry is no change");
  r.replication.drop([keyOf()]);
  assertEquals(await mirror.events(), ["left alice"]);
  assertEquals(r.notices(), []);
});

Deno.test("Replication.heardAt() returns when an own entry was received, and nothing for another one", () => {
  using time = new FakeTime(1_000);
  using r = new Replicated();
  r.server.receive(update());
  time.tick(10);
  r.server.receive(update());
  assertEquals(r.replication.heardAt(keyOf()), 1_010);
  r.replication.put([remote({ facets: { activity: "idle" } })]);
  assertEquals(r.replication.heardAt(keyOf()), undefined);
  r.server.receive(update());
  r.server.withdraw(keyOf());
  assertEquals(r.replication.heardAt(keyOf()), undefined);
});

Deno.test("Replication.put() replaces all facets", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  r.replication.put([remote({ facets: { activity: "editing" } })]);
  r.replication.put([remote({ facets: { availability: "busy" } })]);
  assertEquals(r.server.store.snapshot(keyOf())?.facets, {
    availability: "busy",
  });
});

Deno.test("Replication.put() makes an own entry another server's, silently and without its deadlines", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update({
    facets: { activity: "editing" },
    facetDeadlines: { activity: 50 },
    expiry: 100,
  }));
  r.notices();
  r.replication.put([remote({ facets: { activity: "editing" } })]);
  assertEquals(r.replication.own(), []);
  time.tick(100_000);
  r.server.expire();
  assertEquals(r.server.store.snapshot(keyOf())?.facets, {
    activity: "editing",
  });
  assertEquals(r.notices(), []);
  assertFalse(time.next(), "no timer is left");
});

Deno.test("Replication.put() ignores the capacity", () => {
  using _time = new FakeTime(0);
  using r = new Replicated({ maxSubjectsPerContext: 1 });
  r.server.receive(update());
  r.replication.put([remote({ subject: "bob" })]);
  assertEquals(r.server.store.count("doc-1").subjects, 2);
  assertThrows(() => r.server.receive(update({ subject: "carol" })));
});

Deno.test("Replication.put() withdraws the lingering entries of a subject that is back elsewhere", async () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  const mirror = new Mirror(r.server.watch({ context: "doc-1" }));
  await mirror.read();
  r.notices();
  r.server.disconnect("tab");
  r.replication.put([remote({ origin: "tab/2" })], true);
  assertEquals(await mirror.events(), ["updated alice"]);
  assertEquals(r.notices(), ["removed alice, own"]);
  time.tick(60_000);
  assertEquals(await mirror.events(), []);
});

Deno.test("Replication.put() of an entry that was elsewhere before keeps the lingering ones: it may linger there too", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.server.disconnect("tab");
  r.replication.put([remote({ origin: "phone" })]);
  r.replication.put([
    remote({ origin: "phone", facets: { activity: "idle" } }),
  ], true);
  assertEquals(r.subjects(), ["alice", "alice"]);
});

Deno.test("Replication.put() ends the grace of the entry itself", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.server.disconnect("tab");
  r.replication.put([remote()]);
  time.tick(60_000);
  assertEquals(r.subjects(), ["alice"]);
});

Deno.test("PresenceServer.receive() takes an entry over, even if only times change", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.replication.put([remote({ facets: { activity: "editing" } })]);
  r.server.receive(update({ expiry: 100 }));
  assertEquals(r.notices(), ['put alice {"activity":"editing"}']);
  assertEquals(subjectsOf(r.replication.own()), ["alice"]);
  assertEquals(r.replication.remote("doc-1"), []);
  time.tick(200);
  assertEquals(r.notices(), ["removed alice, own"]);
});

Deno.test("PresenceServer.receive() takes an entry over with one notification if it changes it", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  r.replication.put([remote({ facets: { activity: "editing" } })]);
  r.server.receive(update({ facets: { availability: "busy" } }));
  assertEquals(r.notices(), [
    'put alice {"activity":"editing","availability":"busy"}',
  ]);
  assertEquals(subjectsOf(r.replication.own()), ["alice"]);
});

Deno.test("PresenceServer.receiveIfPresent() takes an entry over", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  r.replication.put([remote()]);
  r.server.receiveIfPresent(update());
  assertEquals(subjectsOf(r.replication.own()), ["alice"]);
  assertEquals(r.notices(), ["put alice {}"]);
});

Deno.test("PresenceServer.replicate() notifies at once of a new, an earlier or a removed deadline of a facet", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing" } as const;
  const put = ['put alice {"activity":"editing"}'];
  r.server.receive(update({ facets }));
  assertEquals(r.notices(), put);
  const lasting = (activity: number) =>
    r.server.receive(update({ facets, facetDeadlines: { activity } }));
  lasting(200);
  assertEquals(r.notices(), put);
  lasting(100);
  assertEquals(r.notices(), put);
  lasting(150);
  assertEquals(r.notices(), [], "a later deadline can wait");
  r.server.receive(update({ facets: {} }));
  assertEquals(r.notices(), []);
  r.server.receive(update({ facets }));
  assertEquals(r.notices(), put);
  const availability = { availability: "busy" } as const;
  r.server.receive(
    update({ facets: availability, facetDeadlines: { availability: 100 } }),
  );
  assertEquals(r.notices().length, 1);
});

Deno.test("PresenceServer.replicate() does not notify at once of a deadline that flickers, as that of a heartbeat with two clocks", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "presenting" } as const;
  for (let beat = 0; beat < 10; beat++) {
    const activity = 59_990 - beat % 3 - 4 * beat;
    r.server.receive(update({ facets, facetDeadlines: { activity } }));
    time.tick(5_000);
  }
  assertEquals(r.notices(), ['put alice {"activity":"presenting"}']);
  time.tick(10_000);
  assertEquals(r.notices(), ["put alice {}"]);
});

Deno.test("PresenceServer.replicate() notifies of a facet that lasts only when it was due, however often it was renewed", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing" } as const;
  const notices: unknown[] = [];
  for (let key = 0; key < 100; key++) {
    const facetDeadlines = { activity: r.server.now + 500 };
    r.server.receive(update({ facets, facetDeadlines }));
    const { now } = r.server;
    for (const notice of r.notices()) notices.push([now, notice]);
    time.tick(20);
    for (const notice of r.notices()) notices.push([r.server.now, notice]);
  }
  assertEquals(
    notices,
    [0, 500, 980, 1_460, 1_940].map((
      at,
    ) => [at, 'put alice {"activity":"editing"}']),
  );
  time.tick(479);
  assertEquals(r.notices(), ['put alice {"activity":"editing"}']);
  time.tick(1);
  assertEquals(r.server.store.snapshot(keyOf())?.facets, {});
  assertEquals(r.notices(), ["put alice {}"]);
  time.tick(1_000);
  assertEquals(r.notices(), []);
});

Deno.test("PresenceServer.replicate() notifies in time of facets that existed before", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const facets = { activity: "editing" } as const;
  const lasting = (activity: number) =>
    server.receive(update({ facets, facetDeadlines: { activity } }));
  lasting(500);
  const notices: unknown[] = [];
  const listener = {
    put: (snapshot: PresenceSnapshot) => void notices.push(snapshot.facets),
    removed() {},
    watched() {},
  };
  const replication = server.replicate(listener);
  lasting(800);
  time.tick(499);
  assertEquals(notices, []);
  time.tick(1);
  assertEquals(notices, [facets]);
  lasting(2_000);
  replication[Symbol.dispose]();
  time.tick(1_000);
  assertEquals(notices, [facets]);
});

Deno.test("PresenceServer.replicate() notifies of facets that existed before and end, without being asked", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const facets = { activity: "editing", availability: "busy" } as const;
  server.receive(update({ facets, facetDeadlines: { activity: 500 } }));
  const notices: unknown[] = [];
  const replication = server.replicate({
    put: (snapshot) => void notices.push(snapshot.facets),
    removed() {},
    watched() {},
  });
  assertEquals(replication.own().map(({ facets }) => facets), [facets]);
  time.tick(500);
  server.expire();
  assertEquals(notices, [{ availability: "busy" }]);
});

Deno.test("PresenceServer.replicate() notifies within a minute of a later deadline, and of no unchanged one", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing" } as const;
  const HOUR = 3_600_000;
  const key = () =>
    r.server.receive(
      update({ facets, facetDeadlines: { activity: time.now + HOUR } }),
    );
  const put = ['put alice {"activity":"editing"}'];
  key();
  assertEquals(r.notices(), put);
  time.tick(30_000);
  key();
  time.tick(29_999);
  assertEquals(r.notices(), []);
  time.tick(1);
  assertEquals(r.notices(), put);
  time.tick(HOUR - 30_001);
  assertEquals(r.notices(), [], "it expires at the deadline that was sent");
  time.tick(1);
  assertEquals(r.notices(), ["put alice {}"]);
});

Deno.test("PresenceServer.replicate() handles any number of facets with deadlines", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const names = Array.from({ length: 150_000 }, (_, index) => `f${index}`);
  const facets = Object.fromEntries(names.map((name) => [name, 1]));
  const facetDeadlines = Object.fromEntries(
    names.map((name, index) => [name, 500 + index]),
  );
  r.server.receive(update({ facets, facetDeadlines }));
  assertEquals(r.notices().length, 1);
  time.tick(499);
  assertEquals(r.notices().length, 0);
  time.tick(1);
  assertEquals(r.notices().length, 1);
});

Deno.test("PresenceServer.receive() keeps the facet deadlines of an entry that it takes over", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing", availability: "busy" } as const;
  r.replication.put([remote({ facets, facetsLeft: { activity: 200 } })]);
  r.notices();
  time.tick(150);
  r.server.receive(update({ facets: {} }));
  assertEquals(r.notices(), [`put alice ${JSON.stringify(facets)}`]);
  time.tick(49);
  assertEquals(r.notices(), []);
  time.tick(1);
  assertEquals(r.notices(), ['put alice {"availability":"busy"}']);
});

Deno.test("Replication.put() expires the facets of others a little later than there, for watchers only", async () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const mirror = new Mirror(r.server.watch({ context: "doc-1" }));
  const facets = { activity: "editing", availability: "busy" } as const;
  r.replication.put([remote({ facets, facetsLeft: { activity: 500 } })]);
  await mirror.read();
  r.notices();
  time.tick(500 + FACET_ALLOWANCE_MS - 1);
  assertEquals(r.server.store.snapshot(keyOf())?.facets, facets);
  time.tick(1);
  const left = { availability: "busy" } as const;
  assertEquals(r.server.store.snapshot(keyOf())?.facets, left);
  assertEquals(await mirror.events(), ["updated alice"]);
  assertEquals(r.notices(), []);
  assertEquals(r.replication.own(), []);
  assertEquals(subjectsOf(r.replication.remote("doc-1")), ["alice"]);
  const { events, replicated } = r.server.stats;
  assertEquals([events.facetsExpired, replicated.facetsExpired], [0, 1]);
  r.replication.put([remote({ facets: left })]);
  assertEquals(await mirror.events(), [], "the other server does the same");
});

Deno.test("Replication.put() in time keeps the facets of others", async () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing" } as const;
  const put = () =>
    r.replication.put([remote({ facets, facetsLeft: { activity: 500 } })]);
  put();
  const mirror = new Mirror(r.server.watch({ context: "doc-1" }));
  await mirror.read();
  for (let turn = 0; turn < 10; turn++) {
    time.tick(500 + FACET_ALLOWANCE_MS - 1);
    put();
  }
  assertEquals(await mirror.events(), []);
  time.tick(500 + FACET_ALLOWANCE_MS);
  assertEquals(await mirror.events(), ["updated alice"]);
  put();
  assertEquals(
    r.server.store.snapshot(keyOf())?.facets,
    facets,
    "when it is put again",
  );
});

Deno.test("Replication.put() holds a facet that lasts long for proportionally longer, but not once it is taken over", () => {
  using time = new FakeTime(0);
  const HOUR = 3_600_000;
  const facets = { activity: "editing" } as const;
  for (const isTakenOver of [false, true]) {
    using r = new Replicated();
    r.replication.put([remote({ facets, facetsLeft: { activity: HOUR } })]);
    if (isTakenOver) r.server.receive(update({ expiry: "never" }));
    const allowance = isTakenOver ? 0 : HOUR / 1_000;
    time.tick(HOUR + allowance - 1);
    assertEquals(r.server.store.snapshot(keyOf())?.facets, facets);
    time.tick(1);
    assertEquals(r.server.store.snapshot(keyOf())?.facets, {});
  }
});

Deno.test("Replication.put() does not show a facet that is long over", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing", availability: "busy" } as const;
  const [over, lately] = [FACET_ALLOWANCE_MS, FACET_ALLOWANCE_MS - 10];
  r.replication.put([
    remote({ facets, facetsLeft: { activity: -over } }),
    remote({ subject: "bob", facets, facetsLeft: { activity: -lately } }),
  ]);
  const facetsOf = (subject: string) =>
    r.server.store.snapshot(keyOf({ subject }))?.facets;
  assertEquals(facetsOf("alice"), { availability: "busy" });
  assertEquals(facetsOf("bob"), facets);
  time.tick(10);
  assertEquals(facetsOf("bob"), { availability: "busy" });
  r.replication.put([remote({ facets, facetsLeft: { activity: 100 } })]);
  r.replication.put([remote({ facets, facetsLeft: { activity: -over } })]);
  assertEquals(facetsOf("alice"), { availability: "busy" });
});

Deno.test("PresenceServer.receive() takes an entry over without the facets that have expired here", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing" } as const;
  r.replication.put([remote({ facets, facetsLeft: { activity: 200 } })]);
  time.tick(200 + FACET_ALLOWANCE_MS);
  r.server.receive(update());
  assertEquals(r.notices(), ["put alice {}"]);
  assertEquals(subjectsOf(r.replication.own()), ["alice"]);
  time.tick(1_000);
  assertEquals(r.notices(), []);
});

Deno.test("PresenceServer.receive() clears at once a facet that is over at its owner but still shown here", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing" } as const;
  r.replication.put([remote({ facets, facetsLeft: { activity: 200 } })]);
  time.tick(200 + FACET_ALLOWANCE_MS / 2);
  r.server.receive(update());
  assertEquals(r.notices(), ['put alice {"activity":"editing"}']);
  assertEquals(r.server.store.snapshot(keyOf())?.facets, {});
  assertEquals(r.notices(), ["put alice {}"]);
});

Deno.test("PresenceServer.receive() drops the deadline of a facet that the update sets or clears", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.replication.put([
    remote({ facets: { activity: "editing" }, facetsLeft: { activity: 200 } }),
    remote({
      subject: "bob",
      facets: { activity: "editing" },
      facetsLeft: { activity: 200, availability: 200 },
    }),
  ]);
  r.server.receive(update({ facets: { activity: "idle" } }));
  r.server.receiveIfPresent(
    update({ subject: "bob", facets: { activity: null } }),
  );
  time.tick(1_000);
  assertEquals(r.server.store.snapshot(keyOf())?.facets, { activity: "idle" });
  assertEquals(r.server.store.snapshot(keyOf({ subject: "bob" }))?.facets, {});
});

Deno.test("PresenceServer.receiveAll() takes an entry over with its first update, and later updates decide", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.replication.put([
    remote({ facets: { activity: "editing" }, facetsLeft: { activity: 200 } }),
    remote({
      subject: "bob",
      facets: { activity: "editing" },
      facetsLeft: { activity: 200 },
    }),
  ]);
  r.server.receiveAll([
    update(),
    update({ facets: { activity: "idle" } }),
    update({ facets: { availability: "busy" } }),
    update({ subject: "bob" }),
  ]);
  time.tick(1_000);
  assertEquals(r.server.store.snapshot(keyOf())?.facets, {
    activity: "idle",
    availability: "busy",
  });
  assertEquals(r.server.store.snapshot(keyOf({ subject: "bob" }))?.facets, {});
});

Deno.test("PresenceServer.disconnect() leaves an entry alone that another server has taken over", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.server.receive(update({ subject: "bob" }));
  r.replication.put([remote()]);
  r.notices();
  r.server.disconnect("tab");
  time.tick(60_000);
  assertEquals(r.subjects(), ["alice"]);
  assertEquals(r.notices(), ["removed bob, own"]);
});

Deno.test("PresenceServer.disconnect() waits for the grace even if the subject is at another server, where it may be lost too", async () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.replication.put([remote({ origin: "phone" })]);
  const mirror = new Mirror(r.server.watch({ context: "doc-1" }));
  await mirror.read();
  r.notices();
  r.server.disconnect("tab");
  r.replication.drop([keyOf({ origin: "phone" })]);
  r.server.receive(update({ origin: "tab/2" }));
  assertEquals(await mirror.events(), ["updated alice"]);
  time.tick(60_000);
  assertEquals(await mirror.events(), []);
});

Deno.test("PresenceServer.replicate() works with refused stale updates, whatever the clocks", () => {
  using time = new FakeTime(1_000_000);
  using r = new Replicated({ staleUpdates: "refuse" });
  r.server.receive(update({ facets: { activity: "editing" } }));
  r.replication.put([remote({ observedAt: 1_000 })]);
  assertEquals(r.server.store.snapshot(keyOf())?.facets, {}, "a slow clock");
  r.replication.put([
    remote({ observedAt: 9_000_000, facets: { availability: "busy" } }),
  ]);
  time.tick(10);
  r.server.receive(update({ facets: { activity: "idle" } }));
  assertEquals(r.server.store.snapshot(keyOf())?.facets, {
    availability: "busy",
    activity: "idle",
  }, "a fast clock");
});

Deno.test("Replication.put() of an unchanged entry is silent with refused stale updates, whatever the clocks", async () => {
  for (const ahead of [-1_800_000, 0, 1_800_000]) {
    using time = new FakeTime(10_000_000);
    using r = new Replicated({ staleUpdates: "refuse" });
    const observedAt = time.now + ahead;
    const facets = { activity: "editing" } as const;
    const entry = remote({ facets, facetsLeft: { activity: 500 }, observedAt });
    r.replication.put([entry]);
    const mirror = new Mirror(r.server.watch({ context: "doc-1" }));
    await mirror.read();
    const { lastSequence } = r.server;
    for (let turn = 0; turn < 5; turn++) {
      time.tick(100);
      r.replication.put([entry]);
    }
    assertEquals(r.server.lastSequence, lastSequence);
    assertEquals(await mirror.events(), []);
    // An entry with another time is a change, as at all servers.
    r.replication.put([{ ...entry, observedAt: observedAt + 1 }]);
    assert(r.server.lastSequence > lastSequence);
  }
});

Deno.test("PresenceServer.replicate() accepts one replicator at a time", () => {
  using r = new Replicated();
  const listener = { put() {}, removed() {}, watched() {} };
  assertThrows(
    () => r.server.replicate(listener),
    TypeError,
    "Cannot replicate server: it is replicated already",
  );
  r.replication[Symbol.dispose]();
  const next = r.server.replicate(listener);
  r.replication[Symbol.dispose]();
  assertThrows(() => r.server.replicate(listener), TypeError);
  next[Symbol.dispose]();
});

Deno.test("Replication removes the entries of others when it is disposed of, and gets no more notifications", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.replication.put([remote({ subject: "bob" })]);
  r.notices();
  r.replication[Symbol.dispose]();
  assertEquals(r.subjects(), ["alice"]);
  r.server.receive(update({ subject: "carol" }));
  assertEquals(r.notices(), []);
});

Deno.test("Replication.put() does nothing after it is disposed of", () => {
  using r = new Replicated();
  r.replication[Symbol.dispose]();
  r.replication.put([remote()]);
  assertEquals(r.subjects(), []);
});

Deno.test("PresenceServer.receive() takes an entry over with refused stale updates after Replication.put() is the first to notice that the clock was set back", () => {
  let wall = 1_000_000;
  using r = new Replicated({
    staleUpdates: "refuse",
    clock: () => wall,
    steadyClock: () => 0,
  });
  const receive = () =>
    r.server.receive(update({ observedAt: r.server.now, expiry: "never" }));
  receive();
  wall -= 10_000;
  r.replication.put([remote({ observedAt: wall })]);
  receive();
  assertEquals(r.replication.own().length, 1);
});

Deno.test("PresenceServer.replicate() refuses a server that is disposed of", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update({ expiry: 1_000 }));
  r.server[Symbol.dispose]();
  r.replication.put([remote({ subject: "bob" })]);
  r.replication.drop([keyOf({ subject: "bob" })]);
  assertFalse(time.next(), "a late call arms no timer");
  r.replication[Symbol.dispose]();
  const listener = { put() {}, removed() {}, watched() {} };
  assertThrows(() => r.server.replicate(listener), ServerClosedError);
  assert(r.server.closed);
});
