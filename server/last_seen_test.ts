import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { restricted } from "../core/mod.ts";
import { PresenceServer, PUBLIC_VIEWER, type Viewer } from "./mod.ts";
import { keyOf, update } from "./testing/harness.ts";

const TEAM: Viewer = { restricted: ["team"], private: false };

Deno.test("PresenceServer.lastSeen() returns when a subject left, until it is back", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const lastSeen = () => server.lastSeen("alice", "doc-1");
  assertEquals(lastSeen(), undefined, "never here");
  server.receive(update());
  assertEquals(lastSeen(), undefined, "here");
  time.tick(500);
  server.withdraw(keyOf());
  time.tick(500);
  assertEquals(lastSeen(), 500);
  assertEquals(server.lastSeen("alice", "doc-2"), undefined);
  assertEquals(server.lastSeen("bob", "doc-1"), undefined);

  server.receive(update());
  assertEquals(lastSeen(), undefined, "here again");
  time.tick(500);
  server.withdrawOrigin("tab");
  assertEquals(lastSeen(), 1_500);
});

Deno.test("PresenceServer.lastSeen() returns the last heartbeat of an expired subject, even a silent one", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const beat = () => server.receive(update({ expiry: Date.now() + 3_000 }));
  beat();
  for (let n = 0; n < 5; n++) {
    time.tick(1_000);
    beat();
  }
  assertEquals(server.lastSequence, 1);
  time.tick(60_000);
  assertEquals(server.lastSeen("alice", "doc-1"), 5_000);
});

Deno.test("PresenceServer.lastSeen() returns after the grace when the connection was lost", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer({ graceMs: 10_000 });
  server.receive(update());
  time.tick(4_000);
  server.disconnect("tab");
  time.tick(5_000);
  assertEquals(server.lastSeen("alice", "doc-1"), undefined);
  time.tick(5_000);
  assertEquals(server.lastSeen("alice", "doc-1"), 4_000);
});

Deno.test("PresenceServer.lastSeen() returns the latest time of several entries, in whatever order they leave", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ origin: "phone", expiry: 60_000 }));
  server.receive(update({ origin: "laptop" }));
  time.tick(50_000);
  server.withdrawOrigin("laptop");
  assertEquals(server.lastSeen("alice", "doc-1"), undefined);
  time.tick(10_000);
  assertEquals(server.lastSeen("alice", "doc-1"), 50_000);
});

Deno.test("PresenceServer.lastSeen() considers only entries that the viewer could see", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ visibility: restricted("team") }));
  time.tick(100);
  server.withdraw(keyOf());

  const lastSeen = (viewer?: Viewer) =>
    server.lastSeen("alice", "doc-1", viewer);
  assertEquals(lastSeen(), 100);
  assertEquals(lastSeen(TEAM), 100);
  assertEquals(lastSeen(PUBLIC_VIEWER), undefined);
  assertEquals(lastSeen({ ...PUBLIC_VIEWER, subject: "alice" }), 100);

  server.receive(update());
  time.tick(100);
  server.withdraw(keyOf());
  server.receive(update({ visibility: "private" }));
  time.tick(100);
  server.withdraw(keyOf());
  assertEquals(lastSeen(), 300);
  assertEquals(lastSeen(TEAM), 200);
  assertEquals(lastSeen(PUBLIC_VIEWER), 200);
});

Deno.test("PresenceServer.lastSeen() treats an entry that becomes hidden as a departure, for those who can't see it", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  time.tick(100);
  server.receive(update({ visibility: restricted("team") }));
  time.tick(100);
  const lastSeen = (viewer?: Viewer) =>
    server.lastSeen("alice", "doc-1", viewer);
  assertEquals(lastSeen(PUBLIC_VIEWER), 100);
  assertEquals(lastSeen(TEAM), undefined, "still here");

  server.receive(update({ visibility: "private" }));
  time.tick(100);
  assertEquals(lastSeen(PUBLIC_VIEWER), 100);
  assertEquals(lastSeen(TEAM), 200);
  assertEquals(lastSeen({ ...PUBLIC_VIEWER, subject: "alice" }), undefined);

  server.receive(update({ visibility: "public" }));
  assertEquals(lastSeen(PUBLIC_VIEWER), undefined, "in sight again");
});

Deno.test("PresenceServer.lastSeen() remembers the latest departures and no more", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer({ maxDepartures: 3 });
  const leave = (subject: string, context = "doc-1") => {
    server.receive(update({ subject, context }));
    time.tick(100);
    server.withdraw(keyOf({ subject, context }));
  };
  for (const subject of ["a", "b", "c"]) leave(subject);
  leave("a");
  leave("d");
  leave("d");
  assertEquals(
    ["a", "b", "c", "d"].map((subject) => server.lastSeen(subject, "doc-1")),
    [400, undefined, 300, 600],
  );
  leave("a", "doc-2");
  assertEquals(server.lastSeen("c", "doc-1"), undefined);
  assertEquals(server.lastSeen("a", "doc-1"), 400);
  assertEquals(server.lastSeen("a", "doc-2"), 700);
});

Deno.test("PresenceServer.lastSeen() remembers the latest few labels of a subject", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const labels = Array.from({ length: 20 }, (_, n) => `label ${n}`);
  for (const label of labels) {
    time.tick(100);
    server.receive(update({ visibility: restricted(label) }));
  }
  server.withdraw(keyOf());
  const known = labels.filter((label) =>
    server.lastSeen("alice", "doc-1", {
      restricted: [label],
      private: false,
    }) !== undefined
  );
  assertEquals(known, labels.slice(-4));
});

Deno.test("PresenceServer.lastSeen() remembers nothing if maxDepartures is zero", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ maxDepartures: 0 });
  server.receive(update());
  server.withdraw(keyOf());
  assertEquals(server.lastSeen("alice", "doc-1"), undefined);
});

Deno.test("PresenceServer.lastSeen() tells any two keys apart", () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const keys = ["", "null", "..", "__proto__", "constructor", "a\0b", 1, "1"];
  for (const key of keys) {
    server.receive(update({ subject: key, context: key }));
    time.tick(100);
    server.withdraw(keyOf({ subject: key, context: key }));
  }
  assertEquals(
    keys.map((key) => server.lastSeen(key, key)),
    keys.map((_, index) => (index + 1) * 100),
  );
});
