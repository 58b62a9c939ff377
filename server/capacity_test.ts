import { assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { InvalidValueError, type PresenceUpdate } from "../core/mod.ts";
import { ContextAtCapacityError, PresenceServer } from "./mod.ts";
import { keyOf, update } from "./testing/harness.ts";

/** A server whose contexts have two places, both taken in doc-1. */
function full(): PresenceServer {
  const server = new PresenceServer({ maxSubjectsPerContext: 2 });
  server.receive(update({ subject: "alice" }));
  server.receive(update({ subject: "bob", expiry: 5_000 }));
  return server;
}

const carol = () => update({ subject: "carol" });

Deno.test("PresenceServer.receive() refuses the next subject of a full context, and changes nothing", () => {
  using _time = new FakeTime(0);
  using server = full();
  const error = assertThrows(
    () => server.receive(carol()),
    ContextAtCapacityError,
    'Cannot publish update: context "doc-1" is at its capacity of 2 subjects',
  );
  assertEquals(error.name, "ContextAtCapacityError");
  assertEquals(error.context, "doc-1");
  assertEquals(error.maxSubjects, 2);
  assertEquals(server.lastSequence, 2);
  assertEquals(server.store.count("doc-1").subjects, 2);
});

Deno.test("PresenceServer.receive() lets another connection of someone inside in", () => {
  using _time = new FakeTime(0);
  using server = full();
  server.receive(update({ resource: "phone", origin: "app" }));
  server.receive(update({ facets: { activity: "editing" } }));
  assertEquals(server.store.count("doc-1"), { subjects: 2, entries: 3 });
});

Deno.test("PresenceServer.receive() lets somebody into another context", () => {
  using _time = new FakeTime(0);
  using server = full();
  server.receive(update({ subject: "carol", context: "doc-2" }));
  assertEquals(server.store.size, 3);
});

Deno.test("PresenceServer.receiveAll() refuses a batch that is too much as a whole", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ maxSubjectsPerContext: 2 });
  const batch = (...subjects: string[]) =>
    subjects.map((subject) => update({ subject }));

  assertThrows(
    () => server.receiveAll(batch("alice", "bob", "carol")),
    ContextAtCapacityError,
  );
  assertEquals(server.lastSequence, 0);

  server.receiveAll(batch("alice", "bob", "alice", "bob"));
  assertThrows(
    () =>
      server.receiveAll([
        update({ context: "doc-2" }),
        update({ facets: { activity: "idle" } }),
        carol(),
      ]),
    ContextAtCapacityError,
  );
  assertEquals(server.lastSequence, 2);
  assertEquals(server.store.contexts(), ["doc-1"]);
});

Deno.test("PresenceServer.receive() finds a place that has become free by a goodbye", () => {
  using _time = new FakeTime(0);
  using server = full();
  server.withdraw(keyOf());
  server.receive(carol());
  assertThrows(() => server.receive(update()), ContextAtCapacityError);
});

Deno.test("PresenceServer.receive() finds a place that has become free by expiry, swept or not", () => {
  using _time = new FakeTime(0);
  let now = 0;
  using server = new PresenceServer({
    maxSubjectsPerContext: 1,
    clock: () => now,
  });
  server.receive(update({ expiry: 50 }));
  assertThrows(() => server.receive(carol()), ContextAtCapacityError);
  now = 50;
  server.receive(carol());
  assertEquals(server.store.count("doc-1").subjects, 1);
});

Deno.test("PresenceServer.receive() keeps the place of who may come back", () => {
  using time = new FakeTime(0);
  using server = full();
  server.disconnect("tab");
  assertThrows(() => server.receive(carol()), ContextAtCapacityError);
  server.receive(update({ origin: "tab/2" }));
  assertEquals(server.store.count("doc-1").subjects, 2);

  time.tick(10_000);
  server.receive(carol());
  assertEquals(server.store.count("doc-1").subjects, 2);
});

Deno.test("PresenceServer.receive() refuses everybody where there is no place", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ maxSubjectsPerContext: 0 });
  assertThrows(() => server.receive(update()), ContextAtCapacityError);
});

Deno.test("PresenceServer.receive() says what is wrong with an update before it counts", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ maxSubjectsPerContext: 0 });
  const bad: unknown[] = [null, {}, { ...update(), context: undefined }];
  for (const value of bad) {
    assertThrows(
      () => server.receive(value as PresenceUpdate),
      InvalidValueError,
    );
  }
});
