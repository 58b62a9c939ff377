import { assert, assertEquals, assertFalse } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { restricted } from "../../core/mod.ts";
import { PresenceStore } from "../../store/mod.ts";
import { Feed } from "./feed.ts";
import { PresenceServer, PUBLIC_VIEWER, type Viewer } from "../mod.ts";
import {
  countCalls,
  countedSignal,
  flush,
  keyOf,
  Reader,
  update,
} from "../testing/harness.ts";

Deno.test("PresenceServer.watchCount() yields the count at once", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  server.receive(update({ resource: "phone" }));
  server.receive(update({ context: "other" }));
  const reader = new Reader(server.watchCount({ context: "doc-1" }));
  assertEquals(await reader.read(), [{ subjects: 1, entries: 2 }]);
});

Deno.test("PresenceServer.watchCount() yields at most once a second, and the last count too", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const reader = new Reader(server.watchCount({ context: "doc-1" }));
  assertEquals(await reader.read(), [{ subjects: 0, entries: 0 }]);

  for (let n = 1; n <= 25; n++) {
    server.receive(update({ subject: n }));
    await reader.read();
    time.tick(100);
    await reader.read();
  }
  assertEquals(reader.values.map(({ subjects }) => subjects), [0, 10, 20]);
  time.tick(500);
  assertEquals(await reader.read(), [{ subjects: 25, entries: 25 }]);
  time.tick(10_000);
  assertEquals(await reader.read(), []);
  assertFalse(time.next(), "no timer is armed while nothing happens");
});

Deno.test("PresenceServer.watchCount() yields at once after a quiet period", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const reader = new Reader(server.watchCount({ context: "doc-1" }));
  await reader.read();
  time.tick(1_000);
  await reader.read();
  server.receive(update());
  assertEquals(await reader.read(), [{ subjects: 1, entries: 1 }]);
});

Deno.test("PresenceServer.watchCount() does not yield an unchanged count", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const reader = new Reader(server.watchCount({ context: "doc-1" }));
  await reader.read();
  server.receive(update());
  server.withdraw(keyOf());
  server.receive(update({ context: "other" }));
  time.tick(5_000);
  assertEquals(await reader.read(), []);
});

Deno.test("PresenceServer.watchCount() counts at most once a second, whatever changes", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  const reader = new Reader(
    server.watchCount({ context: "doc-1", viewer: PUBLIC_VIEWER }),
  );
  await reader.read();
  using counts = countCalls(PresenceStore.prototype, "count");
  for (let n = 0; n < 300; n++) {
    server.receive(update({ facets: { activity: { custom: n } } }));
    time.tick(10);
    await reader.read();
  }
  assert(counts.calls <= 3, `${counts.calls} counts in three seconds`);
  assertEquals(reader.values.length, 1);
});

Deno.test("PresenceServer.watchCount() counts only visible entries", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  server.receive(update({ subject: "bob", visibility: restricted("team") }));
  server.receive(update({ subject: "carol", visibility: "private" }));
  const count = async (viewer?: Viewer) => {
    const reader = new Reader(server.watchCount({ context: "doc-1", viewer }));
    return (await reader.read())[0]?.subjects;
  };
  assertEquals(await count(), 3);
  assertEquals(await count({ restricted: "all", private: true }), 3);
  assertEquals(await count(PUBLIC_VIEWER), 1);
  assertEquals(await count({ restricted: ["team"], private: false }), 2);
  assertEquals(await count({ ...PUBLIC_VIEWER, subject: "carol" }), 2);

  const reader = new Reader(
    server.watchCount({ context: "doc-1", viewer: PUBLIC_VIEWER }),
  );
  await reader.read();
  server.receive(update({ visibility: "private" }));
  time.tick(1_000);
  assertEquals(await reader.read(), [{ subjects: 0, entries: 0 }]);
});

Deno.test("PresenceServer.watchCount() frees everything when it ends, waiting or pausing", async () => {
  for (const tick of [0, 5_000]) {
    using time = new FakeTime(0);
    using server = new PresenceServer();
    const counted = countedSignal();
    const { signal } = counted;
    const reader = new Reader(server.watchCount({ context: "doc-1", signal }));
    await reader.read();
    time.tick(tick);
    await flush();
    counted.controller.abort();
    await reader.read();
    assert(reader.done);
    assertEquals(counted.listeners, 0);
    assertFalse(time.next());
    using wakes = countCalls(Feed.prototype, "wake");
    server.receive(update());
    assertEquals(wakes.calls, 0);
  }
});
