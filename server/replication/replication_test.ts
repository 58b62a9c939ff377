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

/** A server, how it is replicated, and what that has been told, in words. */
class Replicated implements Disposable {
  readonly server: PresenceServer;
  readonly replication: Replication;
  #told: string[] = [];

  constructor(options: PresenceServerOptions = {}) {
    this.server = new PresenceServer({ graceMs: 10_000, ...options });
    this.replication = this.server.replicate({
      put: ({ subject, facets }) =>
        this.#told.push(`put ${subject} ${JSON.stringify(facets)}`),
      removed: ({ subject }, isOwn) =>
        this.#told.push(`removed ${subject}${isOwn ? ", own" : ""}`),
      watched: (context, isWatched) =>
        this.#told.push(`${context} is ${isWatched ? "" : "not "}watched`),
    });
  }

  told(): string[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  subjects(): unknown[] {
    return this.server.store.snapshots().map(({ subject }) => subject);
  }

  [Symbol.dispose](): void {
    this.server[Symbol.dispose]();
  }
}

/** An entry of another server; alice is in doc-1 if nothing is said. */
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

Deno.test("PresenceServer.replicate() tells of what is received, and of no refresh", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update({ facets: { activity: "editing" }, expiry: 50 }));
  assertEquals(r.told(), ['put alice {"activity":"editing"}']);
  time.tick(10);
  r.server.receive(update({ facets: { activity: "editing" }, expiry: 100 }));
  assertEquals(r.told(), []);
  r.server.receive(update({ facets: { availability: "busy" }, expiry: 100 }));
  assertEquals(r.told(), [
    'put alice {"activity":"editing","availability":"busy"}',
  ]);
});

Deno.test("PresenceServer.replicate() tells of a facet that is due, and of an entry", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update({
    facets: { activity: "editing" },
    facetDeadlines: { activity: 200 },
    expiry: 400,
  }));
  r.told();
  time.tick(200);
  assertEquals(r.told(), ["put alice {}"]);
  time.tick(200);
  assertEquals(r.told(), ["removed alice, own"]);
});

Deno.test("PresenceServer.replicate() tells of what is withdrawn, and whose it was", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.replication.put([
    remote({ subject: "bob" }),
    remote({ subject: "carol", origin: "else" }),
  ]);
  r.told();
  r.server.withdrawOrigin("tab");
  assertEquals(r.told().sort(), ["removed alice, own", "removed bob"]);
  r.server.withdraw(keyOf({ subject: "carol", origin: "else" }));
  assertEquals(r.told(), ["removed carol"]);
});

Deno.test("PresenceServer.replicate() tells of a lost connection when its grace is over", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.told();
  r.server.disconnect("tab");
  assertEquals(r.told(), []);
  time.tick(10_000);
  assertEquals(r.told(), ["removed alice, own"]);
});

Deno.test("PresenceServer.replicate() tells of the first watcher of a context and of the last", async () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  const first = new Reader(r.server.watch({ context: "doc-1" }));
  await first.read();
  const second = new Reader(r.server.watchCount({ context: "doc-1" }));
  await second.read();
  assertEquals(r.told(), ["doc-1 is watched"]);
  assertEquals(r.replication.watched(), ["doc-1"]);
  await first.watch.return?.();
  assertEquals(r.told(), []);
  await second.watch.return?.();
  assertEquals(r.told(), ["doc-1 is not watched"]);
  assertEquals(r.replication.watched(), []);
});

Deno.test("Replication tells own entries from those of others", () => {
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

Deno.test("Replication.put() is a change for watchers and tells nobody else", async () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  const mirror = new Mirror(r.server.watch({ context: "doc-1" }));
  await mirror.read();
  r.told();
  r.replication.put([remote()]);
  assertEquals(await mirror.told(), ["joined alice"]);
  r.replication.put([remote()]);
  assertEquals(await mirror.told(), [], "the same again is no change");
  r.replication.drop([keyOf()]);
  assertEquals(await mirror.told(), ["left alice"]);
  assertEquals(r.told(), []);
});

Deno.test("Replication.heardAt() is when the publisher of an own entry was heard of, and of no other", () => {
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

Deno.test("Replication.put() replaces facets as a whole", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  r.replication.put([remote({ facets: { activity: "editing" } })]);
  r.replication.put([remote({ facets: { availability: "busy" } })]);
  assertEquals(r.server.store.snapshot(keyOf())?.facets, {
    availability: "busy",
  });
});

Deno.test("Replication.put() makes an own entry another's, without a word and without its deadlines", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update({
    facets: { activity: "editing" },
    facetDeadlines: { activity: 50 },
    expiry: 100,
  }));
  r.told();
  r.replication.put([remote({ facets: { activity: "editing" } })]);
  assertEquals(r.replication.own(), []);
  time.tick(100_000);
  r.server.expire();
  assertEquals(r.server.store.snapshot(keyOf())?.facets, {
    activity: "editing",
  });
  assertEquals(r.told(), []);
  assertFalse(time.next(), "no timer is left");
});

Deno.test("Replication.put() is not bound by the capacity", () => {
  using _time = new FakeTime(0);
  using r = new Replicated({ maxSubjectsPerContext: 1 });
  r.server.receive(update());
  r.replication.put([remote({ subject: "bob" })]);
  assertEquals(r.server.store.count("doc-1").subjects, 2);
  assertThrows(() => r.server.receive(update({ subject: "carol" })));
});

Deno.test("Replication.put() ends what lingers of the subject here: it is back elsewhere", async () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  const mirror = new Mirror(r.server.watch({ context: "doc-1" }));
  await mirror.read();
  r.told();
  r.server.disconnect("tab");
  r.replication.put([remote({ origin: "tab/2" })], true);
  assertEquals(await mirror.told(), ["updated alice"]);
  assertEquals(r.told(), ["removed alice, own"]);
  time.tick(60_000);
  assertEquals(await mirror.told(), []);
});

Deno.test("Replication.put() of what has been elsewhere before leaves what lingers here: it may linger there too", () => {
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

Deno.test("PresenceServer.receive() takes an entry over, also when nothing but times changes", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.replication.put([remote({ facets: { activity: "editing" } })]);
  r.server.receive(update({ expiry: 100 }));
  assertEquals(r.told(), ['put alice {"activity":"editing"}']);
  assertEquals(subjectsOf(r.replication.own()), ["alice"]);
  assertEquals(r.replication.remote("doc-1"), []);
  time.tick(200);
  assertEquals(r.told(), ["removed alice, own"]);
});

Deno.test("PresenceServer.receive() takes an entry over with one word when it changes it", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  r.replication.put([remote({ facets: { activity: "editing" } })]);
  r.server.receive(update({ facets: { availability: "busy" } }));
  assertEquals(r.told(), [
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
  assertEquals(r.told(), ["put alice {}"]);
});

Deno.test("PresenceServer.replicate() tells at once that a facet goes by itself from now on, or earlier, or does not any more", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing" } as const;
  const told = ['put alice {"activity":"editing"}'];
  r.server.receive(update({ facets }));
  assertEquals(r.told(), told);
  const lasting = (activity: number) =>
    r.server.receive(update({ facets, facetDeadlines: { activity } }));
  lasting(200);
  assertEquals(r.told(), told);
  lasting(100);
  assertEquals(r.told(), told);
  lasting(150);
  assertEquals(r.told(), [], "that it goes later has time");
  r.server.receive(update({ facets: {} }));
  assertEquals(r.told(), []);
  r.server.receive(update({ facets }));
  assertEquals(r.told(), told);
  const availability = { availability: "busy" } as const;
  r.server.receive(
    update({ facets: availability, facetDeadlines: { availability: 100 } }),
  );
  assertEquals(r.told().length, 1);
});

Deno.test("PresenceServer.replicate() tells nothing at once of a deadline that flickers, as of a heartbeat by two clocks", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "presenting" } as const;
  for (let beat = 0; beat < 10; beat++) {
    const activity = 59_990 - beat % 3 - 4 * beat;
    r.server.receive(update({ facets, facetDeadlines: { activity } }));
    time.tick(5_000);
  }
  assertEquals(r.told(), ['put alice {"activity":"presenting"}']);
  time.tick(10_000);
  assertEquals(r.told(), ["put alice {}"]);
});

Deno.test("PresenceServer.replicate() tells that a facet goes on when it was to go, however often it was renewed", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing" } as const;
  const told: unknown[] = [];
  for (let key = 0; key < 100; key++) {
    const facetDeadlines = { activity: r.server.now + 500 };
    r.server.receive(update({ facets, facetDeadlines }));
    const { now } = r.server;
    for (const word of r.told()) told.push([now, word]);
    time.tick(20);
    for (const word of r.told()) told.push([r.server.now, word]);
  }
  assertEquals(
    told,
    [0, 500, 980, 1_460, 1_940].map((
      at,
    ) => [at, 'put alice {"activity":"editing"}']),
  );
  time.tick(479);
  assertEquals(r.told(), ['put alice {"activity":"editing"}']);
  time.tick(1);
  assertEquals(r.server.store.snapshot(keyOf())?.facets, {});
  assertEquals(r.told(), ["put alice {}"]);
  time.tick(1_000);
  assertEquals(r.told(), []);
});

Deno.test("PresenceServer.replicate() tells in time of facets that were there before", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const facets = { activity: "editing" } as const;
  const lasting = (activity: number) =>
    server.receive(update({ facets, facetDeadlines: { activity } }));
  lasting(500);
  const told: unknown[] = [];
  const listener = {
    put: (snapshot: PresenceSnapshot) => void told.push(snapshot.facets),
    removed() {},
    watched() {},
  };
  const replication = server.replicate(listener);
  lasting(800);
  time.tick(499);
  assertEquals(told, []);
  time.tick(1);
  assertEquals(told, [facets]);
  lasting(2_000);
  replication[Symbol.dispose]();
  time.tick(1_000);
  assertEquals(told, [facets]);
});

Deno.test("PresenceServer.replicate() tells within a minute that a facet goes on for longer, and nothing if it does not", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing" } as const;
  const HOUR = 3_600_000;
  const key = () =>
    r.server.receive(
      update({ facets, facetDeadlines: { activity: time.now + HOUR } }),
    );
  const told = ['put alice {"activity":"editing"}'];
  key();
  assertEquals(r.told(), told);
  time.tick(30_000);
  key();
  time.tick(29_999);
  assertEquals(r.told(), []);
  time.tick(1);
  assertEquals(r.told(), told);
  time.tick(HOUR - 30_001);
  assertEquals(r.told(), [], "it goes when it was told to go");
  time.tick(1);
  assertEquals(r.told(), ["put alice {}"]);
});

Deno.test("PresenceServer.replicate() takes any number of facets that go by themselves", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const names = Array.from({ length: 150_000 }, (_, index) => `f${index}`);
  const facets = Object.fromEntries(names.map((name) => [name, 1]));
  const facetDeadlines = Object.fromEntries(
    names.map((name, index) => [name, 500 + index]),
  );
  r.server.receive(update({ facets, facetDeadlines }));
  assertEquals(r.told().length, 1);
  time.tick(499);
  assertEquals(r.told().length, 0);
  time.tick(1);
  assertEquals(r.told().length, 1);
});

Deno.test("PresenceServer.receive() clears the facets of what it takes over when they were to go", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing", availability: "busy" } as const;
  r.replication.put([remote({ facets, facetsLeft: { activity: 200 } })]);
  r.told();
  time.tick(150);
  r.server.receive(update({ facets: {} }));
  assertEquals(r.told(), [`put alice ${JSON.stringify(facets)}`]);
  time.tick(49);
  assertEquals(r.told(), []);
  time.tick(1);
  assertEquals(r.told(), ['put alice {"availability":"busy"}']);
});

Deno.test("Replication.put() has the facets of others end by themselves a little later than there, for watchers alone", async () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const mirror = new Mirror(r.server.watch({ context: "doc-1" }));
  const facets = { activity: "editing", availability: "busy" } as const;
  r.replication.put([remote({ facets, facetsLeft: { activity: 500 } })]);
  await mirror.read();
  r.told();
  time.tick(500 + FACET_ALLOWANCE_MS - 1);
  assertEquals(r.server.store.snapshot(keyOf())?.facets, facets);
  time.tick(1);
  const left = { availability: "busy" } as const;
  assertEquals(r.server.store.snapshot(keyOf())?.facets, left);
  assertEquals(await mirror.told(), ["updated alice"]);
  assertEquals(r.told(), []);
  assertEquals(r.replication.own(), []);
  assertEquals(subjectsOf(r.replication.remote("doc-1")), ["alice"]);
  const { events, replicated } = r.server.stats;
  assertEquals([events.facetsExpired, replicated.facetsExpired], [0, 1]);
  r.replication.put([remote({ facets: left })]);
  assertEquals(await mirror.told(), [], "the other server says so as well");
});

Deno.test("Replication.put() has the facets of others go on when they are put again in time", async () => {
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
  assertEquals(await mirror.told(), []);
  time.tick(500 + FACET_ALLOWANCE_MS);
  assertEquals(await mirror.told(), ["updated alice"]);
  put();
  assertEquals(r.server.store.snapshot(keyOf())?.facets, facets, "in the end");
});

Deno.test("Replication.put() holds a facet that lasts for long a little longer, and it is taken over without that", () => {
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

Deno.test("Replication.put() does not show a facet that has been over for long", () => {
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

Deno.test("PresenceServer.receive() of what has ended by itself here takes it over without", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing" } as const;
  r.replication.put([remote({ facets, facetsLeft: { activity: 200 } })]);
  time.tick(200 + FACET_ALLOWANCE_MS);
  r.server.receive(update());
  assertEquals(r.told(), ["put alice {}"]);
  assertEquals(subjectsOf(r.replication.own()), ["alice"]);
  time.tick(1_000);
  assertEquals(r.told(), []);
});

Deno.test("PresenceServer.receive() ends at once what is over where it was, though it is still shown", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  const facets = { activity: "editing" } as const;
  r.replication.put([remote({ facets, facetsLeft: { activity: 200 } })]);
  time.tick(200 + FACET_ALLOWANCE_MS / 2);
  r.server.receive(update());
  assertEquals(r.told(), ['put alice {"activity":"editing"}']);
  assertEquals(r.server.store.snapshot(keyOf())?.facets, {});
  assertEquals(r.told(), ["put alice {}"]);
});

Deno.test("PresenceServer.receive() forgets how long a facet was to last that the update sets or clears", () => {
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

Deno.test("PresenceServer.receiveAll() takes an entry over with its first update, and the others decide", () => {
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

Deno.test("PresenceServer.disconnect() leaves alone what has gone to another server", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.server.receive(update({ subject: "bob" }));
  r.replication.put([remote()]);
  r.told();
  r.server.disconnect("tab");
  time.tick(60_000);
  assertEquals(r.subjects(), ["alice"]);
  assertEquals(r.told(), ["removed bob, own"]);
});

Deno.test("PresenceServer.disconnect() waits for the grace though the subject is at another server: it may be lost there too", async () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.replication.put([remote({ origin: "phone" })]);
  const mirror = new Mirror(r.server.watch({ context: "doc-1" }));
  await mirror.read();
  r.told();
  r.server.disconnect("tab");
  r.replication.drop([keyOf({ origin: "phone" })]);
  r.server.receive(update({ origin: "tab/2" }));
  assertEquals(await mirror.told(), ["updated alice"]);
  time.tick(60_000);
  assertEquals(await mirror.told(), []);
});

Deno.test("PresenceServer.replicate() works where stale updates are refused, whatever the clocks", () => {
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

Deno.test("Replication.put() of an entry as it was is silent where stale updates are refused, whatever the clocks", async () => {
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
    assertEquals(await mirror.told(), []);
    // One that only looks the same is another one, at all servers.
    r.replication.put([{ ...entry, observedAt: observedAt + 1 }]);
    assert(r.server.lastSequence > lastSequence);
  }
});

Deno.test("PresenceServer.replicate() is for one at a time", () => {
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

Deno.test("Replication drops the entries of others when it is disposed of, and is told of nothing more", () => {
  using _time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update());
  r.replication.put([remote({ subject: "bob" })]);
  r.told();
  r.replication[Symbol.dispose]();
  assertEquals(r.subjects(), ["alice"]);
  r.server.receive(update({ subject: "carol" }));
  assertEquals(r.told(), []);
});

Deno.test("PresenceServer.replicate() needs a server that is open", () => {
  using time = new FakeTime(0);
  using r = new Replicated();
  r.server.receive(update({ expiry: 1_000 }));
  r.server[Symbol.dispose]();
  r.replication.put([remote({ subject: "bob" })]);
  r.replication.drop([keyOf({ subject: "bob" })]);
  assertFalse(time.next(), "a late word arms no timer");
  r.replication[Symbol.dispose]();
  const listener = { put() {}, removed() {}, watched() {} };
  assertThrows(() => r.server.replicate(listener), ServerClosedError);
  assert(r.server.closed);
});
