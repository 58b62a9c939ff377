import { assert, assertEquals, assertRejects } from "@std/assert";
import { Lab, SOON, TIMES } from "../cluster/testing/lab.ts";
import { DocumentAtCapacityError } from "./mod.ts";
import { at, from, join, Watcher } from "./testing/harness.ts";
import { Node } from "./testing/node.ts";

const HALF_AN_HOUR = 30 * 60_000;

Deno.test("people at two nodes see each other in a document, whatever the clocks", async () => {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  using b = await Node.start(lab, "b", {}, { aheadMs: HALF_AN_HOUR });
  await lab.pass();
  const watcher = await Watcher.begin(b.presence);
  const ada = await a.ask((presence) => join(presence));
  await lab.pass();
  assertEquals(await watcher.told(), ["ada joined"]);
  await a.run(() => ada.updateCursor(at(4), from(1, 4)));
  await lab.pass();
  assertEquals(await watcher.told(), [
    "ada at 4 from 1 to 4",
    "ada is selecting",
  ]);
  await a.run(() => {
    ada.typed();
    ada.updateCursor(at(5));
  });
  await lab.pass();
  assertEquals(await watcher.told(), [
    "ada at 5",
    "ada types",
    "ada is editing",
  ]);
  await lab.pass(500);
  assertEquals(await watcher.told(), ["ada pauses", "ada is viewing"]);
  await a.run(() => ada.setFocused(false, { hidden: true }));
  await lab.pass();
  assertEquals(await watcher.told(), ["ada is away"]);
  await a.run(() => ada[Symbol.dispose]());
  await lab.pass();
  assertEquals(await watcher.told(), ["ada left"]);
  assertEquals([a.errors, b.errors], [[], []]);
});

Deno.test("every node answers for all nodes, even one that watches nothing", async () => {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  using b = await Node.start(lab, "b");
  using c = await Node.start(lab, "c");
  await lab.pass();
  await a.ask((presence) => join(presence));
  await b.ask((presence) => join(presence, "bob"));
  await b.ask((presence) => join(presence, "ada", { documentId: "43" }));
  // A person at two nodes is one person.
  await b.ask((presence) => join(presence));
  await lab.pass();

  const users = await c.ask((presence) => presence.activeUsers("42"));
  assertEquals(
    users.users.map(({ userId, sessions }) => [userId, sessions]),
    [["ada", 2], ["bob", 1]],
  );
  assert(users.isComplete);

  const where = await c.ask((presence) => presence.documentsOf("ada"));
  assertEquals(where.documents.map(({ documentId }) => documentId), [
    "42",
    "43",
  ]);
  assert(where.isComplete);

  const active = await c.ask((presence) => presence.activeDocuments("acme"));
  assertEquals(
    active.documents.map(({ documentId, users }) => [documentId, users]),
    [["42", 2], ["43", 1]],
  );
  assert(active.isComplete);

  assertEquals(await c.ask((presence) => presence.counts(["42", "43", "44"])), {
    counts: new Map([["42", 2], ["43", 1], ["44", 0]]),
    isComplete: true,
  });
});

Deno.test("a node that is cut off adds people and reports incomplete answers", async () => {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  using b = await Node.start(lab, "b");
  await lab.pass();
  await a.ask((presence) => join(presence));
  await b.ask((presence) => join(presence, "bob"));
  await lab.pass();
  a.cut();
  await lab.pass(TIMES.leaseTtlMs);
  await a.ask((presence) => join(presence, "cy"));
  const users = await a.ask((presence) => presence.activeUsers("42"));
  assertEquals(users.users.map(({ userId }) => userId), ["ada", "bob", "cy"]);
  const answers = [
    users,
    await a.ask((presence) => presence.documentsOf("bob")),
    await a.ask((presence) => presence.activeDocuments("acme")),
    await a.ask((presence) => presence.counts(["42"])),
  ];
  assertEquals(
    answers.map(({ isComplete }) => isComplete),
    answers.map(() => false),
  );
});

Deno.test("capacity counts the people of all nodes", async () => {
  using lab = new Lab();
  const options = { maxUsersPerDocument: 2 };
  using a = await Node.start(lab, "a", options);
  using b = await Node.start(lab, "b", options);
  await lab.pass();
  await a.ask((presence) => join(presence));
  await a.ask((presence) => join(presence, "bob"));
  await lab.pass();
  await assertRejects(
    () => b.ask((presence) => join(presence, "cy")),
    DocumentAtCapacityError,
    "Document at capacity: maximum 2 users",
  );
  await b.ask((presence) => join(presence, "bob"));
});

Deno.test("typing at a node that dies ends long before its lease expires", async () => {
  using lab = new Lab();
  const leaseTtlMs = 10_000;
  using a = await Node.start(lab, "a", {}, { leaseTtlMs });
  using b = await Node.start(lab, "b", {}, {
    leaseTtlMs,
    aheadMs: HALF_AN_HOUR,
  });
  await lab.pass();
  const watcher = await Watcher.begin(b.presence);
  const ada = await a.ask((presence) => join(presence));
  await a.run(() => ada.typed());
  await lab.pass(50);
  assertEquals(await watcher.told(), [
    "ada joined",
    "ada types",
    "ada is editing",
  ]);
  a.kill();
  await lab.pass(1_000);
  assertEquals(await watcher.told(), ["ada pauses", "ada is viewing"]);
  await lab.pass(3 * leaseTtlMs);
  assertEquals(await watcher.told(), ["ada left"]);
});

Deno.test("a person who moves to another node within the grace does not leave", async () => {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  using b = await Node.start(lab, "b");
  await lab.pass();
  const watcher = await Watcher.begin(b.presence);
  const ada = await a.ask((presence) =>
    join(presence, "ada", { origin: "socket-1" })
  );
  await lab.pass();
  await watcher.told();
  await a.run(() => {
    ada.release();
    a.server.disconnect("socket-1");
  });
  await lab.pass(SOON);
  await b.ask((presence) => join(presence, "ada", { origin: "socket-2" }));
  await lab.pass(2_000);
  assertEquals(await watcher.told(), []);
  const { users } = await a.ask((presence) => presence.activeUsers("42"));
  assertEquals(users.map(({ userId, sessions }) => [userId, sessions]), [
    ["ada", 1],
  ]);
});

Deno.test("the time to live of a session applies at all nodes", async () => {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  using b = await Node.start(lab, "b", {}, { aheadMs: HALF_AN_HOUR });
  await lab.pass();
  const watcher = await Watcher.begin(b.presence);
  const ada = await a.ask((presence) =>
    join(presence, "ada", { ttlMs: 1_000 })
  );
  await lab.pass(900);
  assertEquals(await watcher.told(), ["ada joined"]);
  await a.run(() => ada.refresh());
  await lab.pass(900);
  assertEquals(await watcher.told(), []);
  await lab.pass(400);
  assertEquals(await watcher.told(), ["ada left"]);
});
