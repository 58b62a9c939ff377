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

/** Formats a batch in one line. */
function lineOf(batch: PresenceBatch): string {
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

async function readLines(reader: Reader<PresenceBatch>): Promise<string[]> {
  return (await reader.read()).map(lineOf);
}

const TEAM: Viewer = { restricted: ["team"], private: false };
const ALICE: Viewer = { restricted: [], private: false, subject: "alice" };

// Batches

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
    changes && lineOf(changes),
    "changes published bob, withdrawn alice",
  );
  assertEquals(changes?.position, { epoch: "e", sequence: 3 });
  assertEquals(rest, [], "simultaneous changes are one batch");
});

Deno.test("PresenceServer.watch() yields an empty baseline for an empty context", async () => {
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
  assertEquals(await readLines(reader), ["changes published late"]);
});

Deno.test("PresenceServer.watch() yields no part of a large baseline after its end", async () => {
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

Deno.test("PresenceServer.watch() starts with the first next()", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  using joins = countCalls(PresenceStore.prototype, "snapshots");
  const reader = new Reader(server.watch());
  server.receive(update());
  assertEquals(joins.calls, 0);
  assertEquals(await readLines(reader), ["baseline alice"]);
});

Deno.test("PresenceServer.watch() does not show what is due", async () => {
  using _time = new FakeTime(0);
  let now = 0;
  using server = new PresenceServer({ clock: () => now });
  server.receive(update({ expiry: 50 }));
  now = 50;
  assertEquals(await readLines(new Reader(server.watch())), ["baseline"]);
});

Deno.test("PresenceServer.watch() watches a context", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ context: "other" }));
  server.receive(update());
  const reader = new Reader(server.watch({ context: "doc-1" }));
  assertEquals(await readLines(reader), ["baseline alice"]);

  server.receive(update({ subject: "bob", context: "other" }));
  assertEquals(await readLines(reader), []);
  server.receive(update({ subject: "carol" }));
  assertEquals(await readLines(reader), ["changes published carol"]);
});

Deno.test("PresenceServer.watch() watches a subject in all contexts", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  server.receive(update({ subject: "bob" }));
  const reader = new Reader(server.watch({ subject: "alice" }));
  assertEquals(await readLines(reader), ["baseline alice"]);

  server.receive(update({ subject: "bob", context: "doc-2" }));
  assertEquals(await readLines(reader), []);
  server.receive(update({ context: "doc-2" }));
  assertEquals(await readLines(reader), ["changes published alice"]);
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
  assertEquals(await readLines(reader), []);
  server.receive(update({ facets: { activity: "idle" } }));
  assertEquals(await readLines(reader), ["changes published alice"]);

  for (let n = 0; n < 5; n++) server.receive(update({ subject: n }));
  assertEquals(await readLines(reader), ["baseline alice"], "after a gap too");
});

Deno.test("PresenceServer.watch() of a subject in a context shows only that subject's entries", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ visibility: "private" }));
  server.receive(update({ subject: "bob", visibility: "private" }));
  const watch = (subject: string) =>
    readLines(
      new Reader(server.watch({ context: "doc-1", subject, viewer: ALICE })),
    );
  assertEquals(await watch("alice"), ["baseline alice"]);
  assertEquals(await watch("bob"), ["baseline"]);
  const bob = server.watch({ subject: "bob", viewer: ALICE });
  assertEquals(await readLines(new Reader(bob)), ["baseline"]);
});

Deno.test("PresenceServer.watch() distinguishes any two keys", async () => {
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

// Positions

Deno.test("PresenceServer.watch() continues after a position", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  const since = server.watcherCursor("tail").position;
  server.receive(update({ subject: "bob" }));
  const reader = new Reader(server.watch({ context: "doc-1", since }));
  assertEquals(await readLines(reader), ["changes published bob"]);
  server.receive(update({ subject: "carol" }));
  assertEquals(await readLines(reader), ["changes published carol"]);
});

Deno.test("PresenceServer.watch() waits if nothing has happened since the position", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  const since = server.watcherCursor("tail").position;
  const reader = new Reader(server.watch({ since }));
  assertEquals(await readLines(reader), []);
  server.receive(update({ subject: "bob" }));
  assertEquals(await readLines(reader), ["changes published bob"]);
});

Deno.test("PresenceServer.watch() starts with a baseline if the position is unusable", async () => {
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
      await readLines(reader),
      ["baseline alice bob carol"],
      `${since.epoch} ${since.sequence}`,
    );
  }
});

Deno.test("PresenceServer.watch() yields a baseline after a gap, and continues", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 2 });
  server.receive(update());
  const reader = new Reader(server.watch());
  await reader.read();
  server.withdraw(keyOf());
  for (const subject of ["bob", "carol", "dave"]) {
    server.receive(update({ subject }));
  }
  assertEquals(await readLines(reader), ["baseline bob carol dave"]);
  server.receive(update({ subject: "eve" }));
  assertEquals(await readLines(reader), ["changes published eve"]);
});

Deno.test("PresenceServer.watch() has no gap in a context without changes", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 2 });
  server.receive(update());
  const reader = new Reader(server.watch({ context: "doc-1" }));
  await reader.read();
  for (let n = 0; n < 9; n++) server.receive(update({ context: n }));
  assertEquals(await readLines(reader), []);
  server.receive(update({ subject: "bob" }));
  assertEquals(await readLines(reader), ["changes published bob"]);
});

Deno.test("PresenceServer.watch() keeps up without retention, by baselines", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 0 });
  const reader = new Reader(server.watch());
  assertEquals(await readLines(reader), ["baseline"]);
  server.receive(update());
  assertEquals(await readLines(reader), ["baseline alice"]);
  assertEquals(await readLines(reader), [], "and waits in between");
  server.withdraw(keyOf());
  assertEquals(await readLines(reader), ["baseline"]);
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
  assertEquals(await readLines(reader), ["baseline alice alice"]);
  assert(scans.calls <= 1);
});

// Keep-alive

Deno.test("PresenceServer.watch() keeps alive with the current position while nothing happens", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const reader = new Reader(
    server.watch({ context: "doc-1", keepAliveMs: 1_000 }),
  );
  await reader.read();
  server.receive(update({ context: "other" }));
  time.tick(999);
  assertEquals(await readLines(reader), []);
  time.tick(1);
  const [batch] = await reader.read();
  assertEquals(batch && lineOf(batch), "changes");
  assertEquals(batch?.position.sequence, 1);
  time.tick(1_000);
  assertEquals(await readLines(reader), ["changes"], "again and again");
});

Deno.test("PresenceServer.watch() keeps alive after the last batch, whatever hidden changes occur", async () => {
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
    batches[0]!.push(...await readLines(hidden));
    batches[1]!.push(...await readLines(other));
  }
  assertEquals(batches, [
    ["changes", "changes", "changes"],
    ["changes", "changes", "changes"],
  ]);
  assertEquals(hidden.values.at(-1)?.position.sequence, 30);
});

Deno.test("PresenceServer.watch() restarts the silence after a batch", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const reader = new Reader(server.watch({ keepAliveMs: 1_000 }));
  await reader.read();
  time.tick(900);
  server.receive(update());
  assertEquals(await readLines(reader), ["changes published alice"]);
  time.tick(999);
  assertEquals(await readLines(reader), []);
  time.tick(1);
  assertEquals(await readLines(reader), ["changes"]);
  await reader.watch.return?.();
  assertFalse(time.next(), "no timer is left");
});

Deno.test("PresenceServer.watch() waits beyond the longest delay of a timer", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const reader = new Reader(server.watch({ keepAliveMs: 1e12 }));
  await reader.read();
  time.tick(1_000);
  assertEquals(await readLines(reader), []);
});

Deno.test("PresenceServer.watch() arms no timer unless it keeps alive", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const reader = new Reader(server.watch());
  await reader.read();
  assertFalse(time.next());
});

// Viewers

Deno.test("PresenceServer.watch() shows a viewer only visible entries", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ subject: "open" }));
  server.receive(update({ subject: "team", visibility: restricted("team") }));
  server.receive(update({ subject: "staff", visibility: restricted("staff") }));
  server.receive(update({ subject: "secret", visibility: "private" }));
  const see = (viewer?: Viewer) =>
    readLines(new Reader(server.watch({ viewer })));

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

Deno.test("PresenceServer.watch() yields only the key of an entry that becomes hidden", async () => {
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
  assertEquals(
    await reader.read(),
    [],
    "no news of an entry that stays hidden",
  );

  server.receive(update({ visibility: "public" }));
  const [shown] = await reader.read();
  const change = shown?.type === "changes" ? shown.changes[0] : undefined;
  assert(change?.type === "published");
  assertEquals(
    change.previous,
    undefined,
    "no former snapshot that was hidden",
  );
  assertEquals(change.snapshot.facets, { lastSeen: 1, activity: "idle" });
});

Deno.test("PresenceServer.watch() always shows viewers their own entries", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ visibility: "private" }));
  const own = new Reader(server.watch({ context: "doc-1", viewer: ALICE }));
  const bob = new Reader(
    server.watch({ context: "doc-1", viewer: { ...ALICE, subject: "bob" } }),
  );
  assertEquals(await readLines(own), ["baseline alice"]);
  assertEquals(await readLines(bob), ["baseline"]);

  server.receive(update({ visibility: "public" }));
  server.receive(update({ visibility: "private" }));
  server.receive(update({ subject: "bob", visibility: "private" }));
  assertEquals(await readLines(own), [
    "changes published alice, published alice",
  ]);
  assertEquals(await readLines(bob), [
    "changes published alice, hidden alice, published bob",
  ]);

  server.withdraw(keyOf());
  assertEquals(await readLines(own), ["changes withdrawn alice"]);
  assertEquals(await readLines(bob), []);
});

Deno.test("PresenceServer.watch() copies the rights of a viewer when it starts", async () => {
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
  assertEquals(await readLines(reader), []);

  await reader.watch.return?.();
  const before = wakes.calls;
  server.receive(update({ subject: "carol" }));
  assertEquals(wakes.calls, before, "no feed is left behind");
});

// Cost

Deno.test("PresenceServer.watch() does no work for changes of another context", async () => {
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

Deno.test("PresenceServer.watch() filters once for viewers with equal rights", async () => {
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
  // One that is shared, and one for each viewer's own entries.
  assertEquals(reads.calls, 1 + readers.length);

  for (const reader of readers) await reader.read();
  using polls = countCalls(PresenceStore.prototype, "changesSince");
  server.receive(update({ subject: "bob", visibility: restricted("team") }));
  server.receive(update({ subject: "carol", visibility: "private" }));
  const [batch, ...same] = await all();
  for (const other of same) assertStrictEquals(other, batch);
  assertEquals(batch && lineOf(batch), "changes published bob");
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

Deno.test("PresenceServer.watch() shares a batch with watchers that read it later", async () => {
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

Deno.test("PresenceServer.watch() filters separately only for the subject of a change", async () => {
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
  assertEquals(
    alice && lineOf(alice),
    "changes published alice, published dave",
  );
  assertEquals(bob && lineOf(bob), "changes published dave");
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

Deno.test("PresenceServer.watch() holds only a position for a reader that stops", async () => {
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
  // A pending wait sees the first change, and nothing after that.
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

Deno.test("PresenceServer.watch() with an aborted signal yields nothing", async () => {
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

  Deno.test(`PresenceServer.watch() that nobody reads ends by ${how} and frees everything`, async () => {
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

  Deno.test(`PresenceServer.watch() with a pending change ends by ${how}`, async () => {
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

Deno.test("PresenceServer.watch() that ended costs the others nothing", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const readers = Array.from(
    { length: 20 },
    () => new Reader(server.watch({ context: "doc-1" })),
  );
  for (const reader of readers) await reader.read();
  for (const { watch } of readers.slice(1)) await watch.return?.();
  // A woken watcher no longer waits.
  using calledBack = countCalls(Feed.prototype, "unpark");
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

Deno.test("PresenceServer.watch() adds no listener to a shared signal", async () => {
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
  // Adding a listener to a signal visits all of its listeners.
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
  assertEquals(lineOf((await calls[1])!.value!), "changes published alice");
  assertFalse(await settles(calls[2]!));
  const ended = watch.return?.();
  assertEquals((await calls[2])?.done, true);
  assertEquals((await ended)?.done, true);
});

Deno.test("PresenceServer.watch() that ended does not start again", async () => {
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
