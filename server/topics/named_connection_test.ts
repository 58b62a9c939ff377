import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { joinCluster, MemoryBackbone } from "../cluster/mod.ts";
import { InvalidValueError } from "../../core/mod.ts";
import { PresenceServer } from "../mod.ts";
import { syncDiff, syncState, type TopicModel, TopicPresence } from "./mod.ts";
import {
  Client,
  EventReader,
  flush,
  topics,
  update,
} from "./testing/harness.ts";

const TAB = { connection: "tab-1" };

Deno.test("TopicPresence.track() of a present connection replaces it, without an event for an equal meta", async () => {
  using t = topics();
  const client = new Client(t.presence, "room");
  const first = t.presence.track("room", "ada", { page: 1 }, TAB);
  assertEquals(first.connection, "tab-1");
  await client.read();
  const events = new EventReader(t.presence, "room");

  t.presence.track("room", "ada", { page: 1 }, TAB);
  assertEquals(t.presence.connectionCount("room", "ada"), 1);
  assertEquals(await client.read(), []);
  assertEquals(await events.read(), []);

  t.presence.track("room", "ada", { page: 2 }, TAB);
  assertEquals(t.presence.list("room"), [{ key: "ada", metas: [{ page: 2 }] }]);
  assertEquals(await events.read(), [
    '{"type":"update","key":"ada","meta":{"page":2}}',
  ]);
  await client.read();
  assertEquals(client.list(), [{ key: "ada", metas: [{ page: 2 }] }]);
});

Deno.test("the former handle of a connection is over", () => {
  using t = topics();
  const former = t.presence.track("room", "ada", 1, TAB);
  const latest = t.presence.track("room", "ada", 2, TAB);
  assertFalse(former.isPresent);
  assertFalse(former.refresh());
  assertFalse(former.update(3));
  former[Symbol.dispose]();
  assertEquals(t.presence.get("room", "ada")?.metas, [2]);
  assert(latest.isPresent);
  assert(latest.refresh());
  assert(latest.update(4));
  latest[Symbol.dispose]();
  assertEquals(t.presence.list("room"), []);
});

Deno.test("the former entry of a connection is gone", () => {
  using t = topics({ facets: () => ({}) });
  const { connection } = t.presence.track("room", "ada", 1, TAB);
  t.server.receive(update({
    resource: connection,
    origin: "topics",
    facets: { activity: "editing" },
  }));
  const latest = t.presence.track("room", "ada", 1, TAB);
  assert(latest.isPresent);
  const [entry] = t.server.store.snapshots({ context: "room" });
  assertEquals(Object.keys(entry?.facets ?? {}).toSorted(), ["meta", "visit"]);
});

Deno.test("an entry that the application publishes under the name of a connection stays", () => {
  using t = topics();
  t.server.receive(update({ resource: "tab-1", origin: "backend" }));
  t.presence.track("room", "ada", 1, TAB);
  const origins = t.server.store.snapshots({ context: "room" })
    .map(({ origin }) => origin);
  assertEquals(origins.toSorted(), ["backend", "topics"]);
});

Deno.test("connections of one name are apart in each topic and for each key", () => {
  using t = topics();
  const handles = [["room", "ada"], ["room", "bob"], ["desk", "ada"]] as const;
  for (const [topic, key] of handles) t.presence.track(topic, key, 1, TAB);
  t.presence.track("room", "ada", 2, { connection: "tab-2" });
  assertEquals(t.presence.list("room"), [
    { key: "ada", metas: [1, 2] },
    { key: "bob", metas: [1] },
  ]);
  assertEquals(t.presence.countPresences("desk"), 1);
});

/** The lost stream of a page, and the stream of the reloaded page. */
const STREAMS = [
  { ...TAB, ttlMs: Infinity, origin: "stream-1" },
  { ...TAB, ttlMs: Infinity, origin: "stream-2" },
] as const;

for (const isLost of [false, true]) {
  const when = isLost ? "after the other is lost" : "before the other is lost";
  Deno.test(`a tab that returns on another stream ${when} does not join again`, async () => {
    using t = topics();
    const events = new EventReader(t.presence, "room");
    t.presence.track("room", "bob", 1, { connection: "tab-1" });
    t.presence.track("room", "ada", 1, STREAMS[0]);
    assertEquals((await events.read()).length, 2);
    if (isLost) t.server.disconnect("stream-1");
    t.presence.track("room", "ada", 1, STREAMS[1]);
    assertEquals(await events.read(), []);

    if (isLost) t.server.disconnect("stream-2");
    t.presence.track("room", "ada", 2, STREAMS[0])[Symbol.dispose]();
    assertEquals(await events.read(), [
      '{"type":"update","key":"ada","meta":2}',
      '{"type":"leave","key":"ada"}',
    ]);
  });
}

Deno.test("a tab that returns on another stream does not join again for a slow reader", async () => {
  using t = topics({}, { retention: 0 });
  t.presence.track("room", "ada", 1, STREAMS[0]);
  const events = new EventReader(t.presence, "room");
  t.presence.track("room", "ada", 2, STREAMS[1]);
  t.presence.track("room", "ada", 1, { connection: "tab-2" });
  assertEquals(await events.read(), [
    '{"type":"update","key":"ada","meta":2}',
    '{"type":"join","key":"ada","meta":1}',
  ]);
});

Deno.test("channels receive no second join of a tab that returns", async () => {
  const told: string[] = [];
  const publish = (_: string, text: string) => void told.push(text);
  const channels = { publish, subscribe: () => unused() };
  using t = topics({ channels });
  t.presence.track("room", "ada", 1, STREAMS[0]);
  t.presence.track("room", "ada", 1, STREAMS[1]);
  t.presence.track("room", "ada", 2, STREAMS[0]);
  await flush();
  assertEquals(told, [
    '{"type":"join","key":"ada","meta":1}',
    '{"type":"update","key":"ada","meta":2}',
  ]);
});

function unused(): never {
  throw new Error("nobody subscribes");
}

Deno.test("a tab whose stream is lost late stays one tab after a reload and never leaves", async () => {
  using time = new FakeTime(0);
  using t = topics();
  const settings = { ...TAB, ttlMs: Infinity };
  t.presence.track("room", "ada", 1, { ...settings, origin: "stream-1" });
  const gone: string[] = [];
  const mirror = new Map();
  const watch = t.presence.watch("room");
  const { value: state } = await watch.next();
  if (state?.type === "state") syncState(mirror, state.state);
  const events = new EventReader(t.presence, "room");

  t.presence.track("room", "ada", 1, { ...settings, origin: "stream-2" });
  assertEquals(t.presence.connectionCount("room", "ada"), 1);
  const { value: diff } = await watch.next();
  assert(diff?.type === "diff");
  syncDiff(mirror, diff.diff, {
    onLeave: (key, { metas }) => void (metas.length === 0 && gone.push(key)),
  });
  assertEquals(mirror.get("ada")?.metas.length, 1);
  assertEquals(gone, []);

  t.server.disconnect("stream-1");
  time.tick(60_000);
  assertEquals(t.presence.connectionCount("room", "ada"), 1);
  const told = (await events.read()).filter((event) => /leave/.test(event));
  assertEquals(told, []);
  await watch.return?.();
});

Deno.test("a tab that returns at another node is the same tab", async () => {
  const backbone = new MemoryBackbone();
  using one = new PresenceServer<TopicModel>();
  using other = new PresenceServer<TopicModel>();
  await using a = joinCluster(one, backbone);
  await using b = joinCluster(other, backbone);
  for (const cluster of [a, b]) {
    for await (const status of cluster.watchStatus()) {
      if (status === "connected") break;
    }
  }
  const here = new TopicPresence(one);
  const there = new TopicPresence(other);
  const events = new EventReader(here, "room");
  const former = here.track("room", "ada", { page: 1 }, TAB);
  await flush();
  assertEquals(await events.read(), [
    '{"type":"join","key":"ada","meta":{"page":1}}',
  ]);

  there.track("room", "ada", { page: 2 }, TAB);
  const told: string[] = [];
  while (told.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    told.push(...await events.read());
  }
  assertEquals(told, ['{"type":"update","key":"ada","meta":{"page":2}}']);
  assertFalse(former.isPresent);
  former[Symbol.dispose]();
  assertEquals(here.get("room", "ada")?.metas, [{ page: 2 }]);
});

Deno.test("TopicPresence.track() refuses a connection without a name", () => {
  using t = topics();
  for (const connection of ["", "\ud800"]) {
    assertThrows(
      () => t.presence.track("room", "ada", 1, { connection }),
      InvalidValueError,
      "Cannot track connection: connection must be a well-formed string that is not empty",
    );
  }
  assertEquals(t.presence.list("room"), []);
});
