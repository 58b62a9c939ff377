import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { InvalidValueError } from "../../core/mod.ts";
import { PresenceServer } from "../mod.ts";
import { type TopicModel, TopicPresence } from "./mod.ts";
import { SetClock, STEPS } from "../testing/harness.ts";
import { EventReader, topics } from "./testing/harness.ts";

Deno.test("a connection without a refresh leaves after 30 s", async () => {
  using time = new FakeTime(0);
  using t = topics();
  const events = new EventReader(t.presence, "room");
  t.presence.track("room", "ada", 1);
  time.tick(29_999);
  assert(t.presence.isPresent("room", "ada"));
  assertEquals(await events.read(), ['{"type":"join","key":"ada","meta":1}']);

  time.tick(1);
  assertFalse(t.presence.isPresent("room", "ada"));
  assertEquals(await events.read(), ['{"type":"leave","key":"ada"}']);
  assertFalse(time.next(), "no timer is left");
});

Deno.test("TopicPresence shows nobody past the deadline, however late the timer", () => {
  let now = 0;
  using t = topics({ ttlMs: 100 }, { clock: () => now });
  t.presence.track("room", "ada", 1);
  now = 100;
  assertEquals(t.presence.list("room"), []);
  assertEquals(t.presence.countPresences("room"), 0);
});

Deno.test("the time to live comes from the topics or the connection", () => {
  using time = new FakeTime(0);
  using t = topics({ ttlMs: 1_000 });
  t.presence.track("room", "ada", 1);
  t.presence.track("room", "bob", 1, { ttlMs: 5_000 });
  t.presence.track("room", "cyd", 1, { ttlMs: Infinity });
  const keys = () => t.presence.list("room").map(({ key }) => key);
  time.tick(1_000);
  assertEquals(keys(), ["bob", "cyd"]);
  time.tick(4_000);
  assertEquals(keys(), ["cyd"]);
  time.tick(1e10);
  assertEquals(keys(), ["cyd"]);
  assertFalse(time.next(), "what lives for ever needs no timer");
});

Deno.test("a time to live of zero or less is refused, and nobody is tracked", () => {
  using server = new PresenceServer<TopicModel>();
  for (const ttlMs of [0, -1, NaN, -Infinity]) {
    assertThrows(
      () => new TopicPresence(server, { ttlMs }),
      InvalidValueError,
      "Cannot create topics: ttlMs must be a number above 0",
    );
    assertThrows(
      () => new TopicPresence(server).track("room", "ada", 1, { ttlMs }),
      InvalidValueError,
      "Cannot track connection: ttlMs must be a number above 0",
    );
  }
  assertEquals(server.lastSequence, 0);
});

Deno.test("PresenceHandle.refresh() extends the time to live without an event", async () => {
  using time = new FakeTime(0);
  using t = topics();
  const events = new EventReader(t.presence, "room");
  const handle = t.presence.track("room", "ada", 1);
  await events.read();
  for (let n = 0; n < 5; n++) {
    time.tick(29_999);
    assertEquals(handle.refresh(), true);
  }
  assertEquals(await events.read(), []);
  assertEquals(t.server.lastSequence, 1);
  time.tick(30_000);
  assertEquals(await events.read(), ['{"type":"leave","key":"ada"}']);
});

Deno.test("PresenceHandle.update() extends the time to live", () => {
  using time = new FakeTime(0);
  using t = topics();
  const handle = t.presence.track("room", "ada", 1);
  time.tick(20_000);
  handle.update(2);
  time.tick(20_000);
  handle.update(2);
  time.tick(29_999);
  assertEquals(t.presence.get("room", "ada")?.metas, [2]);
  time.tick(1);
  assertFalse(t.presence.isPresent("room", "ada"));
});

Deno.test("PresenceHandle does not bring back a connection that has expired", async () => {
  using time = new FakeTime(0);
  using t = topics();
  const handle = t.presence.track("room", "ada", 1);
  time.tick(30_000);
  const events = new EventReader(t.presence, "room");
  assertEquals(handle.refresh(), false);
  assertEquals(handle.update(2), false);
  handle[Symbol.dispose]();
  assertEquals(handle.refresh(), false);
  assertEquals(t.presence.list("room"), []);
  assertEquals(await events.read(), []);
});

Deno.test("PresenceHandle does not bring back a connection that is due but not yet swept", () => {
  let now = 0;
  using t = topics({}, { clock: () => now });
  const refreshed = t.presence.track("room", "ada", 1);
  const updated = t.presence.track("room", "bob", 1);
  now = 30_000;
  assertEquals(refreshed.refresh(), false);
  assertEquals(updated.update(2), false);
  assertEquals(t.presence.countPresences("room"), 0);
});

Deno.test("PresenceHandle leaves when it is disposed of, and later calls do nothing", async () => {
  using t = topics();
  const events = new EventReader(t.presence, "room");
  const handle = t.presence.track("room", "ada", 1);
  await events.read();
  handle[Symbol.dispose]();
  assertFalse(t.presence.isPresent("room", "ada"));
  handle[Symbol.dispose]();
  assertEquals(await events.read(), ['{"type":"leave","key":"ada"}']);
  assertEquals(handle.refresh(), false);
  assertEquals(handle.update(2), false);
  assertEquals(t.server.lastSequence, 2);
});

Deno.test("PresenceHandle does not remove a newer connection of its key", () => {
  using t = topics();
  const former = t.presence.track("room", "ada", "former");
  former[Symbol.dispose]();
  t.presence.track("room", "ada", "new");
  former[Symbol.dispose]();
  assertEquals(former.update("former"), false);
  assertEquals(t.presence.list("room"), [{ key: "ada", metas: ["new"] }]);
});

Deno.test("PresenceHandle does nothing and throws nothing once the server is disposed of", () => {
  using t = topics();
  const handle = t.presence.track("room", "ada", 1);
  t.server[Symbol.dispose]();
  assertEquals(handle.refresh(), false);
  assertEquals(handle.update(2), false);
  handle[Symbol.dispose]();
  handle[Symbol.dispose]();
  assertEquals(t.server.lastSequence, 1);
});

Deno.test("TopicPresence.sweepExpired() removes what is due and returns how many", async () => {
  let now = 0;
  using t = topics({ ttlMs: 100 }, { clock: () => now });
  const events = new EventReader(t.presence, "room");
  t.presence.track("room", "ada", 1);
  t.presence.track("room", "bob", 1, { ttlMs: 150 });
  t.presence.track("another", "cyd", 1);
  await events.read();
  now = 99;
  assertEquals(t.presence.sweepExpired(), 0);
  now = 100;
  assertEquals(t.presence.sweepExpired(), 2);
  assertEquals(t.presence.sweepExpired(), 0);
  assertEquals(await events.read(), ['{"type":"leave","key":"ada"}']);
});

Deno.test("a connection whose origin is lost stays for the grace, and a refresh keeps it", () => {
  using time = new FakeTime(0);
  using t = topics({ ttlMs: Infinity }, { graceMs: 10_000 });
  const saved = t.presence.track("room", "ada", 1, { origin: "a" });
  const lost = t.presence.track("room", "bob", 1, { origin: "b" });
  t.server.disconnect("a");
  t.server.disconnect("b");
  time.tick(9_999);
  assertEquals(saved.refresh(), true);
  time.tick(1);
  assertEquals(lost.refresh(), false);
  assertEquals(t.presence.list("room"), [{ key: "ada", metas: [1] }]);
});

Deno.test("a refresh at the deadline revives nothing, even if the clock advances meanwhile", () => {
  for (let start = 80; start < 120; start++) {
    let now = 0;
    using t = topics({ ttlMs: 100 }, { clock: () => now++ });
    const handle = t.presence.track("room", "ada", { name: "Ada" });
    now = start;
    const isThere = handle.refresh();
    assertEquals(isThere, start < 100);
    assertEquals(
      t.presence.list("room"),
      isThere ? [{ key: "ada", metas: [{ name: "Ada" }] }] : [],
    );
  }
});

for (const step of STEPS) {
  const when = `when the clock is set by ${step / 1_000} s`;

  Deno.test(`a connection of 5 s leaves after 5 s ${when}`, () => {
    using time = new FakeTime(10_000_000);
    const wall = new SetClock();
    using t = topics({ ttlMs: 5_000 }, { ...wall });
    t.presence.track("room", "ada", 1);
    time.tick(1_000);
    wall.ahead = step;
    t.presence.track("room", "bob", 1);
    const keys = () => t.presence.list("room").map(({ key }) => key);
    time.tick(3_999);
    assertEquals(keys(), ["ada", "bob"]);
    time.tick(1);
    assertEquals(keys(), ["bob"]);
    time.tick(1_000);
    assertEquals(keys(), []);
  });

  Deno.test(`a connection that is refreshed every 10 s stays ${when}`, () => {
    using time = new FakeTime(10_000_000);
    const wall = new SetClock();
    using t = topics({}, { ...wall });
    const ada = t.presence.track("room", "ada", 1);
    for (let beat = 0; beat < 5; beat++) {
      if (beat === 2) wall.ahead = step;
      time.tick(10_000);
      assert(ada.refresh());
    }
    t.presence.track("room", "ada", 2);
    assertEquals(t.presence.get("room", "ada")?.metas, [1, 2]);
    time.tick(30_000);
    assertFalse(ada.isPresent);
    assertFalse(ada.refresh());
  });
}
