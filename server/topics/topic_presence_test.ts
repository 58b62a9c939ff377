import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { InvalidValueError } from "../../core/mod.ts";
import {
  ContextAtCapacityError,
  PresenceServer,
  PUBLIC_VIEWER,
  ServerClosedError,
} from "../mod.ts";
import { type TopicModel, TopicPresence } from "./mod.ts";
import { topics, update } from "./testing/harness.ts";

/** The compiler allows unknown names beside known ones. */
const READ = { signal: undefined, viewers: [] };

Deno.test("TopicPresence returns nobody for an empty topic", () => {
  using t = topics();
  t.presence.track("another", "ada", {});
  assertEquals(t.presence.list("room"), []);
  assertEquals(t.presence.get("room", "ada"), undefined);
  assertEquals(t.presence.countPresences("room"), 0);
  assertEquals(t.presence.isPresent("room", "ada"), false);
  assertEquals(t.presence.connectionCount("room", "ada"), 0);
});

Deno.test("TopicPresence.track() makes a connection that is present at once", () => {
  using t = topics();
  const handle = t.presence.track("room", "ada", { device: "laptop" });
  assertEquals(handle.topic, "room");
  assertEquals(handle.key, "ada");
  assertEquals(handle.visibility, "public");
  assertEquals(t.presence.get("room", "ada"), {
    key: "ada",
    metas: [{ device: "laptop" }],
  });
  assertEquals(t.presence.countPresences("room"), 1);
  assertEquals(t.presence.isPresent("room", "ada"), true);
  assertEquals(t.presence.connectionCount("room", "ada"), 1);
});

Deno.test("TopicPresence.track() of a present key adds a connection, not a presence", () => {
  using t = topics();
  const first = t.presence.track("room", "ada", 1);
  const second = t.presence.track("room", "ada", 1);
  assertEquals(t.presence.countPresences("room"), 1);
  assertEquals(t.presence.connectionCount("room", "ada"), 2);
  assertEquals(first.connection < second.connection, true);

  first[Symbol.dispose]();
  assertEquals(t.presence.isPresent("room", "ada"), true);
  assertEquals(t.presence.connectionCount("room", "ada"), 1);
  second[Symbol.dispose]();
  assertEquals(t.presence.isPresent("room", "ada"), false);
});

Deno.test("TopicPresence.list() sorts by key, and the metas of a key as they joined", () => {
  using time = new FakeTime(0);
  using t = topics();
  t.presence.track("room", "bob", "bob");
  // More than one digit of a count within a millisecond, and of milliseconds.
  for (let n = 0; n < 40; n++) t.presence.track("room", "ada", n);
  for (let n = 40; n < 80; n++) {
    time.tick(1);
    t.presence.track("room", "ada", n);
  }
  t.presence.track("room", "Zoe", "Zoe");
  assertEquals(t.presence.list("room"), [
    { key: "Zoe", metas: ["Zoe"] },
    { key: "ada", metas: Array.from({ length: 80 }, (_, n) => n) },
    { key: "bob", metas: ["bob"] },
  ]);
});

Deno.test("TopicPresence.list() keeps the order in which they joined when the clock is set back", () => {
  let now = 1_000;
  using t = topics({ ttlMs: Infinity }, { clock: () => now });
  t.presence.track("room", "ada", "first");
  now = 400;
  t.presence.track("room", "ada", "second");
  now = 999;
  t.presence.track("room", "ada", "third");
  now = 1_001;
  t.presence.track("room", "ada", "fourth");
  assertEquals(
    t.presence.get("room", "ada")?.metas,
    ["first", "second", "third", "fourth"],
  );
});

Deno.test("connections stay in the order in which they joined, even on a server that has slept", () => {
  const clock = () => 3_600_000;
  using awake = topics({}, { clock, steadyClock: clock });
  using slept = topics({}, { clock: () => clock() + 1, steadyClock: () => 0 });
  const first = awake.presence.track("room", "ada", 1).connection;
  const second = slept.presence.track("room", "ada", 2).connection;
  assert(first < second, `${first}, ${second}`);
});

Deno.test("TopicPresence accepts every well-formed string that is not empty as a topic and a key", () => {
  using t = topics();
  const names = [" ", "__proto__", "constructor", "toString", "a\0b", "…"];
  for (const topic of names) {
    for (const key of names) t.presence.track(topic, key, `${topic}/${key}`);
  }
  for (const topic of names) {
    assertEquals(t.presence.countPresences(topic), names.length);
    for (const key of names) {
      const entry = { key, metas: [`${topic}/${key}`] };
      assertEquals(t.presence.get(topic, key), entry);
    }
  }
  for (const bad of ["", "\ud800", "a\udc00"]) {
    const rule = "must be a well-formed string that is not empty";
    const refused = (call: () => unknown, what: string) =>
      assertThrows(call, InvalidValueError, `Cannot ${what} ${rule}`);
    refused(() => t.presence.track(bad, "ada", 1), "track connection: topic");
    refused(() => t.presence.track("room", bad, 1), "track connection: key");
    refused(() => t.presence.list(bad), "read topic: topic");
    refused(() => t.presence.get("room", bad), "read topic: key");
    refused(() => t.presence.isPresent("room", bad), "read topic: key");
    refused(() => t.presence.countPresences(bad), "read topic: topic");
    refused(() => t.presence.events(bad), "read topic: topic");
    refused(() => t.presence.watch(bad), "read topic: topic");
  }
  assertEquals(t.presence.countPresences("room"), 0);
});

Deno.test("TopicPresence shows a key that another face gives as empty", () => {
  using t = topics();
  t.server.receive(update({ subject: "", facets: { activity: "idle" } }));
  assertEquals(t.presence.list("room"), [
    { key: "", metas: [{ activity: "idle" }] },
  ]);
});

Deno.test("TopicPresence requires a server", () => {
  for (const bad of [{}, null, undefined, "server", new Map()]) {
    assertThrows(
      () => Reflect.construct(TopicPresence, [bad]),
      InvalidValueError,
      "Cannot create topics: server must be a PresenceServer",
    );
  }
});

Deno.test("TopicPresence refuses unknown options", () => {
  using t = topics();
  const handle = t.presence.track("room", "ada", 1);
  const misspelt = {
    ttl: 5_000,
    ttlMs: undefined,
    visibility: "public",
  } as const;
  const calls: [string, () => unknown][] = [
    ["create topics", () => new TopicPresence(t.server, misspelt)],
    ["track connection", () => t.presence.track("room", "bob", 1, misspelt)],
    ["update connection", () => handle.update(2, misspelt)],
    ["read topic", () => t.presence.events("room", READ)],
    ["read topic", () => t.presence.watch("room", READ)],
  ];
  for (const [action, call] of calls) {
    assertThrows(
      call,
      InvalidValueError,
      `Cannot ${action}: options must have known names only`,
    );
  }
  assertEquals(t.presence.list("room"), [{ key: "ada", metas: [1] }]);
});

Deno.test("TopicPresence.track() refuses the next key of a full topic, and changes nothing", () => {
  using t = topics({}, { maxSubjectsPerContext: 1 });
  using ada = t.presence.track("room", "ada", 1);
  const { lastSequence } = t.server;
  const error = assertThrows(
    () => t.presence.track("room", "bob", 2),
    ContextAtCapacityError,
  );
  assertEquals(error.context, "room");
  assertEquals(t.server.lastSequence, lastSequence);
  assertEquals(t.presence.list("room"), [{ key: "ada", metas: [1] }]);

  t.presence.track("room", "ada", 3);
  t.presence.track("another", "bob", 4);
  assertEquals(ada.update(5), true);
  assertEquals(t.presence.list("room"), [{ key: "ada", metas: [5, 3] }]);
});

Deno.test("TopicPresence.track() fails once the server has been disposed of", () => {
  using t = topics();
  t.presence.track("room", "ada", 1);
  t.server[Symbol.dispose]();
  assertThrows(() => t.presence.track("room", "bob", 2), ServerClosedError);
  assertEquals(t.presence.list("room"), [{ key: "ada", metas: [1] }]);
});

Deno.test("TopicPresence.track() holds all connections by one origin, or by the given one", () => {
  using t = topics();
  t.presence.track("room", "ada", 1);
  t.presence.track("another", "bob", 2);
  t.presence.track("room", "cyd", 3, { origin: "socket/7" });
  assertEquals(t.server.withdrawOrigin("socket/7"), 1);
  assertFalse(t.presence.isPresent("room", "cyd"));

  const [entry] = t.server.store.snapshots({ context: "room" });
  assertEquals(t.server.withdrawOrigin(entry?.origin ?? ""), 2);
  assertEquals(t.presence.countPresences("another"), 0);
});

Deno.test("two TopicPresence name their connections and origins differently", () => {
  using a = topics();
  using b = topics();
  const names = [a, b].map(({ presence }) =>
    presence.track("room", "ada", 1).connection
  );
  assertEquals(new Set(names).size, 2);
  const origins = [a, b].flatMap(({ server }) =>
    server.store.snapshots().map(({ origin }) => origin)
  );
  assertEquals(new Set(origins).size, 2);
});

Deno.test("TopicPresence accepts a server whose model has more facets and labels", () => {
  interface OfficeModel extends TopicModel {
    label: "staff";
    facets: TopicModel["facets"] & { desk: number };
  }
  using server = new PresenceServer<OfficeModel>();
  const presence = new TopicPresence(server);
  const visibility = { restricted: "staff" } as const;
  presence.track("room", "ada", { tab: 1 }, { visibility });
  server.receive({
    subject: "ada",
    context: "room",
    origin: "door",
    visibility,
    observedAt: Date.now(),
    expiry: "never",
    facets: { desk: 4 },
  });
  assertEquals(presence.connectionCount("room", "ada"), 2);
});

Deno.test("TopicPresence.list() and get() return the same object until it changes", () => {
  using time = new FakeTime(0);
  using t = topics();
  const team = { restricted: ["team"], private: false } as const;
  const reads = () => ({
    room: t.presence.list("room"),
    "room for the team": t.presence.list("room", {
      ...team,
      restricted: [...team.restricted],
    }),
    "room for the public": t.presence.list("room", PUBLIC_VIEWER),
    ada: t.presence.get("room", "ada"),
    bob: t.presence.get("room", "bob"),
    "ada elsewhere": t.presence.get("hall", "ada"),
    hall: t.presence.list("hall"),
  });
  const changedBy = (action: () => unknown) => {
    const before: Record<string, unknown> = reads();
    action();
    return Object.entries(reads())
      .filter(([name, value]) => value !== before[name])
      .map(([name]) => name);
  };
  assertEquals(changedBy(() => {}), []);
  const ada = t.presence.track("room", "ada", { tab: 1 });
  const bob = t.presence.track("room", "bob", { tab: 2 }, {
    visibility: { restricted: "team" },
  });
  assertEquals(changedBy(() => {}), []);
  assertEquals(changedBy(() => time.tick(10_000)), []);
  assertEquals(changedBy(() => [ada.refresh(), bob.refresh()]), []);
  assertEquals(changedBy(() => ada.update({ tab: 1 })), []);
  const elsewhere = () => t.presence.track("hall", "ada", { tab: 1 });
  assertEquals(changedBy(elsewhere), ["ada elsewhere", "hall"]);
  assertEquals(changedBy(() => bob.update({ tab: 3 })), [
    "room",
    "room for the team",
    "bob",
  ]);
  const hide = () => ada.update({ tab: 1 }, { visibility: "private" });
  assertEquals(changedBy(hide), ["room for the team", "room for the public"]);
  assertEquals(changedBy(() => ada[Symbol.dispose]()), ["room", "ada"]);
  assertEquals(changedBy(() => bob[Symbol.dispose]()), [
    "room",
    "room for the team",
    "bob",
  ]);
});
