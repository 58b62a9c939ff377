import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import { Lab } from "../cluster/testing/lab.ts";
import { ContextAtCapacityError } from "../mod.ts";
import {
  type DocumentPresence,
  type DocumentSession,
  UserNotFoundError,
  workspaceContext,
} from "./mod.ts";
import {
  at,
  type Documents,
  documents,
  from,
  join,
  namesIn,
  RUNS,
  update,
  userOf,
  Watcher,
} from "./testing/harness.ts";
import { Node } from "./testing/node.ts";

/** Returns the documents of a workspace with people, and how many. */
async function inWorkspace(
  presence: DocumentPresence,
  workspaceId = "acme",
): Promise<string[]> {
  const { documents } = await presence.activeDocuments(workspaceId);
  return documents.map(({ documentId, users }) => `${documentId}: ${users}`);
}

/** Withdraws the entries of a context, as another face may. */
function clear({ server }: Documents, context: string): void {
  for (const entry of server.store.snapshots({ context })) {
    server.withdraw(entry);
  }
}

// A session with the id of a former one

Deno.test("an expired session does not affect a new one with its id", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const tab = { sessionId: "tab", ttlMs: 10_000 };
  const old = await join(presence, "ada", tab);
  await time.tickAsync(15_000);
  const ada = await join(presence, "ada", tab);
  assertFalse(old.isPresent);
  assertFalse(old.refresh());
  assertThrows(() => old.updateCursor(at(1)), UserNotFoundError);
  // Nor has its timer, which would make it idle.
  await time.tickAsync(8_000);
  ada.updateCursor(at(2));
  await time.tickAsync(7_100);
  assert(ada.isPresent);
  assertEquals((await userOf(presence))?.cursor, at(2));
  assertEquals((await userOf(presence))?.activity, "viewing");
});

Deno.test("a former session does not end the one that took over its id", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  for (const end of ["release", "refresh", Symbol.dispose] as const) {
    const tab = { sessionId: String(end), ttlMs: 10_000 };
    const old = await join(presence, "ada", tab);
    await time.tickAsync(10_000);
    const ada = await join(presence, "ada", tab);
    old[end]();
    assert(ada.isPresent, String(end));
    assertEquals(await inWorkspace(presence), ["42: 1"], String(end));
    ada[Symbol.dispose]();
  }
});

Deno.test("a join with the id of a present session takes it over, and nobody sees the person leave", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const former = await join(presence, "ada", { sessionId: "tab" });
  former.updateCursor(at(3), from(1, 3));
  const watcher = await Watcher.begin(presence);
  const ada = await join(presence, "ada", { sessionId: "tab" });
  assertEquals(await watcher.told(), [
    "ada at undefined",
    "ada is viewing",
  ]);
  assertFalse(former.isPresent);
  assertThrows(() => former.typed(), UserNotFoundError);
  former[Symbol.dispose]();
  assert(ada.isPresent);
  assertEquals((await userOf(presence))?.sessions, 1);
  assertEquals(await inWorkspace(presence), ["42: 1"]);
});

Deno.test("a session that is taken over into another workspace leaves the former one", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const tab = { sessionId: "tab" };
  await join(presence, "ada", tab);
  await join(presence, "ada", { ...tab, workspaceId: "other" });
  assertEquals(await inWorkspace(presence), []);
  assertEquals(await inWorkspace(presence, "other"), ["42: 1"]);
  await join(presence, "ada", { ...tab, workspaceId: undefined });
  assertEquals(await inWorkspace(presence, "other"), []);
});

Deno.test("the same id with another origin is another session", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const tab = { sessionId: "tab" };
  const one = await join(presence, "ada", { ...tab, origin: "socket-1" });
  await join(presence, "ada", { ...tab, origin: "socket-2" });
  assert(one.isPresent);
  assertEquals((await userOf(presence))?.sessions, 2);
});

Deno.test("a tab may be in several documents of a workspace with one id", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const tab = { sessionId: "tab" };
  const one = await join(presence, "ada", tab);
  await join(presence, "ada", { ...tab, documentId: "43" });
  assertEquals(await inWorkspace(presence), ["42: 1", "43: 1"]);
  one[Symbol.dispose]();
  assertEquals(await inWorkspace(presence), ["43: 1"]);
});

Deno.test("a timer of the former node does not take back a session that moved to another node", async () => {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  using b = await Node.start(lab, "b");
  await lab.pass();
  const tab = { sessionId: "tab", origin: "device", ttlMs: 15_000 };
  const former = await a.ask((presence) => join(presence, "ada", tab));
  await lab.pass(10_000);
  const ada = await b.ask((presence) => join(presence, "ada", tab));
  await lab.pass();
  const watcher = await Watcher.begin(a.presence);
  assertFalse(former.isPresent);
  // The former would be idle after 30 s and expire soon after.
  for (let ms = 0; ms < 40_000; ms += 5_000) {
    await b.run(() => ada.refresh());
    await lab.pass(5_000);
  }
  assert(ada.isPresent);
  assertEquals(await watcher.told(), ["ada is idle"]);
});

Deno.test("the late end of a session removes nothing that another node now owns", async () => {
  using lab = new Lab();
  // Long enough for a position to wait when it ends.
  using a = await Node.start(lab, "a", { cursorThrottleMs: 60_000 });
  using b = await Node.start(lab, "b");
  await lab.pass();
  const tab = { sessionId: "tab", origin: "device" };
  const former = await a.ask((presence) => join(presence, "ada", tab));
  await a.run(() => {
    former.updateCursor(at(1));
    former.updateCursor(at(2));
  });
  await lab.pass(20);
  const ada = await b.ask((presence) => join(presence, "ada", tab));
  await lab.pass(20);
  await a.run(() => {
    former.release();
    a.server.disconnect("device");
  });
  await lab.pass(3_000);
  assert(ada.isPresent);
  const { users } = await a.ask((presence) => presence.activeUsers("42"));
  assertEquals(users.map(({ cursor }) => cursor), [null]);
  const { documents } = await a.ask((presence) =>
    presence.activeDocuments("acme")
  );
  assertEquals(documents.map(({ users }) => users), [1]);
});

// The entry in the workspace, and the one in the document

Deno.test("a session that another face ends leaves its workspace with its next call", async () => {
  using time = new FakeTime(0);
  for (const what of ["moves", "waits", "leaves"]) {
    using all = documents();
    const ada = await join(all.presence);
    clear(all, "document:42");
    if (what === "moves") {
      assertThrows(() => ada.updateCursor(at(1)), UserNotFoundError);
    }
    if (what === "waits") await time.tickAsync(30_000);
    if (what === "leaves") ada[Symbol.dispose]();
    assertEquals(await inWorkspace(all.presence), [], what);
    assertEquals(all.server.store.snapshots(), [], what);
  }
});

Deno.test("a session returns to its workspace after another face has withdrawn it there", async () => {
  using time = new FakeTime(0);
  for (const ttlMs of [60_000, Infinity]) {
    using all = documents();
    const ada = await join(all.presence, "ada", { ttlMs });
    clear(all, workspaceContext("acme"));
    await time.tickAsync(10_000);
    assertEquals(await inWorkspace(all.presence), []);
    ada.updateCursor(at(1));
    const { documents: active } = await all.presence.activeDocuments("acme");
    const lastActiveAt = Date.now();
    assertEquals(active, [{ documentId: "42", users: 1, lastActiveAt }]);
    assertEquals(await namesIn(all.presence), ["ada"]);
    ada[Symbol.dispose]();
    assertEquals(all.server.store.snapshots(), []);
  }
});

Deno.test("a session continues when another visit has taken its place in the workspace", async () => {
  using time = new FakeTime(0);
  using all = documents({}, { maxSubjectsPerContext: 1 });
  const ada = await join(all.presence);
  const context = workspaceContext("acme");
  clear(all, context);
  const bob = update({ subject: "bob", context });
  all.server.receive(bob);
  ada.updateCursor(at(1));
  await assertRejects(
    () => join(all.presence, "cy", { documentId: "43" }),
    ContextAtCapacityError,
  );
  assertEquals(await inWorkspace(all.presence), []);
  all.server.withdraw(bob);
  await time.tickAsync(5_000);
  ada.updateCursor(at(2));
  assertEquals(await inWorkspace(all.presence), ["42: 1"]);
});

Deno.test("a late activity brings nobody back to a workspace", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const ada = await join(all.presence);
  ada.updateCursor(at(1));
  await time.tickAsync(50);
  ada.updateCursor(at(2));
  clear(all, "document:42");
  clear(all, workspaceContext("acme"));
  await time.tickAsync(10_000);
  assertEquals(all.server.store.snapshots(), []);
});

Deno.test("a person who is back within the grace is in the workspace once", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const ada = await join(presence, "ada", { origin: "socket-1" });
  ada.release();
  server.disconnect("socket-1");
  await join(presence, "ada", { origin: "socket-2" });
  const context = workspaceContext("acme");
  assertEquals(
    server.store.snapshots({ context }).map(({ origin }) => origin),
    ["socket-2"],
  );
});

// Calls in the wrong order

Deno.test("a session that is released after the disconnect of its origin leaves after the grace", async () => {
  using time = new FakeTime(0);
  for (const ttlMs of [30_000, Infinity]) {
    using all = documents({}, { graceMs: 1_000 });
    const ada = await join(all.presence, "ada", { origin: "socket-1", ttlMs });
    ada.updateCursor(at(1));
    ada.updateCursor(at(2));
    all.server.disconnect("socket-1");
    ada.release();
    await time.tickAsync(999);
    assertEquals(await namesIn(all.presence), ["ada"]);
    await time.tickAsync(1);
    assertEquals(await namesIn(all.presence), []);
  }
});

Deno.test("a session stays as long as it shows life and nobody takes it over, whatever others do (property)", async () => {
  const TTL_MS = 1_000;
  const step = fc.record({
    tab: fc.constantFrom("1", "2"),
    what: fc.constantFrom(
      "join",
      "move",
      "type",
      "refresh",
      "release",
      "leave",
    ),
    // Which of the sessions with the id.
    which: fc.nat(),
    workspaceId: fc.constantFrom("acme", "other", undefined),
    ms: fc.constantFrom(0, 10, 60, 400, 1_000, 6_000),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      using time = new FakeTime(0);
      using all = documents({ activityTimeoutMs: 300, idleTimeoutMs: 700 });
      const { presence, server } = all;
      const tabs = new Map<string, DocumentSession[]>();
      /** When the latest session of an id expires. */
      const until = new Map<string, number>();
      const over = new Set<DocumentSession>();
      for (const { tab, what, which, workspaceId, ms } of steps) {
        const sessions = tabs.get(tab) ?? [];
        tabs.set(tab, sessions);
        const session = sessions[which % Math.max(1, sessions.length)];
        const isPresent = session?.isPresent;
        if (what === "join") {
          sessions.push(
            await join(presence, "ada", {
              sessionId: tab,
              workspaceId,
              ttlMs: TTL_MS,
            }),
          );
          until.set(tab, Date.now() + TTL_MS);
        } else if (session !== undefined) {
          perform(session, what);
          if (isPresent && what === "leave") until.delete(tab);
          if (what === "leave" || what === "release") over.add(session);
          else if (isPresent) until.set(tab, Date.now() + TTL_MS);
        }
        await time.tickAsync(ms);

        const there = [...until]
          .filter(([, end]) => Date.now() < end)
          .map(([tab]) => tab);
        for (const [tab, sessions] of tabs) {
          for (const session of sessions) {
            const isLast = session === sessions.at(-1);
            const isThere = isLast && there.includes(tab) && !over.has(session);
            assertEquals(session.isPresent, isThere);
          }
        }
        const entries = server.store.snapshots();
        const last = there.map((tab) => tabs.get(tab)?.at(-1));
        assertEquals(
          entries.map(({ context }) => context).sort(),
          last.flatMap((session) => [
            "document:42",
            ...session?.workspaceId ? [`workspace:${session.workspaceId}`] : [],
          ]).sort(),
        );
      }
    }),
    { numRuns: RUNS },
  );
});

function perform(session: DocumentSession, what: string): void {
  try {
    if (what === "move") session.updateCursor(at(1));
    if (what === "type") session.typed();
    if (what === "refresh") session.refresh();
    if (what === "release") session.release();
    if (what === "leave") session[Symbol.dispose]();
  } catch (error) {
    if (!(error instanceof UserNotFoundError)) throw error;
  }
}
