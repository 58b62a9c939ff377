import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { InvalidValueError, restricted } from "../../core/mod.ts";
import {
  ContextAtCapacityError,
  PresenceServer,
  ServerClosedError,
} from "../mod.ts";
import { TopicPresence } from "../topics/mod.ts";
import {
  BackboneError,
  ChannelClosedError,
  colorOf,
  DocumentAtCapacityError,
  type DocumentModel,
  DocumentPresence,
  SerializationError,
  workspaceContext,
} from "./mod.ts";
import {
  at,
  documents,
  join,
  namesIn,
  serverWith,
  update,
  userOf,
  Watcher,
} from "./testing/harness.ts";

// In

Deno.test("DocumentPresence.join() begins online, in focus, viewing, and with no position", async () => {
  using _time = new FakeTime(1_000);
  using all = documents();
  const { presence } = all;
  const session = await presence.join("ada", {
    documentId: "42",
    workspaceId: "acme",
    name: "Ada",
    avatarUrl: "https://example.org/ada.png",
  });
  assertEquals(await presence.activeUsers("42"), {
    users: [{
      userId: "ada",
      documentId: "42",
      workspaceId: "acme",
      name: "Ada",
      avatarUrl: "https://example.org/ada.png",
      color: colorOf("ada"),
      online: true,
      typing: false,
      focused: true,
      activity: "viewing",
      viewport: null,
      cursor: null,
      selection: null,
      connectedAt: 1_000,
      lastActiveAt: 1_000,
      lastCursorUpdate: 1_000,
      sessions: 1,
    }],
    isComplete: true,
  });
  assertEquals(
    [session.userId, session.documentId, session.workspaceId, session.color],
    ["ada", "42", "acme", colorOf("ada")],
  );
  assert(session.isPresent);
});

Deno.test("DocumentPresence.join() publishes the facets of core, which topics and sockets show", async () => {
  using _time = new FakeTime(1_000);
  using all = documents();
  await join(all.presence, "ada", { sessionId: "tab", name: "Ada" });
  const topics = new TopicPresence(all.server);
  const meta = { name: "Ada", color: colorOf("ada"), session_id: "tab" };
  assertEquals(topics.list("document:42"), [{ key: "ada", metas: [meta] }]);
  const [entry] = all.server.store.snapshots({ context: "document:42" });
  assertEquals(entry?.visibility, "public");
  assertEquals(entry?.resource, "tab");
  assertEquals(entry?.facets, {
    availability: "available",
    activity: "observing",
    meta: { value: meta },
    focused: true,
    connectedAt: 1_000,
    lastActiveAt: 1_000,
    lastCursorUpdate: 1_000,
    workspace: "acme",
    visit: entry?.facets.visit,
  });
});

Deno.test("DocumentPresence.join() makes a session for each tab, and one person of all of them", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const first = await join(all.presence);
  const second = await join(all.presence);
  assert(first.sessionId !== second.sessionId);
  assertEquals(await namesIn(all.presence), ["ada"]);
  assertEquals((await userOf(all.presence))?.sessions, 2);
});

Deno.test("DocumentPresence.join() clears everything of a former session with the same id", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const former = await join(all.presence, "ada", { sessionId: "tab" });
  former.updateCursor(at(3), { anchor: at(1), head: at(3), isBackward: false });
  former.typed();
  former.release();
  await join(all.presence, "ada", {
    sessionId: "tab",
    workspaceId: undefined,
  });
  const user = await userOf(all.presence);
  assertEquals(
    [user?.sessions, user?.cursor, user?.selection, user?.typing],
    [1, null, null, false],
  );
  const [entry] = all.server.store.snapshots({ context: "document:42" });
  assertEquals(entry?.facets.workspace, undefined);
});

Deno.test("DocumentPresence.join() refuses malformed ids and times to live, and adds nobody", async () => {
  using all = documents();
  const { presence } = all;
  await assertRejects(
    // @ts-expect-error A caller without types.
    () => presence.join(7, { documentId: "42", name: "Ada" }),
    InvalidValueError,
    "userId",
  );
  for (
    const [field, options] of Object.entries({
      userId: { userId: "\ud800" },
      documentId: { documentId: "\ud800" },
      workspaceId: { workspaceId: "\ud800" },
      origin: { origin: "\ud800" },
      sessionId: { sessionId: "\ud800" },
      ttlMs: { ttlMs: 0 },
    })
  ) {
    const { userId = "ada", ...rest } = { userId: undefined, ...options };
    await assertRejects(
      () => join(presence, userId, rest),
      InvalidValueError,
      `Cannot join document: ${field} must be`,
    );
  }
  assertEquals(all.server.store.snapshots(), []);
});

Deno.test("DocumentPresence.join() reports what a name and a picture must be", async () => {
  using all = documents();
  const { presence } = all;
  const rule = "must be a well-formed string of at most 256 characters";
  await assertRejects(
    // @ts-expect-error A caller without types.
    () => presence.join("cy", { documentId: "1" }),
    InvalidValueError,
    `Cannot join document: name ${rule}: received undefined`,
  );
  await assertRejects(
    () => join(presence, "cy", { name: "x".repeat(257) }),
    InvalidValueError,
    `Cannot join document: name ${rule}: received "xxx`,
  );
  await assertRejects(
    // @ts-expect-error A caller without types.
    () => join(presence, "cy", { avatarUrl: 7 }),
    InvalidValueError,
    "Cannot join document: avatarUrl must be an http or https URL",
  );
  assertEquals(all.server.store.snapshots(), []);
});

Deno.test("DocumentPresence refuses text as a number", async () => {
  using all = documents();
  await assertRejects(
    // @ts-expect-error A caller without types.
    () => join(all.presence, "ada", { ttlMs: "3" }),
    InvalidValueError,
    'Cannot join document: ttlMs must be a number above 0: received "3"',
  );
  assertThrows(
    // @ts-expect-error A caller without types.
    () => new DocumentPresence(all.server, { cursorThrottleMs: "50" }),
    InvalidValueError,
    "Cannot create documents: cursorThrottleMs must be a positive number",
  );
});

Deno.test("DocumentPresence refuses questions with a malformed id", async () => {
  using all = documents();
  const { presence } = all;
  const questions: [string, (id: never) => unknown][] = [
    ["list users: documentId", (id) => presence.activeUsers(id)],
    ["list documents of user: userId", (id) => presence.documentsOf(id)],
    [
      "list documents of workspace: workspaceId",
      (id) => presence.activeDocuments(id),
    ],
    ["count users: documentIds[1]", (id) => presence.counts(["42", id])],
    ["watch document: documentId", (id) => presence.watch(id)],
    [
      "listen to document: documentId",
      (id) => presence.listen(id, { take: () => true, end() {}, fail() {} }),
    ],
  ];
  for (const [what, ask] of questions) {
    for (const id of [undefined, 3, "\ud800", ""]) {
      const error = await assertRejects(
        // @ts-expect-error A caller without types.
        async () => await ask(id),
        InvalidValueError,
        `Cannot ${what} must be a well-formed string that is not empty: received`,
      );
      assertEquals(error.value, id);
    }
  }
  await assertRejects(
    // @ts-expect-error A caller without types.
    () => presence.counts("42"),
    InvalidValueError,
    'Cannot count users: documentIds must be an array: received "42"',
  );
});

Deno.test("DocumentPresence.join() refuses a name and a picture that JSON can't carry", async () => {
  using all = documents();
  for (const field of ["name", "avatarUrl"]) {
    const error = await assertRejects(
      () => join(all.presence, "ada", { [field]: "\ud800" }),
      SerializationError,
      `Serialization error: cannot join document, JSON can't carry ${field}`,
    );
    assertEquals(error.field, field);
    assertInstanceOf(error.cause, InvalidValueError);
  }
  assertEquals(all.server.store.snapshots(), []);
});

Deno.test("a person has the workspace that they joined, however long its id is", async () => {
  using all = documents();
  const workspaceId = "w".repeat(1_000);
  await join(all.presence, "ada", { workspaceId });
  assertEquals((await userOf(all.presence))?.workspaceId, workspaceId);
});

// Capacity

Deno.test("a document has room for 1,000 people, and for another tab of each of them", async () => {
  using all = documents();
  const { presence } = all;
  for (let n = 0; n < 1_000; n++) await join(presence, `person-${n}`);
  const before = all.server.lastSequence;
  const error = await assertRejects(
    () => join(presence, "ada"),
    DocumentAtCapacityError,
    "Document at capacity: maximum 1000 users",
  );
  assertInstanceOf(error, ContextAtCapacityError);
  assertEquals(
    [error.documentId, error.context, error.maxSubjects],
    ["42", "document:42", 1_000],
  );
  assertEquals(all.server.lastSequence, before);
  await join(presence, "person-7");
  assertEquals((await userOf(presence, "person-7"))?.sessions, 2);
  // Other documents have room.
  await join(presence, "ada", { documentId: "43" });
});

Deno.test("a place is free again when a person leaves", async () => {
  using all = documents({ maxUsersPerDocument: 1 });
  const ada = await join(all.presence);
  await assertRejects(
    () => join(all.presence, "bob"),
    DocumentAtCapacityError,
    "Document at capacity: maximum 1 users",
  );
  ada[Symbol.dispose]();
  await join(all.presence, "bob");
});

Deno.test("only one of several simultaneous joins gets the last place", async () => {
  using all = documents({ maxUsersPerDocument: 2 });
  const names = ["ada", "bob", "cy", "dan"];
  const results = await Promise.allSettled(
    names.map((name) => join(all.presence, name)),
  );
  assertEquals(results.map(({ status }) => status), [
    "fulfilled",
    "fulfilled",
    "rejected",
    "rejected",
  ]);
  assertEquals(await namesIn(all.presence), ["ada", "bob"]);
});

Deno.test("a document is also full when the capacity of the server is reached", async () => {
  using all = documents({}, { maxSubjectsPerContext: 1 });
  await join(all.presence, "ada", { workspaceId: undefined });
  const error = await assertRejects(
    () => join(all.presence, "bob", { workspaceId: undefined }),
    DocumentAtCapacityError,
    "Document at capacity: maximum 1 users",
  );
  assertEquals(error.documentId, "42");
});

Deno.test("a full workspace is not reported as a full document", async () => {
  using all = documents({}, { maxSubjectsPerContext: 1 });
  await join(all.presence, "ada");
  const error = await assertRejects(
    () => join(all.presence, "bob", { documentId: "43" }),
    ContextAtCapacityError,
  );
  assertFalse(error instanceof DocumentAtCapacityError);
  assertEquals(await namesIn(all.presence, "43"), []);
});

// Out

Deno.test("a session leaves when it is disposed of, and later calls do nothing", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const watcher = await Watcher.begin(all.presence);
  const session = await join(all.presence);
  session[Symbol.dispose]();
  assertFalse(session.isPresent);
  assertEquals(all.server.store.snapshots(), []);
  session[Symbol.dispose]();
  session.release();
  assertEquals(await watcher.told(), ["ada joined", "ada left"]);

  // Nor does it remove the later session with the same id.
  const other = await join(all.presence, "ada", { sessionId: "tab" });
  other[Symbol.dispose]();
  await join(all.presence, "ada", { sessionId: "tab" });
  other[Symbol.dispose]();
  assertEquals(await namesIn(all.presence), ["ada"]);
});

Deno.test("a person leaves with their last session", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const tabs = [await join(all.presence), await join(all.presence)];
  const watcher = await Watcher.begin(all.presence);
  tabs[0]?.[Symbol.dispose]();
  assertEquals(await watcher.told(), []);
  tabs[1]?.[Symbol.dispose]();
  assertEquals(await watcher.told(), ["ada left"]);
});

Deno.test("DocumentPresence.activeUsers() lists people in the order of their ids; none for an empty document", async () => {
  using all = documents();
  for (const name of ["zoe", "ada", "__proto__"]) {
    await join(all.presence, name);
  }
  assertEquals(await namesIn(all.presence), ["__proto__", "ada", "zoe"]);
  assertEquals(await all.presence.activeUsers("43"), {
    users: [],
    isComplete: true,
  });
});

Deno.test("DocumentPresence.documentsOf() lists the documents of a person, with the last activity", async () => {
  using time = new FakeTime(1_000);
  using all = documents();
  const { presence } = all;
  const tab = await join(presence, "ada", { documentId: "b" });
  await join(presence, "ada", { documentId: "b" });
  await join(presence, "ada", { documentId: "a", workspaceId: undefined });
  await join(presence, "bob", { documentId: "c" });
  await time.tickAsync(500);
  tab.updateViewport({ topLine: 0, bottomLine: 40, scrollPercentage: 0 });
  assertEquals(await presence.documentsOf("ada"), {
    documents: [
      { documentId: "a", lastActiveAt: 1_000 },
      { documentId: "b", lastActiveAt: 1_500 },
    ],
    isComplete: true,
  });
  assertEquals((await presence.documentsOf("nobody")).documents, []);
});

Deno.test("DocumentPresence.activeDocuments() lists the documents of a workspace that have people", async () => {
  using time = new FakeTime(1_000);
  using all = documents();
  const { presence } = all;
  await join(presence, "ada", { documentId: "b" });
  await join(presence, "ada", { documentId: "b" });
  const bob = await join(presence, "bob", { documentId: "b" });
  const last = await join(presence, "bob", { documentId: "a" });
  await join(presence, "cy", { documentId: "c", workspaceId: "other" });
  await join(presence, "dan", { documentId: "d", workspaceId: undefined });
  await time.tickAsync(9_000);
  bob.updateCursor(at(1));
  assertEquals(await presence.activeDocuments("acme"), {
    documents: [
      { documentId: "a", users: 1, lastActiveAt: 1_000 },
      { documentId: "b", users: 2, lastActiveAt: 10_000 },
    ],
    isComplete: true,
  });
  last[Symbol.dispose]();
  const { documents: left } = await presence.activeDocuments("acme");
  assertEquals(left.map(({ documentId }) => documentId), ["b"]);
  assertEquals((await presence.activeDocuments("none")).documents, []);
});

Deno.test("a workspace receives an activity within five seconds, however many there are", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const ada = await join(all.presence);
  const workspace = all.server.watch({ context: workspaceContext("acme") });
  await workspace.next();
  for (let n = 0; n < 98; n++) {
    ada.updateCursor(at(n));
    await time.tickAsync(100);
  }
  const { lastSequence } = all.server;
  await time.tickAsync(5_000);
  const { documents: [document] } = await all.presence.activeDocuments("acme");
  assertEquals(document?.lastActiveAt, 9_700);
  const { value: batch } = await workspace.next();
  assert(batch?.type === "changes");
  assertEquals(batch.changes.length, 2);
  // The last one was published by a timer.
  assertEquals(all.server.lastSequence, lastSequence + 1);
});

Deno.test("DocumentPresence.counts() counts people in all documents at once; 0 for an empty one", async () => {
  using all = documents();
  await join(all.presence, "ada");
  await join(all.presence, "ada");
  await join(all.presence, "bob");
  assertEquals(await all.presence.counts(["42", "__proto__", "42"]), {
    counts: new Map([["42", 2], ["__proto__", 0]]),
    isComplete: true,
  });
  assertEquals((await all.presence.counts([])).counts, new Map());
});

Deno.test("DocumentPresence.counts() asks once for a repeated document", async () => {
  using all = documents();
  await join(all.presence, "ada");
  const asked: unknown[] = [];
  using presence = new DocumentPresence(serverWith(all.server, {
    count(contexts, viewer) {
      asked.push(contexts);
      return all.server.count(contexts, viewer);
    },
  }));
  const { counts } = await presence.counts(["42", "42", "43", "42"]);
  assertEquals([...counts], [["42", 1], ["43", 0]]);
  assertEquals(asked, [["document:42", "document:43"]]);
});

// Other faces

Deno.test("an entry of another face in a document is a person", async () => {
  using _time = new FakeTime(5_000);
  using all = documents();
  all.server.receive(update({
    subject: "robot",
    observedAt: 4_000,
    facets: { activity: "acting" },
  }));
  const robot = await userOf(all.presence, "robot");
  assertEquals(robot, {
    userId: "robot",
    documentId: "42",
    workspaceId: null,
    name: "robot",
    avatarUrl: null,
    color: colorOf("robot"),
    online: true,
    typing: false,
    focused: false,
    activity: "viewing",
    viewport: null,
    cursor: null,
    selection: null,
    connectedAt: 4_000,
    lastActiveAt: 4_000,
    lastCursorUpdate: null,
    sessions: 1,
  });
});

Deno.test("an entry of another face that is offline is not online", async () => {
  using all = documents();
  all.server.receive(update({ facets: { availability: "offline" } }));
  assertFalse((await userOf(all.presence))?.online);
  all.server.receive(update({ facets: { availability: "unknown" } }));
  assert((await userOf(all.presence))?.online);
});

Deno.test("an entry that is not public is in no document, for any reader", async () => {
  using all = documents();
  const { server, presence } = all;
  const watcher = await Watcher.begin(presence);
  server.receive(update({ subject: "spy", visibility: "private" }));
  server.receive(
    update({ subject: "member", visibility: restricted("members") }),
  );
  assertEquals(await namesIn(presence), []);
  assertEquals((await presence.documentsOf("spy")).documents, []);
  assertEquals((await presence.counts(["42"])).counts.get("42"), 0);
  server.receive(update({ subject: "spy" }));
  server.receive(update({ subject: "spy", visibility: "private" }));
  server.receive(update({ subject: "member" }));
  assertEquals(await watcher.told(), ["member joined"]);
  server.receive(update({ subject: "member", visibility: "private" }));
  assertEquals(await watcher.told(), ["member left"]);
});

Deno.test("malformed facets count as absent", async () => {
  using time = new FakeTime(5_000);
  const junk = [
    "x",
    7,
    true,
    [],
    {},
    { line: -1, column: 0, offset: 0 },
    { line: 0.5, column: 0, offset: 0 },
    { line: 0, column: "0", offset: 0 },
    { anchor: {}, head: {}, isBackward: false },
    { anchor: at(0), head: at(1), isBackward: 0 },
    { topLine: 3, bottomLine: 1, scrollPercentage: 0 },
    { topLine: 3, bottomLine: 4, scrollPercentage: 101 },
    { value: { name: 7, avatar_url: {} } },
    { value: "text" },
    { value: null },
    Infinity,
  ];
  for (const value of junk) {
    using all = documents();
    const watcher = await Watcher.begin(all.presence);
    const names = [
      "meta",
      "cursor",
      "selection",
      "viewport",
      "focused",
      "connectedAt",
      "lastActiveAt",
      "lastCursorUpdate",
      "workspace",
    ].filter((name) =>
      !(name === "focused" && value === true) &&
      !(typeof value === "number" && isFinite(value) && /At|Up/.test(name))
    );
    const facets = Object.fromEntries(names.map((name) => [name, value]));
    all.server.receive(update({ facets: { ...facets } }));
    const user = await userOf(all.presence);
    assertEquals({ ...user, lastCursorUpdate: 0, color: "" }, {
      userId: "ada",
      documentId: "42",
      workspaceId: value === "x" ? "x" : null,
      name: "ada",
      avatarUrl: null,
      color: "",
      online: true,
      typing: false,
      focused: false,
      activity: "viewing",
      viewport: null,
      cursor: null,
      selection: null,
      connectedAt: 5_000,
      lastActiveAt: 5_000,
      lastCursorUpdate: 0,
      sessions: 1,
    }, JSON.stringify(value));
    assertEquals(await watcher.told(), ["ada joined"]);
    // It belongs to no workspace either.
    all.server.receive(
      update({
        context: workspaceContext("acme"),
        facets: { ...Object.fromEntries([["document", value]]) },
      }),
    );
    const { documents: active } = await all.presence.activeDocuments("acme");
    assertEquals(active.length, value === "x" ? 1 : 0);
    await time.tickAsync(0);
  }
});

// Errors

Deno.test("DocumentPresence reports that the other servers can't be asked", async () => {
  using all = documents();
  const cause = new Error("lost");
  const fail = () => Promise.reject(cause);
  const broken = serverWith(all.server, {
    follow: fail,
    locate: fail,
    count: fail,
  });
  const presence = new DocumentPresence(broken);
  const calls = [
    () => join(presence),
    () => presence.activeUsers("42"),
    () => presence.documentsOf("ada"),
    () => presence.activeDocuments("acme"),
    () => presence.counts(["42"]),
  ];
  for (const call of calls) {
    const error = await assertRejects(
      call,
      BackboneError,
      "Backbone error: cannot ",
    );
    assertEquals(error.cause, cause);
  }
  assertEquals(all.server.store.snapshots(), []);
});

Deno.test("DocumentPresence reports an incomplete answer", async () => {
  using all = documents();
  const partial = serverWith(all.server, {
    follow: () => Promise.resolve(false),
    locate: () =>
      Promise.resolve({ snapshots: [], isComplete: false, missing: ["b"] }),
    count: () =>
      Promise.resolve({
        subjects: new Map(),
        isComplete: false,
        missing: ["b"],
      }),
  });
  using presence = new DocumentPresence(partial);
  // A join succeeds all the same.
  await join(presence);
  const answers = [
    await presence.activeUsers("42"),
    await presence.documentsOf("ada"),
    await presence.activeDocuments("acme"),
    await presence.counts(["42"]),
  ];
  assertEquals(answers.map(({ isComplete }) => isComplete), [
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("DocumentPresence refuses every call once its server is closed", async () => {
  using all = documents();
  const { presence, server } = all;
  const session = await join(presence);
  const watcher = await Watcher.begin(presence);
  server[Symbol.dispose]();
  const calls = [
    () => join(presence),
    () => presence.activeUsers("42"),
    () => presence.documentsOf("ada"),
    () => presence.activeDocuments("acme"),
    () => presence.counts(["42"]),
    async () => await session.typed(),
    async () => await session.updateCursor(at(1)),
    async () => await session.setFocused(true),
  ];
  for (const call of calls) {
    const error = await assertRejects(
      call,
      ChannelClosedError,
      "Broadcast channel closed: cannot ",
    );
    assertInstanceOf(error.cause, ServerClosedError);
  }
  assertFalse(session.isPresent);
  assertFalse(session.refresh());
  session.release();
  session[Symbol.dispose]();
  assertEquals(await watcher.told(), []);
  assert(watcher.reader.done);
  assertEquals(await presence.watch("42").next(), {
    done: true,
    value: undefined,
  });
  assert(presence.closed);
});

Deno.test("DocumentPresence ends its sessions when it is disposed of, and the server continues", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const other = new DocumentPresence(server);
  const session = await join(presence);
  session.typed();
  await join(other, "bob");
  const watcher = await Watcher.begin(presence);
  presence[Symbol.dispose]();
  presence[Symbol.dispose]();
  await watcher.told();
  assert(watcher.reader.done);
  assertFalse(session.isPresent);
  assertEquals(await namesIn(other), ["bob"]);
  const calls = [
    () => join(presence),
    async () => await session.typed(),
    async () => await session.stoppedTyping(),
    async () => await session.updateCursor(at(1)),
    async () => await session.setFocused(true),
  ];
  for (const call of calls) {
    const error = await assertRejects(call, ChannelClosedError);
    assertEquals(error.cause, undefined);
  }
  assertFalse(session.refresh());
  await time.tickAsync(1_000_000);
  assertEquals(await namesIn(other), ["bob"]);
});

Deno.test("a DocumentPresence that is closed during a join adds nobody", async () => {
  using all = documents();
  const follows = Promise.withResolvers<boolean>();
  const presence = new DocumentPresence(
    serverWith(all.server, { follow: () => follows.promise }),
  );
  const coming = join(presence);
  presence[Symbol.dispose]();
  follows.resolve(true);
  await assertRejects(() => coming, ChannelClosedError);
  assertEquals(all.server.store.snapshots(), []);
});

Deno.test("join() adds nobody if its signal is aborted while other servers are asked", async () => {
  using all = documents();
  const follows = Promise.withResolvers<boolean>();
  using presence = new DocumentPresence(
    serverWith(all.server, { follow: () => follows.promise }),
  );
  const gone = new AbortController();
  const { signal } = gone;
  const coming = presence.join("ada", { documentId: "1", name: "Ada", signal });
  const reason = new RangeError("they are gone");
  gone.abort(reason);
  follows.resolve(true);
  await assertRejects(() => coming, RangeError, "they are gone");
  assertEquals(all.server.lastSequence, 0, "nobody has seen them");
});

Deno.test("join() ignores its signal once the session has begun", async () => {
  using all = documents();
  const gone = new AbortController();
  const { signal } = gone;
  const session = await all.presence
    .join("ada", { documentId: "1", name: "Ada", signal });
  gone.abort();
  assert(session.isPresent);
});

Deno.test("DocumentPresence refuses options that are out of range", () => {
  using server = new PresenceServer<DocumentModel>();
  const bad = [
    { cursorThrottleMs: 0 },
    { cursorThrottleMs: 2 ** 31 },
    { typingDebounceMs: NaN },
    { presenceTtlSeconds: 0 },
    { activityTimeoutMs: -1 },
    { activityTimeoutMs: 300_000 },
    { idleTimeoutMs: Infinity },
    { maxUsersPerDocument: 0 },
    { maxPendingEvents: 0 },
  ];
  for (const options of bad) {
    let error: unknown;
    try {
      new DocumentPresence(server, options);
    } catch (thrown) {
      error = thrown;
    }
    assertInstanceOf(error, InvalidValueError, JSON.stringify(options));
    assert(error.message.startsWith("Cannot create documents: "));
  }
});
