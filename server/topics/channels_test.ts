import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { restricted } from "../../core/mod.ts";
import { type Channels, InProcessChannels, TopicPresence } from "./mod.ts";
import { flush, settles, topics } from "./testing/harness.ts";

/** Reads without waiting. */
async function take(texts: AsyncIterator<string, void>, count: number) {
  const taken: unknown[] = [];
  for (let n = 0; n < count; n++) taken.push((await texts.next()).value);
  return taken;
}

Deno.test("TopicPresence publishes the events of each topic as text on a channel of its own", async () => {
  const channels = new InProcessChannels();
  const room = channels.subscribe("presence:room");
  const other = channels.subscribe("presence:a:b");
  using t = topics({ channels });
  const handle = t.presence.track("room", "ada", { device: "laptop" });
  handle.update([1, null]);
  t.presence.track("a:b", "bob", null);
  handle[Symbol.dispose]();
  assertEquals(await take(room, 3), [
    '{"type":"join","key":"ada","meta":{"device":"laptop"}}',
    '{"type":"update","key":"ada","meta":[1,null]}',
    '{"type":"leave","key":"ada"}',
  ]);
  assertEquals(await take(other, 1), [
    '{"type":"join","key":"bob","meta":null}',
  ]);
  assertEquals(await settles(room.next()), false, "and nothing more");
});

Deno.test("TopicPresence publishes events since its creation, hidden or not", async () => {
  using time = new FakeTime(0);
  const channels = new InProcessChannels();
  const room = channels.subscribe("presence:room");
  using t = topics();
  t.presence.track("room", "ada", 1, { ttlMs: Infinity });
  const presence = new TopicPresence(t.server, { channels });
  presence.track("room", "bob", 1, { visibility: restricted("staff") });
  presence.track("room", "bob", 2, { ttlMs: 40_000, visibility: "private" });
  assertEquals(await take(room, 2), [
    '{"type":"join","key":"bob","meta":1}',
    '{"type":"join","key":"bob","meta":2}',
  ]);
  const leave = room.next();
  time.tick(30_000);
  assertEquals(await settles(leave), false, "one of two is no leave");
  time.tick(10_000);
  assertEquals((await leave).value, '{"type":"leave","key":"bob"}');
});

Deno.test("TopicPresence reports to the console by default", async () => {
  const { error } = console;
  const reported: unknown[] = [];
  console.error = (problem) => reported.push(problem);
  try {
    const problem = new Error("down");
    const channels: Channels = {
      publish: () => Promise.reject(problem),
      subscribe: () => new InProcessChannels().subscribe(""),
    };
    using t = topics({ channels });
    t.presence.track("room", "ada", 1);
    await flush();
    assertEquals(reported, [problem]);
  } finally {
    console.error = error;
  }
});

Deno.test("TopicPresence publishes one event after the other", async () => {
  const started: string[] = [];
  let finish = () => {};
  const channels: Channels = {
    publish(_name, text) {
      started.push(text);
      return new Promise((resolve) => finish = resolve);
    },
    subscribe: () => new InProcessChannels().subscribe(""),
  };
  using t = topics({ channels });
  t.presence.track("room", "ada", 1);
  t.presence.track("room", "bob", 1);
  await flush();
  assertEquals(started.length, 1);
  finish();
  await flush();
  assertEquals(started, [
    '{"type":"join","key":"ada","meta":1}',
    '{"type":"join","key":"bob","meta":1}',
  ]);
});

Deno.test("a failed publish is reported and fails nothing else, and later events follow", async () => {
  using time = new FakeTime(0);
  const failures = [
    () => {
      throw new Error("throws");
    },
    () => Promise.reject(new Error("rejects")),
  ];
  for (const fail of failures) {
    const errors: unknown[] = [];
    const published: string[] = [];
    let isBroken = true;
    const channels: Channels = {
      publish(name, text) {
        if (isBroken) return fail();
        published.push(`${name} ${text}`);
      },
      subscribe: () => new InProcessChannels().subscribe(""),
    };
    using t = topics({ channels, onError: (error) => errors.push(error) });
    const handle = t.presence.track("room", "ada", 1);
    assertEquals(handle.update(2), true);
    await flush();
    t.presence.track("room", "bob", 1);
    time.tick(29_000);
    handle[Symbol.dispose]();
    time.tick(1_000);
    assertEquals(t.presence.sweepExpired(), 0, "the timer has swept");
    assertEquals(t.presence.list("room"), []);
    await flush();
    assertEquals(errors.length, 5);
    for (const error of errors) assert(error instanceof Error);

    isBroken = false;
    t.presence.track("room", "cyd", 1);
    await flush();
    assertEquals(published, [
      'presence:room {"type":"join","key":"cyd","meta":1}',
    ]);
    assertEquals(errors.length, 5);
  }
});

Deno.test("a publish that never ends delays only the channels", async () => {
  const channels: Channels = {
    publish: () => new Promise(() => {}),
    subscribe: () => new InProcessChannels().subscribe(""),
  };
  using t = topics({ channels });
  const events = t.presence.events("room");
  using _ada = t.presence.track("room", "ada", 1);
  await flush();
  t.presence.track("room", "bob", 1);
  assertEquals((await events.next()).value?.key, "ada");
  assertEquals((await events.next()).value?.key, "bob");
  assertEquals(t.presence.countPresences("room"), 2);
});

Deno.test("InProcessChannels deliver to every subscriber what is published from then on, in order", async () => {
  const channels = new InProcessChannels();
  channels.publish("news", "before");
  const first = channels.subscribe("news");
  channels.publish("news", "1");
  const second = channels.subscribe("news");
  const other = channels.subscribe("__proto__");
  channels.publish("news", "2");
  channels.publish("__proto__", "3");
  assertEquals(await take(first, 2), ["1", "2"]);
  assertEquals(await take(second, 1), ["2"]);
  assertEquals(await take(other, 1), ["3"]);

  const waits = [first, second].map((texts) => texts.next());
  channels.publish("news", "4");
  for (const wait of waits) {
    assertEquals(await wait, { done: false, value: "4" });
  }
});

Deno.test("InProcessChannels deliver nothing to a subscriber that has left, and continue for others", async () => {
  const channels = new InProcessChannels();
  const [gone, stays] = [channels.subscribe("a"), channels.subscribe("a")];
  channels.publish("a", "unread");
  const end = { done: true, value: undefined } as const;
  assertEquals(await gone.return?.(), end);
  assertEquals(await gone.return?.(), end);
  channels.publish("a", "later");
  assertEquals(await gone.next(), end);
  assertEquals(await take(stays, 2), ["unread", "later"]);

  await stays.return?.();
  const anew = channels.subscribe("a");
  await stays.return?.();
  channels.publish("a", "anew");
  assertEquals(await take(anew, 1), ["anew"]);
});

Deno.test("InProcessChannels end a wait when the subscriber leaves", async () => {
  const texts = new InProcessChannels().subscribe("a");
  const waits = [texts.next(), texts.next()];
  assertEquals(await settles(Promise.race(waits)), false);
  await texts.return?.();
  for (const wait of waits) {
    assertEquals(await wait, { done: true, value: undefined });
  }
});

Deno.test("InProcessChannels release a loop that breaks", async () => {
  const channels = new InProcessChannels();
  const texts = channels.subscribe("a");
  assertStrictEquals(texts[Symbol.asyncIterator](), texts);
  channels.publish("a", "1");
  channels.publish("a", "2");
  for await (const text of texts) {
    assertEquals(text, "1");
    break;
  }
  assertEquals((await texts.next()).done, true);
});

Deno.test("InProcessChannels hold the newest thousand texts for a slow reader", async () => {
  const channels = new InProcessChannels();
  const texts = channels.subscribe("a");
  for (let n = 1; n <= 1_002; n++) channels.publish("a", `${n}`);
  const expected = Array.from({ length: 1_000 }, (_, n) => `${n + 3}`);
  assertEquals(await take(texts, 1_000), expected);
  assertEquals(await settles(texts.next()), false);
});

Deno.test("InProcessChannels answer calls of next() in order", async () => {
  const channels = new InProcessChannels();
  const texts = channels.subscribe("a");
  const calls = [texts.next(), texts.next()];
  channels.publish("a", "1");
  calls.push(texts.next());
  channels.publish("a", "2");
  channels.publish("a", "3");
  channels.publish("a", "4");
  calls.push(texts.next());
  const told = await Promise.all(calls);
  assertEquals(told.map(({ value }) => value), ["1", "2", "3", "4"]);
});
