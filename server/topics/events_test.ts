import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  EventReader,
  flush,
  settles,
  topics,
  update,
} from "./testing/harness.ts";

const join = (key: string, meta: string) =>
  `{"type":"join","key":"${key}","meta":${meta}}`;
const updated = (key: string, meta: string) =>
  `{"type":"update","key":"${key}","meta":${meta}}`;
const leave = (key: string) => `{"type":"leave","key":"${key}"}`;

Deno.test("TopicPresence.events() are exactly this, as JSON", async () => {
  using t = topics();
  const events = new EventReader(t.presence, "room");
  const handle = t.presence.track("room", "ada", { device: "laptop", n: [1] });
  handle.update(null);
  handle[Symbol.dispose]();
  assertEquals(await events.read(), [
    '{"type":"join","key":"ada","meta":{"device":"laptop","n":[1]}}',
    '{"type":"update","key":"ada","meta":null}',
    '{"type":"leave","key":"ada"}',
  ]);
});

Deno.test("TopicPresence.events() yields a leave when the last connection of a key leaves, not before", async () => {
  using time = new FakeTime(0);
  using t = topics();
  const events = new EventReader(t.presence, "room");
  const first = t.presence.track("room", "ada", 1);
  const second = t.presence.track("room", "ada", 2);
  const third = t.presence.track("room", "ada", 3, { ttlMs: 60_000 });
  assertEquals(await events.read(), [
    join("ada", "1"),
    join("ada", "2"),
    join("ada", "3"),
  ]);
  first[Symbol.dispose]();
  assertEquals(await events.read(), []);
  time.tick(30_000);
  assertEquals(second.refresh(), false);
  assertEquals(await events.read(), []);
  third[Symbol.dispose]();
  assertEquals(await events.read(), [leave("ada")]);
});

Deno.test("TopicPresence.events() yields all events of one turn, in order", async () => {
  using t = topics();
  const events = new EventReader(t.presence, "room");
  assertEquals(await events.read(), []);
  {
    using ada = t.presence.track("room", "ada", 1);
    using _bob = t.presence.track("room", "bob", 1);
    ada.update(2);
    ada.update(3);
    t.presence.track("room", "ada", 4)[Symbol.dispose]();
  }
  t.presence.track("room", "ada", 5);
  assertEquals(await events.read(), [
    join("ada", "1"),
    join("bob", "1"),
    updated("ada", "2"),
    updated("ada", "3"),
    join("ada", "4"),
    leave("bob"),
    leave("ada"),
    join("ada", "5"),
  ]);
});

Deno.test("TopicPresence.events() begins with the call, not with the first read", async () => {
  using t = topics();
  t.presence.track("room", "ada", "before");
  const events = new EventReader(t.presence, "room");
  t.presence.track("room", "bob", "after");
  await flush();
  assertEquals(await events.read(), [join("bob", '"after"')]);
});

Deno.test("TopicPresence.events() yields events of its topic alone", async () => {
  using t = topics();
  const events = new EventReader(t.presence, "room");
  const elsewhere = t.presence.track("another", "ada", 1);
  elsewhere.update(2);
  elsewhere[Symbol.dispose]();
  assertEquals(await events.read(), []);
});

Deno.test("TopicPresence.events() yields nothing for an equal meta or a refresh", async () => {
  using t = topics();
  const events = new EventReader(t.presence, "room");
  const handle = t.presence.track("room", "ada", { a: 1, b: [2] });
  await events.read();
  handle.update({ b: [2], a: 1 });
  handle.refresh();
  assertEquals(await events.read(), []);
  handle.update({ a: 1, b: ["2"] });
  assertEquals(await events.read(), [updated("ada", '{"a":1,"b":["2"]}')]);
});

Deno.test("TopicPresence.events() yields the differences after a gap", async () => {
  using t = topics({}, { retention: 2 });
  const ada = t.presence.track("room", "ada", 1);
  const bob = t.presence.track("room", "bob", 1);
  const tab = t.presence.track("room", "cyd", "tab");
  t.presence.track("room", "cyd", "phone");
  t.presence.track("room", "dan", "as he was");
  const events = new EventReader(t.presence, "room");
  ada[Symbol.dispose]();
  bob.update(2);
  bob.update(3);
  tab[Symbol.dispose]();
  const eve = t.presence.track("room", "eve", 1);
  t.presence.track("room", "fay", 1)[Symbol.dispose]();
  const told = await events.read();
  assertEquals(told.toSorted(), [
    join("eve", "1"),
    leave("ada"),
    updated("bob", "3"),
  ]);
  eve[Symbol.dispose]();
  assertEquals(await events.read(), [leave("eve")]);
});

Deno.test("TopicPresence.events() yields the differences once after a gap in a topic of thousands", async () => {
  using t = topics({}, { retention: 1 });
  for (let n = 0; n < 2_500; n++) t.presence.track("room", `key ${n}`, n);
  const events = new EventReader(t.presence, "room");
  const ada = t.presence.track("room", "ada", 1);
  ada.update(2);
  t.presence.track("another", "bob", 1);
  assertEquals(await events.read(), [join("ada", "2")]);
});

Deno.test("TopicPresence.events() yields a join and no leave for a return within the grace", async () => {
  using time = new FakeTime(0);
  using t = topics({ ttlMs: Infinity }, { graceMs: 10_000 });
  const events = new EventReader(t.presence, "room");
  t.presence.track("room", "ada", 1, { origin: "socket/1" });
  await events.read();
  t.server.disconnect("socket/1");
  time.tick(5_000);
  t.presence.track("room", "ada", 2, { origin: "socket/2" });
  assertEquals(await events.read(), [join("ada", "2")]);
  time.tick(60_000);
  assertEquals(await events.read(), []);
  assertEquals(t.presence.list("room"), [{ key: "ada", metas: [2] }]);
});

Deno.test("TopicPresence.events() yields a leave and a join for a return after the grace", async () => {
  using time = new FakeTime(0);
  using t = topics({ ttlMs: Infinity }, { graceMs: 10_000 });
  const events = new EventReader(t.presence, "room");
  t.presence.track("room", "ada", 1, { origin: "socket/1" });
  t.server.disconnect("socket/1");
  time.tick(10_000);
  t.presence.track("room", "ada", 2, { origin: "socket/2" });
  assertEquals(await events.read(), [
    join("ada", "1"),
    leave("ada"),
    join("ada", "2"),
  ]);
});

Deno.test("TopicPresence.events() yields events of other faces", async () => {
  using t = topics();
  const events = new EventReader(t.presence, "room");
  t.server.receive(update({ facets: { activity: "editing" } }));
  t.server.receive(update({ facets: { availability: "busy" } }));
  t.server.receive(update({ facets: { lastSeen: 5 } }));
  t.server.withdrawOrigin("elsewhere");
  assertEquals(await events.read(), [
    join("ada", '{"activity":"editing"}'),
    updated("ada", '{"activity":"editing","availability":"busy"}'),
    leave("ada"),
  ]);
});

Deno.test("TopicPresence.events() ends when it is returned from, whatever event is next", async () => {
  using t = topics();
  const events = t.presence.events("room");
  t.presence.track("room", "ada", 1);
  t.presence.track("room", "bob", 1);
  assertEquals((await events.next()).value?.key, "ada");
  assertEquals(await events.return?.(), { done: true, value: undefined });
  assertEquals(await events.next(), { done: true, value: undefined });
});

Deno.test("TopicPresence.events() ends while it waits: when returned from, aborted, or the server is disposed of", async () => {
  using t = topics();
  const controller = new AbortController();
  const returned = t.presence.events("room");
  const aborted = t.presence.events("room", { signal: controller.signal });
  const disposed = t.presence.events("room");
  const waits = [returned, aborted, disposed].map((events) => events.next());
  for (const wait of waits) assertEquals(await settles(wait), false);

  await returned[Symbol.asyncDispose]();
  controller.abort();
  t.server[Symbol.dispose]();
  for (const wait of waits) {
    assert(await settles(wait));
    assertEquals(await wait, { done: true, value: undefined });
  }
});

Deno.test("TopicPresence.events() yields nothing more once aborted, or once the server is disposed of", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  for (const end of ["dispose", "abort"]) {
    using t = topics();
    const events = t.presence.events("room", { signal });
    t.presence.track("room", "ada", 1);
    t.presence.track("room", "bob", 1);
    await events.next();
    if (end === "abort") controller.abort();
    else t.server[Symbol.dispose]();
    assertEquals(await events.next(), { done: true, value: undefined });
    assertEquals(
      (await t.presence.events("room", { signal }).next()).done,
      true,
    );
  }
});

Deno.test("TopicPresence.events() answers calls of next() in their order, and loses nothing", async () => {
  using t = topics();
  const events = t.presence.events("room");
  const calls = [events.next(), events.next(), events.next()];
  t.presence.track("room", "ada", 1);
  t.presence.track("room", "bob", 1);
  calls.push(events.next());
  await flush();
  t.presence.track("room", "cyd", 1);
  t.presence.track("room", "dan", 1);
  t.presence.track("room", "eve", 1);
  calls.push(events.next());
  const told = await Promise.all(calls);
  assertEquals(
    told.map(({ value }) => value?.key),
    ["ada", "bob", "cyd", "dan", "eve"],
  );
});
