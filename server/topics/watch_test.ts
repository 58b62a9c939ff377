import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertNotEquals,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { OMNISCIENT_VIEWER, PUBLIC_VIEWER } from "../mod.ts";
import {
  stateJson,
  type TopicMessage,
  type TopicViewer,
  type WireState,
} from "./mod.ts";
import {
  Client,
  countedSignal,
  flush,
  settles,
  topics,
  update,
} from "./testing/harness.ts";

/** The refs of a message: what joins, what it replaces, what leaves. */
function refsOf(message: TopicMessage | undefined) {
  const metasOf = (state: WireState = {}) =>
    Object.values(state).flatMap(({ metas }) => metas);
  const { joins, leaves } = message?.type === "diff"
    ? message.diff
    : { joins: message?.state, leaves: {} };
  return {
    joins: metasOf(joins).map(({ phx_ref }) => phx_ref),
    replaced: metasOf(joins).map(({ phx_ref_prev }) => phx_ref_prev),
    leaves: metasOf(leaves).map(({ phx_ref }) => phx_ref),
  };
}

Deno.test("TopicPresence.watch() yields a state at once, then a diff for each batch", async () => {
  using t = topics();
  const ada = t.presence.track("room", "ada", { device: "laptop" });
  const client = new Client(t.presence, "room");
  const [state] = await client.read();
  const [ref = ""] = refsOf(state).joins;
  assertEquals(state, {
    type: "state",
    state: { ada: { metas: [{ phx_ref: ref, device: "laptop" }] } },
    position: { epoch: t.server.store.epoch, sequence: 1 },
  });

  ada[Symbol.dispose]();
  const [diff, ...more] = await client.read();
  assertEquals(diff, {
    type: "diff",
    diff: {
      joins: {},
      leaves: { ada: { metas: [{ phx_ref: ref, device: "laptop" }] } },
    },
    position: { epoch: t.server.store.epoch, sequence: 2 },
  });
  assertEquals(more, []);
});

Deno.test("TopicPresence.watch() of an empty topic yields a state", async () => {
  using t = topics();
  const client = new Client(t.presence, "room");
  const position = { epoch: t.server.store.epoch, sequence: 0 };
  assertEquals(await client.read(), [{ type: "state", state: {}, position }]);
});

Deno.test("TopicPresence.watch() yields an update as a join that replaces a leave", async () => {
  using t = topics();
  const ada = t.presence.track("room", "ada", { mood: "fine" });
  t.presence.track("room", "ada", { mood: "second" });
  const client = new Client(t.presence, "room");
  const [state] = await client.read();
  ada.update({ mood: "tired" });
  const [diff] = await client.read();
  const { joins, replaced, leaves } = refsOf(diff);
  assertEquals(replaced, [refsOf(state).joins[0]]);
  assertEquals(leaves, replaced);
  assertNotEquals(joins, replaced);
  assertEquals(client.list(), [
    { key: "ada", metas: [{ mood: "tired" }, { mood: "second" }] },
  ]);
});

Deno.test("TopicPresence.watch() yields one diff for all changes of one turn", async () => {
  using t = topics();
  const ada = t.presence.track("room", "ada", 1);
  const bob = t.presence.track("room", "bob", 1);
  const client = new Client(t.presence, "room");
  await client.read();
  ada.update(2);
  ada.update(3);
  bob[Symbol.dispose]();
  t.presence.track("room", "cyd", 1);
  t.presence.track("room", "dan", 1)[Symbol.dispose]();
  const messages = await client.read();
  assertEquals(messages.length, 1);
  const [diff] = messages;
  assert(diff?.type === "diff");
  assertEquals(Object.keys(diff.diff.joins), ["ada", "cyd"]);
  assertEquals(Object.keys(diff.diff.leaves), ["ada", "bob"]);
  assertEquals(client.list(), t.presence.list("room"));
});

Deno.test("TopicPresence.watch() yields nothing for changes that cancel out", async () => {
  using t = topics();
  const ada = t.presence.track("room", "ada", { a: 1, b: 2 });
  const client = new Client(t.presence, "room");
  await client.read();
  ada.refresh();
  ada.update({ b: 2, a: 1 });
  ada.update({ a: 2 });
  ada.update({ a: 1, b: 2 });
  t.presence.track("room", "bob", 1)[Symbol.dispose]();
  t.presence.track("another", "ada", 1);
  assertEquals(await client.read(), []);
});

Deno.test("TopicPresence.watch() yields one diff for a connection that is back within the grace", async () => {
  using time = new FakeTime(0);
  using t = topics({ ttlMs: Infinity });
  t.presence.track("room", "ada", 1, { origin: "socket/1" });
  t.presence.track("room", "ada", 2, { origin: "socket/1" });
  const client = new Client(t.presence, "room");
  await client.read();
  t.server.disconnect("socket/1");
  time.tick(5_000);
  assertEquals(await client.read(), []);
  t.presence.track("room", "ada", 3, { origin: "socket/2" });
  assertEquals((await client.read()).length, 1);
  assertEquals(client.list(), [{ key: "ada", metas: [3] }]);
});

Deno.test("TopicPresence.watch() yields one diff for each topic of an origin that is withdrawn", async () => {
  using t = topics();
  const clients = ["a", "b"].map((topic) => new Client(t.presence, topic));
  for (let n = 0; n < 100; n++) {
    t.presence.track("a", `key ${n}`, n, { origin: "gateway" });
    t.presence.track("b", `key ${n}`, n, { origin: "gateway" });
  }
  t.presence.track("a", "ada", 1);
  for (const client of clients) await client.read();
  t.server.withdrawOrigin("gateway");
  for (const client of clients) {
    const [diff, ...more] = await client.read();
    assertEquals(more, []);
    assertEquals(refsOf(diff).leaves.length, 100);
  }
  assertEquals(
    clients.map((client) => client.list()),
    [[{ key: "ada", metas: [1] }], []],
  );
});

Deno.test("TopicPresence.watch() gives readers with the same rights the same objects", async () => {
  using t = topics();
  const ada = t.presence.track("room", "ada", 1);
  const read = (client: Client) => client.read();
  const labels = { restricted: ["a", "b"], private: false };
  const clients = [
    { viewer: PUBLIC_VIEWER },
    { viewer: { restricted: [], private: false } },
    { viewer: { restricted: [], private: false, subject: "ada" } },
    { viewer: { restricted: [], private: false, subject: "bob" } },
    { viewer: labels },
    { viewer: { ...labels, restricted: ["b", "a"] } },
  ].map((options) => new Client(t.presence, "room", options));
  for (const change of [() => {}, () => ada.update(2), () => ada.update(3)]) {
    change();
    const messages = (await Promise.all(clients.map(read))).flat();
    assertEquals(messages.length, 6);
    const [a, , , , b] = messages;
    for (const message of messages.slice(0, 4)) assertStrictEquals(message, a);
    for (const message of messages.slice(4)) assertStrictEquals(message, b);
    assertNotStrictEquals(a, b);
    assertEquals(a, b);
  }
});

Deno.test("TopicPresence.watch() gives a late reader the state that the others have", async () => {
  using t = topics();
  const first = new Client(t.presence, "room");
  await first.read();
  t.presence.track("room", "ada", 1);
  await first.read();
  const late = new Client(t.presence, "room");
  t.presence.track("room", "bob", 1);
  await late.read();
  await first.read();
  assertEquals(
    late.list(),
    t.presence.list("room").map((entry) => ({
      key: entry.key,
      metas: [...entry.metas],
    })),
  );
  assertEquals(late.mirror, first.mirror);
});

Deno.test("TopicPresence.watch() begins with the present, and yields no earlier changes", async () => {
  using t = topics();
  const viewer = PUBLIC_VIEWER;
  const first = new Client(t.presence, "room", { viewer });
  const ada = t.presence.track("room", "ada", "a secret");
  const bob = t.presence.track("room", "bob", 1);
  const cyd = t.presence.track("room", "cyd", 1);
  await first.read();
  for (
    const change of [
      () => ada.update("no secret"),
      () => bob.update(1, { visibility: "private" }),
      () => cyd[Symbol.dispose](),
    ]
  ) {
    change();
    await first.read();
  }
  const late = new Client(t.presence, "room", { viewer });
  const messages = await late.read();
  assertEquals(messages.map(({ type }) => type), ["state"]);
  assertEquals(late.list(), [{ key: "ada", metas: ["no secret"] }]);
});

Deno.test("TopicPresence.watch() yields a state that does not change later", async () => {
  using t = topics();
  const ada = t.presence.track("room", "ada", 1);
  const { value } = await t.presence.watch("room").next();
  ada.update(2);
  t.presence.track("room", "bob", 1);
  await flush();
  assert(value?.type === "state");
  assertEquals(Object.keys(value.state), ["ada"]);
  assertStrictEquals(value.state, value.state);
  assertEquals(JSON.parse(stateJson(value)), value.state);
});

Deno.test("TopicPresence.positionOf() is the position of a state, even if the latest changes cancel out", async () => {
  using t = topics();
  const ada = t.presence.track("room", "ada", 1);
  for (let turn = 0; turn < 2; turn++) {
    const { value } = await t.presence.watch("room").next();
    assertEquals(value?.position.sequence, t.server.lastSequence);
    assertEquals(value?.position, t.presence.positionOf("room"));
    ada.update(2);
    ada.update(1);
    await flush();
  }
});

Deno.test("stateJson() writes again only the parts near a change", async () => {
  using t = topics();
  const viewer = { ...PUBLIC_VIEWER, subject: "late" };
  for (let n = 0; n < 2_000; n++) t.presence.track("room", `key ${n}`, n);
  const shares: number[] = [];
  for (const visibility of ["public", "private", "private"] as const) {
    const watch = t.presence.watch("room", { viewer });
    const { value } = await watch.next();
    assert(value?.type === "state");
    const { json, written } = spied(() => stateJson(value));
    assertStrictEquals(stateJson(value), json);
    shares.push(written / json.length);
    t.presence.track("room", "late", shares.length, { visibility });
    await flush();
  }
  const [first = 0, ...others] = shares;
  assertGreater(first, 0.9);
  for (const share of others) assertLess(share, 0.1);
});

/** Counts how much of a text `JSON.stringify` writes again. */
function spied(write: () => string): { json: string; written: number } {
  const { stringify } = JSON;
  let written = 0;
  JSON.stringify = (value: unknown): string => {
    const text = stringify(value);
    written += text.length;
    return text;
  };
  try {
    const json = write();
    return { json, written };
  } finally {
    JSON.stringify = stringify;
  }
}

Deno.test("stateJson() accepts a message that no watch has made", () => {
  const position = { epoch: "e", sequence: 1 };
  const state = { ada: { metas: [{ phx_ref: "a" }] } };
  const json = stateJson({ type: "state", state, position });
  assertEquals(json, '{"ada":{"metas":[{"phx_ref":"a"}]}}');
});

Deno.test("TopicPresence.watch() holds 64 diffs for a slow reader, then yields a state", async () => {
  for (const behind of [64, 65, 200]) {
    using t = topics();
    const client = new Client(t.presence, "room");
    await client.read(1);
    const handle = t.presence.track("room", "ada", 1);
    await flush();
    for (let n = 2; n <= behind; n++) {
      handle.update(n);
      await flush();
    }
    const expected = behind === 64 ? new Array(64).fill("diff") : ["state"];
    assertEquals((await client.read()).map(({ type }) => type), expected);
    assertEquals(client.list(), [{ key: "ada", metas: [behind] }]);

    handle.update("on it goes");
    assertEquals((await client.read()).map(({ type }) => type), ["diff"]);
    assertEquals(client.list(), [{ key: "ada", metas: ["on it goes"] }]);
  }
});

Deno.test("TopicPresence.watch() yields no diff for what a state contains", async () => {
  using t = topics();
  const client = new Client(t.presence, "room");
  await client.read(1);
  const handle = t.presence.track("room", "ada", 0);
  for (let n = 1; n <= 70; n++) {
    handle.update(n);
    await flush();
  }
  // The store has it, the watches do not yet.
  handle.update("news");
  const types = (await client.read()).map(({ type }) => type);
  assertEquals(types, ["state", "diff"]);
  assertEquals(client.list(), [{ key: "ada", metas: ["news"] }]);
});

Deno.test("TopicPresence.watch() closes a gap with a diff", async () => {
  using t = topics({}, { retention: 2 });
  for (let n = 0; n < 2_500; n++) t.presence.track("room", `key ${n}`, n);
  const ada = t.presence.track("room", "ada", 1);
  const client = new Client(t.presence, "room");
  await client.read();
  for (let n = 2; n < 8; n++) ada.update(n);
  t.presence.track("room", "bob", 1);
  const [diff, ...more] = await client.read();
  assertEquals(more, []);
  assert(diff?.type === "diff");
  assertEquals(Object.keys(diff.diff.joins).toSorted(), ["ada", "bob"]);
  assertEquals(Object.keys(diff.diff.leaves), ["ada"]);
  assertEquals(diff.position.sequence, t.server.lastSequence);
  assertEquals(client.mirror.size, 2_502);
});

Deno.test("TopicPresence.watch() ends while it waits: when returned from, aborted, or the server is disposed of", async () => {
  using t = topics();
  const { controller, signal, listeners } = countedSignal();
  assertEquals(listeners, 0);
  const returned = t.presence.watch("room");
  const aborted = t.presence.watch("room", { signal });
  const disposed = t.presence.watch("room");
  const all = [returned, aborted, disposed];
  for (const watch of all) await watch.next();
  const waits = all.map((watch) => watch.next());
  for (const wait of waits) assertEquals(await settles(wait), false);

  await returned.return?.();
  controller.abort();
  t.server[Symbol.dispose]();
  for (const wait of waits) {
    assert(await settles(wait));
    assertEquals(await wait, { done: true, value: undefined });
  }
  for (const watch of all) assertEquals((await watch.next()).done, true);
});

Deno.test("TopicPresence.watch() that has ended leaves no listener, and others continue", async () => {
  using t = topics();
  const counted = countedSignal();
  const { signal } = counted;
  const first = t.presence.watch("room", { signal });
  const second = new Client(t.presence, "room");
  await first.next();
  await second.read();
  assertEquals(counted.listeners, 1);
  await first[Symbol.asyncDispose]();
  assertEquals(counted.listeners, 0);
  t.presence.track("room", "ada", 1);
  assertEquals((await second.read()).length, 1);
});

Deno.test("TopicPresence.watch() begins with the first read, and not at all once aborted or disposed of", async () => {
  using t = topics();
  const controller = new AbortController();
  const { signal } = controller;
  const late = new Client(t.presence, "room", { signal });
  const aborted = t.presence.watch("room", { signal });
  t.presence.track("room", "ada", 1);
  await late.read();
  assertEquals(late.list(), [{ key: "ada", metas: [1] }]);
  controller.abort();
  assertEquals((await aborted.next()).done, true);
  await late.read();
  assertEquals(late.reader.done, true);

  t.server[Symbol.dispose]();
  assertEquals((await t.presence.watch("room").next()).done, true);
});

Deno.test("TopicPresence.watch() shares one watch of the server for each topic, until its last reader has left", async () => {
  using t = topics();
  const watches: (AbortSignal | undefined)[] = [];
  const { watch } = t.server;
  t.server.watch = (options) => {
    watches.push(options?.signal);
    return watch.call(t.server, options);
  };
  const running = () => watches.map((signal) => !signal?.aborted);
  const read = async (viewer: TopicViewer) => {
    const client = new Client(t.presence, "room", { viewer });
    await client.read();
    return client;
  };
  const readers = [await read(PUBLIC_VIEWER), await read(OMNISCIENT_VIEWER)];
  assertEquals(running(), [true]);
  for (const [index, client] of readers.entries()) {
    t.presence.track("room", "ada", index);
    await client.read();
    await client.reader.watch[Symbol.asyncDispose]();
    assertEquals(client.list()[0]?.metas.length, index + 1);
    assertEquals(running(), [index === 0]);
  }

  const client = await read(PUBLIC_VIEWER);
  t.presence.track("room", "ada", 2);
  await client.read();
  assertEquals(client.list(), [{ key: "ada", metas: [0, 1, 2] }]);
  assertEquals(running(), [false, true]);
});

Deno.test("TopicPresence.watch() never yields a state with a newer position than it has, while a gap is closed", async () => {
  using t = topics({}, { retention: 1 });
  for (let n = 0; n < 2_500; n++) t.presence.track("room", `key ${n}`, n);
  const before = t.server.lastSequence;
  const client = new Client(t.presence, "room");
  await client.read();
  t.presence.track("room", "ada", 1);
  t.presence.track("room", "bob", 1);
  const ages = new Set<string>();
  for (let turn = 0; turn < 50; turn++) {
    // Separate rights, so that the state is made for this reader.
    const viewer = { restricted: [`${turn}`], private: false };
    const { value } = await t.presence.watch("room", { viewer }).next();
    assert(value?.type === "state");
    const { sequence } = value.position;
    ages.add(`${sequence - before}: ${Object.hasOwn(value.state, "bob")}`);
  }
  assertEquals([...ages], ["0: false", "2: true"]);
});

Deno.test("TopicPresence.watch() answers calls of next() in order", async () => {
  using t = topics();
  const watch = t.presence.watch("room");
  await watch.next();
  const calls = [watch.next(), watch.next()];
  for (const key of ["ada", "bob", "cyd"]) {
    t.presence.track("room", key, 1);
    await flush();
    calls.push(watch.next());
  }
  await watch.return?.();
  const told = (await Promise.all(calls)).map(({ value }) =>
    value?.type === "diff" ? Object.keys(value.diff.joins) : value
  );
  assertEquals(told, [["ada"], ["bob"], ["cyd"], undefined, undefined]);
});

Deno.test("TopicPresence.watch() accepts keys that are properties of every object", async () => {
  using t = topics();
  const client = new Client(t.presence, "__proto__");
  await client.read();
  const keys = ["__proto__", "constructor", "hasOwnProperty", "toString"];
  const handles = keys.map((key) => t.presence.track("__proto__", key, key));
  await client.read();
  assertEquals(client.list(), keys.map((key) => ({ key, metas: [key] })));
  for (const handle of handles) handle[Symbol.dispose]();
  await client.read();
  assertEquals(client.list(), []);
});

Deno.test("TopicPresence.watch() fails its readers, and no others, if an entry can't be written", async () => {
  using t = topics();
  const waiting = t.presence.watch("room");
  const late = t.presence.watch("room");
  await waiting.next();
  await late.next();
  const told = waiting.next();
  // @ts-expect-error: JSON can't represent it; a caller without types.
  t.server.receive(update({ facets: { meta: { value: 1n } } }));
  await assertRejects(() => told, TypeError);
  await assertRejects(() => late.next(), TypeError);
  assertEquals((await late.next()).done, true);
  t.presence.track("other", "bob", 1);
  assertEquals((await t.presence.watch("other").next()).done, false);
});

Deno.test("a new reader gets what is there after more changes than the topic has keys", async () => {
  using t = topics();
  const ada = t.presence.track("room", "ada", {});
  const first = new Client(t.presence, "room");
  await first.read();
  for (const key of ["eve", "bob", "dan", "cleo"]) {
    t.presence.track("room", key, {});
    await first.read();
  }
  ada[Symbol.dispose]();
  await first.read();
  const second = new Client(t.presence, "room");
  await second.read();
  assertEquals(second.list(), t.presence.list("room"));
  assertEquals(first.list(), second.list());
});
