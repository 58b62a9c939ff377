import {
  assert,
  assertEquals,
  assertFalse,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { restricted } from "../../core/mod.ts";
import { PresenceStore } from "../../store/mod.ts";
import { Feed } from "./feed.ts";
import {
  type PresenceBatch,
  PresenceServer,
  PresenceView,
  PUBLIC_VIEWER,
  type Viewer,
} from "../mod.ts";
import {
  countCalls,
  countedSignal,
  flush,
  keyOf,
  Mirror,
  Reader,
  settles,
  update,
} from "../testing/harness.ts";

/** A batch in one line. */
function told(batch: PresenceBatch): string {
  if (batch.type === "baseline") {
    const subjects = batch.snapshots.map(({ subject }) => subject).sort();
    return `baseline ${subjects.join(" ")}`.trimEnd();
  }
  const changes = batch.changes.map((change) => {
    const { subject } = change.type === "published"
      ? change.snapshot
      : change.type === "hidden"
      ? change.key
      : change.previous;
    return `${change.type} ${subject}`;
  });
  return `changes ${changes.join(", ")}`.trimEnd();
}

async function readTold(reader: Reader<PresenceBatch>): Promise<string[]> {
  return (await reader.read()).map(told);
}

const TEAM: Viewer = { restricted: ["team"], private: false };
const ALICE: Viewer = { restricted: [], private: false, subject: "alice" };

// What a watch yields

Deno.test("PresenceServer.watch() yields a baseline, then changes", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ epoch: "e" });
  server.receive(update());
  const reader = new Reader(server.watch());

  const [baseline] = await reader.read();
  assertEquals(baseline, {
    type: "baseline",
    position: { epoch: "e", sequence: 1 },
    snapshots: server.store.snapshots(),
    part: 0,
    last: true,
  });

  server.receive(update({ subject: "bob" }));
  server.withdraw(keyOf());
  const [changes, ...rest] = await reader.read();
  assertEquals(
    changes && told(changes),
    "changes published bob, withdrawn alice",
  );
  assertEquals(changes?.position, { epoch: "e", sequence: 3 });
  assertEquals(rest, [], "what happens at once is one batch");
});

Deno.test("PresenceServer.watch() yields an empty baseline where nobody is", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const reader = new Reader(server.watch({ context: "doc-1" }));
  const [baseline, ...rest] = await reader.read();
  assertEquals(baseline?.type === "baseline" && baseline.snapshots, []);
  assertEquals(baseline?.type === "baseline" && baseline.last, true);
  assertEquals(rest, []);
});

Deno.test("PresenceServer.watch() yields a large baseline in parts", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  for (let n = 0; n < 2_500; n++) server.receive(update({ subject: n }));
  const reader = new Reader(server.watch({ context: "doc-1" }));
  await reader.read(1);
  server.receive(update({ subject: "late" }));

  const parts = [...reader.values, ...await reader.read(2)];
  assertEquals(
    parts.map((part) =>
      part.type === "baseline" && [part.snapshots.length, part.part, part.last]
    ),
    [[1_000, 0, false], [1_000, 1, false], [500, 2, true]],
  );
  assertEquals(parts.map(({ position }) => position.sequence), [
    2_500,
    2_500,
    2_500,
  ]);
  assertEquals(await readTold(reader), ["changes published late"]);
});

Deno.test("PresenceServer.watch() yields nothing of a large baseline after its end", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  for (let n = 0; n < 2_500; n++) server.receive(update({ subject: n }));
  const controller = new AbortController();
  const reader = new Reader(server.watch({ signal: controller.signal }));
  await reader.read(1);
  controller.abort();
  assertEquals(await reader.read(), []);
  assert(reader.done);
});

Deno.test("PresenceServer.watch() begins with the first next()", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  using joins = countCalls(PresenceStore.prototype, "snapshots");
  const reader = new Reader(server.watch());
  server.receive(update());
  assertEquals(joins.calls, 0);
  assertEquals(await readTold(reader), ["baseline alice"]);
});

Deno.test("PresenceServer.watch() does not show what is due", async () => {
  using _time = new FakeTime(0);
  let now = 0;
  using server = new PresenceServer({ clock: () => now });
  server.receive(update({ expiry: 50 }));
  now = 50;
  assertEquals(await readTold(new Reader(server.watch())), ["baseline"]);
});

Deno.test("PresenceServer.watch() watches a context", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ context: "other" }));
  server.receive(update());
  const reader = new Reader(server.watch({ context: "doc-1" }));
  assertEquals(await readTold(reader), ["baseline alice"]);

  server.receive(update({ subject: "bob", context: "other" }));
  assertEquals(await readTold(reader), []);
  server.receive(update({ subject: "carol" }));
  assertEquals(await readTold(reader), ["changes published carol"]);
});

Deno.test("PresenceServer.watch() watches a subject wherever it is", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  server.receive(update({ subject: "bob" }));
  const reader = new Reader(server.watch({ subject: "alice" }));
  assertEquals(await readTold(reader), ["baseline alice"]);

  server.receive(update({ subject: "bob", context: "doc-2" }));
  assertEquals(await readTold(reader), []);
  server.receive(update({ context: "doc-2" }));
  assertEquals(await readTold(reader), ["changes published alice"]);
});

Deno.test("PresenceServer.watch() watches a subject in a context, from the baseline on", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 2 });
  server.receive(update());
  server.receive(update({ context: "doc-2" }));
  server.receive(update({ subject: "bob" }));
  const reader = new Reader(
    server.watch({ context: "doc-1", subject: "alice" }),
  );
  const [baseline] = await reader.read();
  assertEquals(baseline?.type === "baseline" && baseline.snapshots, [
    server.store.snapshot(keyOf())!,
  ]);

  server.receive(update({ subject: "bob", facets: { activity: "idle" } }));
  server.receive(update({ context: "doc-2", facets: { activity: "idle" } }));
  assertEquals(await readTold(reader), []);
  server.receive(update({ facets: { activity: "idle" } }));
  assertEquals(await readTold(reader), ["changes published alice"]);

  for (let n = 0; n < 5; n++) server.receive(update({ subject: n }));
  assertEquals(await readTold(reader), ["baseline alice"], "after a gap too");
});

Deno.test("PresenceServer.watch() shows a subject of a context its own entries alone", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ visibility: "private" }));
  server.receive(update({ subject: "bob", visibility: "private" }));
  const watch = (subject: string) =>
    readTold(
      new Reader(server.watch({ context: "doc-1", subject, viewer: ALICE })),
    );
  assertEquals(await watch("alice"), ["baseline alice"]);
  assertEquals(await watch("bob"), ["baseline"]);
  const bob = server.watch({ subject: "bob", viewer: ALICE });
  assertEquals(await readTold(new Reader(bob)), ["baseline"]);
});

Deno.test("PresenceServer.watch() takes any key for what it is", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const keys = ["", "null", "..", "__proto__", "constructor", "a\0b", 1, "1"];
  for (const key of keys) {
    server.receive(update({ subject: key, context: key }));
  }
  for (const key of keys) {
    const context = new Reader(server.watch({ context: key }));
    const subject = new Reader(server.watch({ subject: key }));
    const [one] = await context.read();
    const [two] = await subject.read();
    for (const batch of [one, two]) {
      assertEquals(
        batch?.type === "baseline" &&
          batch.snapshots.map(({ subject }) => subject),
        [key],
      );
    }
  }
});

// Going on

Deno.test("PresenceServer.watch() goes on after a position", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  const since = server.watcherCursor("tail").position;
  server.receive(update({ subject: "bob" }));
  const reader = new Reader(server.watch({ context: "doc-1", since }));
  assertEquals(await readTold(reader), ["changes published bob"]);
  server.receive(update({ subject: "carol" }));
  assertEquals(await readTold(reader), ["changes published carol"]);
});

Deno.test("PresenceServer.watch() waits where nothing has happened since the position", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  const since = server.watcherCursor("tail").position;
  const reader = new Reader(server.watch({ since }));
  assertEquals(await readTold(reader), []);
  server.receive(update({ subject: "bob" }));
  assertEquals(await readTold(reader), ["changes published bob"]);
});

Deno.test("PresenceServer.watch() starts with a baseline where the position is no use", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 1, epoch: "now" });
  for (const subject of ["alice", "bob", "carol"]) {
    server.receive(update({ subject }));
  }
  const positions = [
    { epoch: "before", sequence: 3 },
    { epoch: "now", sequence: 0 },
    { epoch: "now", sequence: 4 },
    { epoch: "now", sequence: Infinity },
    { epoch: "now", sequence: NaN },
  ];
  for (const since of positions) {
    const reader = new Reader(server.watch({ since }));
    assertEquals(
      await readTold(reader),
      ["baseline alice bob carol"],
      `${since.epoch} ${since.sequence}`,
    );
  }
});

Deno.test("PresenceServer.watch() yields a baseline after a gap, and goes on", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 2 });
  server.receive(update());
  const reader = new Reader(server.watch());
  await reader.read();
  server.withdraw(keyOf());
  for (const subject of ["bob", "carol", "dave"]) {
    server.receive(update({ subject }));
  }
  assertEquals(await readTold(reader), ["baseline bob carol dave"]);
  server.receive(update({ subject: "eve" }));
  assertEquals(await readTold(reader), ["changes published eve"]);
});

Deno.test("PresenceServer.watch() knows no gap in a context where nothing happened", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 2 });
  server.receive(update());
  const reader = new Reader(server.watch({ context: "doc-1" }));
  await reader.read();
  for (let n = 0; n < 9; n++) server.receive(update({ context: n }));
  assertEquals(await readTold(reader), []);
  server.receive(update({ subject: "bob" }));
  assertEquals(await readTold(reader), ["changes published bob"]);
});

Deno.test("PresenceServer.watch() keeps up without retention, by baselines", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 0 });
  const reader = new Reader(server.watch());
  assertEquals(await readTold(reader), ["baseline"]);
  server.receive(update());
  assertEquals(await readTold(reader), ["baseline alice"]);
  assertEquals(await readTold(reader), [], "and waits in between");
  server.withdraw(keyOf());
  assertEquals(await readTold(reader), ["baseline"]);
});

Deno.test("PresenceServer.watch() of a subject reads a baseline, not the changes of many others", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  const reader = new Reader(server.watch({ subject: "alice" }));
  await reader.read();
  for (let n = 0; n < 1_001; n++) server.receive(update({ subject: n }));
  server.receive(update({ context: "doc-2" }));
  using scans = countCalls(PresenceStore.prototype, "changesSince");
  assertEquals(await readTold(reader), ["baseline alice alice"]);
  assert(scans.calls <= 1);
});

// Keeping alive

Deno.test("PresenceServer.watch() keeps alive with the position where nothing happens", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const reader = new Reader(
    server.watch({ context: "doc-1", keepAliveMs: 1_000 }),
  );
  await reader.read();
  server.receive(update({ context: "other" }));
  time.tick(999);
  assertEquals(await readTold(reader), []);
  time.tick(1);
  const [batch] = await reader.read();
  assertEquals(batch && told(batch), "changes");
  assertEquals(batch?.position.sequence, 1);
  time.tick(1_000);
  assertEquals(await readTold(reader), ["changes"], "again and again");
});

Deno.test("PresenceServer.watch() keeps alive after the last batch, whatever is hidden meanwhile", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const context = "doc-1";
  const viewer = PUBLIC_VIEWER;
  const hidden = new Reader(
    server.watch({ context, viewer, keepAliveMs: 1_000 }),
  );
  const other = new Reader(
    server.watch({ context, subject: "bob", keepAliveMs: 1_000 }),
  );
  await hidden.read();
  await other.read();
  const batches: string[][] = [[], []];
  for (let n = 0; n < 30; n++) {
    server.receive(update({
      visibility: "private",
      facets: { activity: { custom: n } },
    }));
    time.tick(100);
    batches[0]!.push(...await readTold(hidden));
    batches[1]!.push(...await readTold(other));
  }
  assertEquals(batches, [
    ["changes", "changes", "changes"],
    ["changes", "changes", "changes"],
  ]);
  assertEquals(hidden.values.at(-1)?.position.sequence, 30);
});

Deno.test("PresenceServer.watch() counts the silence anew after a batch", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const reader = new Reader(server.watch({ keepAliveMs: 1_000 }));
  await reader.read();
  time.tick(900);
  server.receive(update());
  assertEquals(await readTold(reader), ["changes published alice"]);
  time.tick(999);
  assertEquals(await readTold(reader), []);
  time.tick(1);
  assertEquals(await readTold(reader), ["changes"]);
  await reader.watch.return?.();
  assertFalse(time.next(), "no timer is left");
});

Deno.test("PresenceServer.watch() waits where no timer can wait so long", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const reader = new Reader(server.watch({ keepAliveMs: 1e12 }));
  await reader.read();
  time.tick(1_000);
  assertEquals(await readTold(reader), []);
});

Deno.test("PresenceServer.watch() arms no timer unless it keeps alive", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const reader = new Reader(server.watch());
  await reader.read();
  assertFalse(time.next());
});

// Viewers

Deno.test("PresenceServer.watch() shows a viewer what it may see", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ subject: "open" }));
  server.receive(update({ subject: "team", visibility: restricted("team") }));
  server.receive(update({ subject: "staff", visibility: restricted("staff") }));
  server.receive(update({ subject: "secret", visibility: "private" }));
  const see = (viewer?: Viewer) =>
    readTold(new Reader(server.watch({ viewer })));

  assertEquals(await see(), ["baseline open secret staff team"]);
  assertEquals(await see(PUBLIC_VIEWER), ["baseline open"]);
  assertEquals(await see(TEAM), ["baseline open team"]);
  assertEquals(await see({ restricted: "all", private: false }), [
    "baseline open staff team",
  ]);
  assertEquals(await see({ restricted: [], private: true }), [
    "baseline open secret",
  ]);
  assertEquals(await see({ ...TEAM, subject: "secret" }), [
    "baseline open secret team",
  ]);
});

Deno.test("PresenceServer.watch() tells when an entry is hidden, by its key alone", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  const reader = new Reader(server.watch({ viewer: PUBLIC_VIEWER }));
  await reader.read();

  server.receive(update({ visibility: "private", facets: { lastSeen: 1 } }));
  const [hidden] = await reader.read();
  assertEquals(hidden?.type === "changes" && hidden.changes, [
    { type: "hidden", sequence: 2, key: keyOf() },
  ]);

  server.receive(
    update({ visibility: "private", facets: { activity: "idle" } }),
  );
  server.receive(update({ subject: "bob", visibility: "private" }));
  server.withdraw(keyOf({ subject: "bob" }));
  assertEquals(await reader.read(), [], "nothing of what stays hidden");

  server.receive(update({ visibility: "public" }));
  const [shown] = await reader.read();
  const change = shown?.type === "changes" ? shown.changes[0] : undefined;
  assert(change?.type === "published");
  assertEquals(change.previous, undefined, "nothing of what was hidden");
  assertEquals(change.snapshot.facets, { lastSeen: 1, activity: "idle" });
});

Deno.test("PresenceServer.watch() shows everybody their own entries, throughout", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ visibility: "private" }));
  const own = new Reader(server.watch({ context: "doc-1", viewer: ALICE }));
  const bob = new Reader(
    server.watch({ context: "doc-1", viewer: { ...ALICE, subject: "bob" } }),
  );
  assertEquals(await readTold(own), ["baseline alice"]);
  assertEquals(await readTold(bob), ["baseline"]);

  server.receive(update({ visibility: "public" }));
  server.receive(update({ visibility: "private" }));
  server.receive(update({ subject: "bob", visibility: "private" }));
  assertEquals(await readTold(own), [
    "changes published alice, published alice",
  ]);
  assertEquals(await readTold(bob), [
    "changes published alice, hidden alice, published bob",
  ]);

  server.withdraw(keyOf());
  assertEquals(await readTold(own), ["changes withdrawn alice"]);
  assertEquals(await readTold(bob), []);
});

Deno.test("PresenceServer.watch() takes the rights of a viewer when it begins", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  using wakes = countCalls(Feed.prototype, "wake");
  const viewer = { restricted: ["team"], private: false };
  const reader = new Reader(server.watch({ context: "doc-1", viewer }));
  await reader.read();
  viewer.restricted.push("staff");
  viewer.private = true;
  server.receive(update({ visibility: restricted("staff") }));
  server.receive(update({ subject: "bob", visibility: "private" }));
  assertEquals(await readTold(reader), []);

  await reader.watch.return?.();
  const before = wakes.calls;
  server.receive(update({ subject: "carol" }));
  assertEquals(wakes.calls, before, "no feed is left behind");
});

// Work

Deno.test("PresenceServer.watch() costs no work where another context changes", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const readers = Array.from(
    { length: 50 },
    (_, n) => new Reader(server.watch({ context: n, viewer: TEAM })),
  );
  for (const reader of readers) await reader.read();

  using wakes = countCalls(Feed.prototype, "wake");
  using polls = countCalls(PresenceStore.prototype, "changesSince");
  using reads = countCalls(PresenceStore.prototype, "snapshots");
  for (let n = 0; n < 100; n++) {
    server.receive(update({ subject: n, context: "other" }));
  }
  await flush();
  assertEquals([wakes.calls, polls.calls, reads.calls], [0, 0, 0]);

  server.receive(update({ context: 7 }));
  await flush();
  assertEquals([wakes.calls, polls.calls, reads.calls], [1, 1, 0]);
  assertEquals((await readers[7]!.read()).length, 1);
});

Deno.test("PresenceServer.watch() shares the filtering among viewers with equal rights", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  const viewers: Viewer[] = Array.from({ length: 20 }, (_, n) => ({
    restricted: n % 2 ? ["team", "staff"] : ["staff", "team", "staff"],
    private: false,
    subject: `viewer ${n}`,
  }));
  const readers = viewers.map((viewer) =>
    new Reader(server.watch({ context: "doc-1", viewer }))
  );
  const [first, ...others] = readers;
  using reads = countCalls(PresenceStore.prototype, "snapshots");
  const all = async () => {
    const batches = await Promise.all(readers.map((reader) => reader.read(1)));
    return batches.map(([batch]) => batch);
  };
  for (const batch of (await all()).slice(1)) {
    assertStrictEquals(batch, first!.values[0]);
  }
  // One that is shared, and one of each viewer's own entries.
  assertEquals(reads.calls, 1 + readers.length);

  for (const reader of readers) await reader.read();
  using polls = countCalls(PresenceStore.prototype, "changesSince");
  server.receive(update({ subject: "bob", visibility: restricted("team") }));
  server.receive(update({ subject: "carol", visibility: "private" }));
  const [batch, ...same] = await all();
  for (const other of same) assertStrictEquals(other, batch);
  assertEquals(batch && told(batch), "changes published bob");
  assertEquals(polls.calls, 1);

  const strangers = new Reader(
    server.watch({ context: "doc-1", viewer: PUBLIC_VIEWER }),
  );
  await strangers.read();
  server.receive(update({ subject: "dave" }));
  const [own] = await others[0]!.read();
  const [other] = await strangers.read();
  assertNotStrictEquals<unknown>(own, other);
});

Deno.test("PresenceServer.watch() shares a batch also with those who come for it later", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const [quick, slow] = [
    new Reader(server.watch({ context: "doc-1" })),
    new Reader(server.watch({ context: "doc-1" })),
  ] as const;
  await quick.read(1);
  await slow.read(1);
  server.receive(update());
  const [first] = await quick.read();
  server.receive(update({ context: "other" }));
  const [second] = await slow.read();
  assertStrictEquals(first, second);
});

Deno.test("PresenceServer.watch() filters anew for those alone whom a change is of", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const readers = ["alice", "bob", "carol"].map((subject) =>
    new Reader(
      server.watch({ context: "doc-1", viewer: { ...ALICE, subject } }),
    )
  );
  for (const reader of readers) await reader.read();
  server.receive(update({ visibility: "private" }));
  server.receive(update({ subject: "dave" }));
  const batches: (PresenceBatch | undefined)[] = [];
  for (const reader of readers) batches.push(...await reader.read());
  const [alice, bob, carol] = batches;
  assertEquals(alice && told(alice), "changes published alice, published dave");
  assertEquals(bob && told(bob), "changes published dave");
  assertStrictEquals(bob, carol);
});

Deno.test("PresenceServer.watch() sleeps through heartbeats", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const beat = () =>
    server.receive(update({
      expiry: Date.now() + 1_000,
      facets: { activity: "editing", lastSeen: Date.now() },
    }));
  beat();
  const watches = [
    server.watch(),
    server.watch({ context: "doc-1" }),
    server.watch({ subject: "alice", viewer: ALICE }),
  ];
  const counts = server.watchCount({ context: "doc-1" });
  for (const watch of watches) await watch.next();
  await counts.next();
  const pending = [...watches.map((watch) => watch.next()), counts.next()];

  using wakes = countCalls(Feed.prototype, "wake");
  for (let n = 0; n < 20; n++) {
    time.tick(500);
    beat();
  }
  for (const next of pending) assertFalse(await settles(next));
  assertEquals(wakes.calls, 0);
  assertEquals(server.lastSequence, 1);
});

Deno.test("PresenceServer.watch() holds no more than a position for who stops reading", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 8 });
  const mirror = new Mirror(server.watch({ context: "doc-1" }));
  server.receive(update());
  await mirror.read();

  using polls = countCalls(PresenceStore.prototype, "changesSince");
  using reads = countCalls(PresenceStore.prototype, "snapshots");
  for (let n = 0; n < 5_000; n++) {
    server.receive(update({ subject: `s${n % 10}`, facets: { lastSeen: n } }));
    server.receive(
      update({ subject: `s${n % 10}`, facets: { activity: { custom: n } } }),
    );
  }
  await flush();
  // A wait that was under way sees the first change; after that, nothing.
  assert(polls.calls <= 1 && reads.calls <= 1);

  const held = await mirror.reader.read(1);
  assertEquals(held.length, 1);
  for (const batch of held) mirror.view.apply(batch);
  await mirror.read();
  assert(mirror.reader.values.slice(1).some(({ type }) => type === "baseline"));
  assertEquals(
    new Set(mirror.view.snapshots()),
    new Set(server.store.snapshots()),
  );
});

// The end of a watch

Deno.test("PresenceServer.watch() is over before it began where it is aborted", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  using wakes = countCalls(Feed.prototype, "wake");
  const counted = countedSignal();
  counted.controller.abort();
  const reader = new Reader(server.watch({ signal: counted.signal }));
  assertEquals(await reader.read(), []);
  assert(reader.done);
  assertEquals(counted.listeners, 0);
  server.receive(update());
  assertEquals(wakes.calls, 0);
});

const ENDINGS: Record<
  string,
  (
    watch: ReturnType<PresenceServer["watch"]>,
    controller: AbortController,
    server: PresenceServer,
  ) => unknown
> = {
  "its signal": (_, controller) => controller.abort(),
  "return()": (watch) => watch.return?.(),
  "Symbol.asyncDispose": (watch) => watch[Symbol.asyncDispose](),
  "the server's disposal": (_, __, server) => server[Symbol.dispose](),
};

for (const [how, end] of Object.entries(ENDINGS)) {
  Deno.test(`PresenceServer.watch() that waits ends by ${how} and frees everything`, async () => {
    using time = new FakeTime(0);
    using server = new PresenceServer();
    const counted = countedSignal();
    const { signal } = counted;
    const watch = server.watch({
      context: "doc-1",
      signal,
      keepAliveMs: 5_000,
    });
    await watch.next();
    const pending = watch.next();
    assertFalse(await settles(pending));
    assertEquals(counted.listeners, 1);
    assertEquals(server.stats.watches, 1);

    await end(watch, counted.controller, server);
    assertEquals(await pending, { done: true, value: undefined });
    assertEquals(await watch.next(), { done: true, value: undefined });
    assertEquals(server.stats.watches, 0);
    assertEquals(counted.listeners, 0, "no listener is left");
    assertFalse(time.next(), "no timer is left");
    using wakes = countCalls(Feed.prototype, "wake");
    if (how !== "the server's disposal") server.receive(update());
    assertEquals(wakes.calls, 0, "no feed is left");
  });

  Deno.test(`PresenceServer.watch() that nobody reads on ends by ${how} and frees everything`, async () => {
    using time = new FakeTime(0);
    using server = new PresenceServer();
    using leaves = countCalls(PresenceStore.prototype, "snapshots");
    const counted = countedSignal();
    const { signal } = counted;
    const watch = server.watch({
      context: "doc-1",
      signal,
      keepAliveMs: 5_000,
    });
    await watch.next();
    assertEquals(leaves.calls, 1);
    assertEquals(counted.listeners, 1);

    await end(watch, counted.controller, server);
    await flush();
    assertEquals(counted.listeners, 0, "no listener is left");
    assertFalse(time.next(), "no timer is left");
    using wakes = countCalls(Feed.prototype, "wake");
    if (how !== "the server's disposal") server.receive(update());
    assertEquals(wakes.calls, 0, "no feed is left");
    assertEquals((await watch.next()).done, true);
  });

  Deno.test(`PresenceServer.watch() that has a change under way ends by ${how}`, async () => {
    using _time = new FakeTime(0);
    using server = new PresenceServer();
    const counted = countedSignal();
    const watch = server.watch({ signal: counted.signal });
    await watch.next();
    const pending = watch.next();
    await flush();
    server.receive(update());
    const ending = end(watch, counted.controller, server);
    assertEquals((await pending).done, true);
    await ending;
    assertEquals(counted.listeners, 0);
  });
}

Deno.test("PresenceServer.watch() that ended costs those that go on nothing", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const readers = Array.from(
    { length: 20 },
    () => new Reader(server.watch({ context: "doc-1" })),
  );
  for (const reader of readers) await reader.read();
  for (const { watch } of readers.slice(1)) await watch.return?.();
  // Whoever is called back stops listening for the end.
  using calledBack = countCalls(AbortSignal.prototype, "removeEventListener");
  server.receive(update());
  assertEquals(calledBack.calls, 1);
});

Deno.test("PresenceServer.watch() ends by break and frees everything", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const counted = countedSignal();
  const { signal } = counted;
  for await (const batch of server.watch({ signal, keepAliveMs: 5_000 })) {
    assertEquals(batch.type, "baseline");
    break;
  }
  assertEquals(counted.listeners, 0);
  assertFalse(time.next());
  using wakes = countCalls(Feed.prototype, "wake");
  server.receive(update());
  assertEquals(wakes.calls, 0);
});

Deno.test("PresenceServer.watch() frees a feed when the last of its watchers has left", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const scopes = [{}, { context: "doc-1" }, { subject: "alice" }];
  const watches = scopes.flatMap((scope) => [
    server.watch(scope),
    server.watch(scope),
    server.watch({ ...scope, viewer: TEAM }),
  ]);
  for (const watch of watches) await watch.next();

  using wakes = countCalls(Feed.prototype, "wake");
  const feeds = () => {
    const before = wakes.calls;
    server.receive(update({ facets: { activity: { custom: before } } }));
    return wakes.calls - before;
  };
  assertEquals(feeds(), 6);
  const left: number[] = [];
  for (const watch of watches) {
    await watch.return?.();
    await watch.return?.();
    left.push(feeds());
  }
  assertEquals(left, [6, 5, 4, 4, 3, 2, 2, 1, 0]);
});

Deno.test("PresenceServer.watch() adds no listener to what all watches share", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const listeners = new Map<unknown, number>();
  const { addEventListener } = AbortSignal.prototype;
  AbortSignal.prototype.addEventListener = function (
    this: AbortSignal,
    ...args: Parameters<typeof addEventListener>
  ) {
    listeners.set(this, (listeners.get(this) ?? 0) + 1);
    addEventListener.apply(this, args);
  } as typeof addEventListener;
  try {
    for (let n = 0; n < 50; n++) {
      await new Reader(server.watch({ context: n })).read();
    }
  } finally {
    AbortSignal.prototype.addEventListener = addEventListener;
  }
  // A signal goes through all of its listeners to add another one.
  assertEquals(Math.max(...listeners.values()), 1);
});

Deno.test("PresenceServer.watch() answers calls of next() in order", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const watch = server.watch();
  const calls = [watch.next(), watch.next(), watch.next()];
  assertEquals((await calls[0])?.value?.type, "baseline");
  assertFalse(await settles(calls[1]!));

  server.receive(update());
  assertEquals(told((await calls[1])!.value!), "changes published alice");
  assertFalse(await settles(calls[2]!));
  const ended = watch.return?.();
  assertEquals((await calls[2])?.done, true);
  assertEquals((await ended)?.done, true);
});

Deno.test("PresenceServer.watch() that ended does not begin again", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const watch = server.watch();
  await watch.return?.();
  assertEquals((await watch.next()).done, true);
});

Deno.test("PresenceServer.watch() misses nothing that happens between two reads", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const view = new PresenceView();
  let count = 0;
  for await (const batch of server.watch({ context: "doc-1" })) {
    view.apply(batch);
    if (++count > 20) break;
    server.receive(update({ subject: count }));
    queueMicrotask(() => server.receive(update({ subject: -count })));
    await Promise.resolve();
    server.receive(update({ subject: `later ${count}` }));
  }
  const seen = new Set(view.subjects("doc-1"));
  for (let n = 1; n < 20; n++) {
    assert(seen.has(n) && seen.has(-n) && seen.has(`later ${n}`));
  }
});
