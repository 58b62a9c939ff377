import { assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { InvalidValueError, type PresenceUpdate } from "../core/mod.ts";
import { ContextAtCapacityError, PresenceServer } from "./mod.ts";
import { keyOf, update } from "./testing/harness.ts";

/** A server with a capacity of two, whose context doc-1 is full. */
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

Deno.test("PresenceServer.receive() accepts another connection of a subject that is in a full context", () => {
  using _time = new FakeTime(0);
  using server = full();
  server.receive(update({ resource: "phone", origin: "app" }));
  server.receive(update({ facets: { activity: "editing" } }));
  assertEquals(server.store.count("doc-1"), { subjects: 2, entries: 3 });
});

Deno.test("PresenceServer.receive() counts each context by itself", () => {
  using _time = new FakeTime(0);
  using server = full();
  server.receive(update({ subject: "carol", context: "doc-2" }));
  assertEquals(server.store.size, 3);
});

Deno.test("PresenceServer.receiveAll() refuses a batch whose new subjects exceed the capacity together", () => {
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

Deno.test("PresenceServer.receive() uses the place of a subject that said goodbye", () => {
  using _time = new FakeTime(0);
  using server = full();
  server.withdraw(keyOf());
  server.receive(carol());
  assertThrows(() => server.receive(update()), ContextAtCapacityError);
});

Deno.test("PresenceServer.receive() uses the place of an expired subject, swept or not", () => {
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

Deno.test("PresenceServer.receive() keeps the place of a subject during its grace", () => {
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

Deno.test("PresenceServer.receive() refuses every subject if the capacity is zero", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ maxSubjectsPerContext: 0 });
  assertThrows(() => server.receive(update()), ContextAtCapacityError);
});

Deno.test("PresenceServer.receive() reports a malformed update before a full context", () => {
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
