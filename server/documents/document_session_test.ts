import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { InvalidValueError } from "../../core/mod.ts";
import {
  type Cursor,
  type DocumentActivity,
  type DocumentPresence,
  type DocumentSession,
  type DocumentUser,
  UserNotFoundError,
} from "./mod.ts";
import {
  at,
  documents,
  from,
  join,
  namesIn,
  update,
  userOf,
  Watcher,
} from "./testing/harness.ts";

const VIEWPORT = { topLine: 0, bottomLine: 40, scrollPercentage: 12.5 };

/** Ada in a document that is watched. */
async function watched(
  presence: DocumentPresence,
): Promise<[DocumentSession, Watcher]> {
  const ada = await join(presence);
  return [ada, await Watcher.begin(presence)];
}

async function activityOf(
  presence: DocumentPresence,
): Promise<DocumentActivity | undefined> {
  return (await userOf(presence))?.activity;
}

// Cursors

Deno.test("DocumentSession.updateCursor() publishes one position per 50 ms, and always the last", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  ada.updateCursor(at(1));
  assertEquals(await watcher.told(), ["ada at 1"]);
  for (let line = 2; line < 10; line++) {
    ada.updateCursor(at(line));
    await time.tickAsync(5);
  }
  assertEquals(await watcher.told(), []);
  await time.tickAsync(9);
  assertEquals(await watcher.told(), []);
  await time.tickAsync(1);
  assertEquals(await watcher.told(), ["ada at 9"]);
  await time.tickAsync(1_000);
  assertEquals(await watcher.told(), []);
  ada.updateCursor(at(10));
  assertEquals(await watcher.told(), ["ada at 10"]);
});

Deno.test("DocumentSession.updateCursor() throttles each session separately, by the option", async () => {
  using time = new FakeTime(0);
  using all = documents({ cursorThrottleMs: 10 });
  const [ada, watcher] = await watched(all.presence);
  const bob = await join(all.presence, "bob");
  await watcher.told();
  ada.updateCursor(at(1));
  bob.updateCursor(at(2));
  ada.updateCursor(at(3));
  assertEquals(await watcher.told(), ["ada at 1", "bob at 2"]);
  await time.tickAsync(10);
  assertEquals(await watcher.told(), ["ada at 3"]);
});

Deno.test("DocumentSession.updateCursor() selects with a selection, and clears it without one", async () => {
  using time = new FakeTime(1_000);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  await time.tickAsync(50);
  ada.updateCursor(at(9), from(3, 9));
  assertEquals(await watcher.told(), [
    "ada at 9 from 3 to 9",
    "ada is selecting",
  ]);
  const user = await userOf(all.presence);
  assertEquals(user?.selection, from(3, 9));
  assertEquals([user?.lastActiveAt, user?.lastCursorUpdate], [1_050, 1_050]);
  const [entry] = all.server.store.snapshots({ context: "document:42" });
  assertEquals(entry?.facets.activity, { custom: "selecting" });

  await time.tickAsync(50);
  ada.updateCursor(at(9));
  assertEquals(await watcher.told(), ["ada at 9", "ada is viewing"]);
  assertEquals((await userOf(all.presence))?.selection, null);
  const [cleared] = all.server.store.snapshots({ context: "document:42" });
  assertEquals(cleared?.facets.activity, "observing");
  assertFalse("selection" in (cleared?.facets ?? {}));
});

Deno.test("DocumentSession.updateCursor() treats an empty selection as none", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  ada.updateCursor(at(1), from(1, 1));
  assertEquals(await watcher.told(), ["ada at 1"]);
  ada.typed();
  await time.tickAsync(50);
  ada.updateCursor(at(2), from(2, 2));
  assertEquals(await watcher.told(), [
    "ada types",
    "ada is editing",
    "ada at 2",
  ]);
  await time.tickAsync(50);
  ada.updateCursor(at(3), from(2, 3));
  await time.tickAsync(50);
  ada.updateCursor(at(3), from(3, 3));
  await watcher.told();
  const user = await userOf(all.presence);
  assertEquals([user?.activity, user?.selection], ["editing", null]);
});

Deno.test("DocumentSession.updateCursor() copies the position without unknown fields", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const ada = await join(all.presence);
  const cursor = { line: 1, column: 2, offset: 3, secret: "x" };
  ada.updateCursor(cursor);
  ada.updateCursor(cursor);
  cursor.line = 7;
  await time.tickAsync(50);
  assertEquals((await userOf(all.presence))?.cursor, {
    line: 1,
    column: 2,
    offset: 3,
  });
});

Deno.test("DocumentSession.updateCursor() refuses a malformed position and changes nothing", async () => {
  using time = new FakeTime(1_000);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  await time.tickAsync(10);
  const bad = { ...at(1), line: -1 };
  assertThrows(
    () => ada.updateCursor(bad),
    InvalidValueError,
    "Cannot move cursor: cursor.line must be a whole number of zero or more: received -1",
  );
  assertThrows(
    () => ada.updateCursor(at(1), { ...from(1, 2), head: bad }),
    InvalidValueError,
    "Cannot move cursor: selection.head.line must be",
  );
  // @ts-expect-error A caller without types.
  assertThrows(() => ada.updateCursor("x"), InvalidValueError, "cursor must");
  assertThrows(
    // @ts-expect-error A caller without types.
    () => ada.updateCursor(at(1), { anchor: at(1), head: at(2) }),
    InvalidValueError,
    "selection.isBackward must be true or false",
  );
  assertEquals(await watcher.told(), []);
  assertEquals((await userOf(all.presence))?.lastActiveAt, 1_000);
});

Deno.test("onCursorUpdate receives how long each published position has waited", async () => {
  using time = new FakeTime(0);
  const latencies: number[] = [];
  using all = documents({
    onCursorUpdate: (latencyMs) => latencies.push(latencyMs),
  });
  const ada = await join(all.presence);
  ada.updateCursor(at(1));
  await time.tickAsync(10);
  ada.updateCursor(at(2));
  await time.tickAsync(15);
  ada.updateCursor(at(3));
  await time.tickAsync(100);
  assertEquals(latencies, [0, 25]);
});

// Typing

Deno.test("DocumentSession.typed() starts typing and editing at once, until 500 ms after the last key", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  ada.typed();
  assertEquals(await watcher.told(), ["ada types", "ada is editing"]);
  for (let key = 0; key < 10; key++) {
    await time.tickAsync(130);
    ada.typed();
  }
  assertEquals(await watcher.told(), []);
  await time.tickAsync(499);
  assertEquals(await watcher.told(), []);
  await time.tickAsync(1);
  assertEquals(await watcher.told(), ["ada pauses", "ada is viewing"]);
  const user = await userOf(all.presence);
  assertEquals(user?.lastActiveAt, 1_300);
  await time.tickAsync(1_000);
  assertEquals(await watcher.told(), []);
});

Deno.test("typing ends 500 ms after the last key even when the tab and its timers are gone", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  ada.typed();
  await time.tickAsync(60);
  ada.typed();
  ada.release();
  await watcher.told();
  await time.tickAsync(499);
  assert((await userOf(all.presence))?.typing);
  await time.tickAsync(1);
  const user = await userOf(all.presence);
  assertEquals([user?.typing, user?.activity], [false, "viewing"]);
  assertEquals(await watcher.told(), ["ada pauses", "ada is viewing"]);
});

Deno.test("typing ends after the time of the option, however short it is beside the throttle", async () => {
  using time = new FakeTime(0);
  using all = documents({ typingDebounceMs: 20, cursorThrottleMs: 1_000 });
  const [ada, watcher] = await watched(all.presence);
  for (let key = 0; key < 20; key++) {
    ada.typed();
    await time.tickAsync(15);
  }
  assertEquals(await watcher.told(), ["ada types", "ada is editing"]);
  await time.tickAsync(5);
  assertEquals(await watcher.told(), ["ada pauses", "ada is viewing"]);
});

Deno.test("a person who types again right after stopping is typing at once", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  ada.typed();
  ada.setFocused(false, { hidden: true });
  await watcher.told();
  await time.tickAsync(10);
  ada.typed();
  assertEquals(await watcher.told(), ["ada types", "ada is editing"]);
});

Deno.test("a cursor that moves during typing does not end the editing", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  ada.typed();
  ada.updateCursor(at(1));
  assertEquals(await watcher.told(), [
    "ada at 1",
    "ada types",
    "ada is editing",
  ]);
  await time.tickAsync(400);
  ada.updateCursor(at(2));
  assertEquals(await watcher.told(), ["ada at 2"]);
  // Nor does it extend the typing.
  await time.tickAsync(100);
  assertEquals(await watcher.told(), ["ada pauses", "ada is viewing"]);
});

Deno.test("a person who selects during typing is selecting, and stays so when typing ends", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  ada.typed();
  assertEquals(await watcher.told(), ["ada types", "ada is editing"]);
  await time.tickAsync(10);
  ada.typed();
  ada.updateCursor(at(4), from(1, 4));
  await time.tickAsync(60);
  assertEquals(await watcher.told(), [
    "ada at 4 from 1 to 4",
    "ada is selecting",
  ]);
  await time.tickAsync(1_000);
  assertEquals(await watcher.told(), ["ada pauses"]);
  assertEquals(await activityOf(all.presence), "selecting");
});

Deno.test("DocumentSession.stoppedTyping() ends typing at once and is no activity", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  ada.typed();
  await time.tickAsync(10);
  ada.typed();
  await watcher.told();
  ada.stoppedTyping();
  assertEquals(await watcher.told(), ["ada pauses", "ada is viewing"]);
  await time.tickAsync(1_000);
  ada.stoppedTyping();
  assertEquals(await watcher.told(), []);
  assertEquals((await userOf(all.presence))?.lastActiveAt, 0);
});

Deno.test("a throttled selection does not undo a later key", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada] = await watched(all.presence);
  ada.updateCursor(at(1));
  ada.updateCursor(at(4), from(1, 4));
  ada.typed();
  await time.tickAsync(60);
  assertEquals(await activityOf(all.presence), "editing");
  ada.updateCursor(at(4));
  await time.tickAsync(500);
  assertEquals(await activityOf(all.presence), "viewing");
});

// Viewport and focus

Deno.test("DocumentSession.updateViewport() publishes at once", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  await time.tickAsync(10);
  ada.updateViewport(VIEWPORT);
  ada.updateViewport({ ...VIEWPORT, topLine: 7 });
  assertEquals(await watcher.told(), ["ada sees 7"]);
  const user = await userOf(all.presence);
  assertEquals(user?.viewport, { ...VIEWPORT, topLine: 7 });
  assertEquals(user?.lastActiveAt, 10);
  const bad = [
    { ...VIEWPORT, topLine: 41 },
    { ...VIEWPORT, topLine: 0.5 },
    { ...VIEWPORT, scrollPercentage: 100.1 },
    { ...VIEWPORT, scrollPercentage: NaN },
  ];
  for (const viewport of bad) {
    assertThrows(
      () => ada.updateViewport(viewport),
      InvalidValueError,
      "Cannot update viewport: viewport.",
    );
  }
  assertEquals(await watcher.told(), []);
});

Deno.test("DocumentSession.setFocused() changes the state", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  await time.tickAsync(10);
  ada.setFocused(false);
  assertEquals(await watcher.told(), []);
  const user = await userOf(all.presence);
  assertEquals([user?.focused, user?.lastActiveAt], [false, 0]);
  const other = await join(all.presence);
  assert((await userOf(all.presence))?.focused);
  other.setFocused(false);
  assertFalse((await userOf(all.presence))?.focused);
});

// Idle and away

Deno.test("a person is idle after 30 s and away after 300 s, with one event each, and back by any activity", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const [ada, watcher] = await watched(presence);
  const acts = [
    () => ada.updateCursor(at(1)),
    () => ada.typed(),
    () => ada.updateViewport(VIEWPORT),
    () => ada.setFocused(true),
  ];
  for (const act of acts) {
    act();
    await time.tickAsync(1_000);
    await watcher.told();
    await time.tickAsync(28_999);
    assertEquals(await watcher.told(), []);
    await time.tickAsync(1);
    assertEquals(await watcher.told(), ["ada is idle"]);
    const [idle] = server.store.snapshots({ context: "document:42" });
    assertEquals(
      [idle?.facets.activity, idle?.facets.availability],
      ["idle", "available"],
    );
    await time.tickAsync(269_999);
    assertEquals(await watcher.told(), []);
    await time.tickAsync(1);
    assertEquals(await watcher.told(), ["ada is away"]);
    const [away] = server.store.snapshots({ context: "document:42" });
    assertEquals(
      [away?.facets.activity, away?.facets.availability],
      ["idle", "away"],
    );
    await time.tickAsync(1_000_000);
    assertEquals(await watcher.told(), []);
    assert((await userOf(presence))?.online);
    act();
    const told = await watcher.told();
    const activity = act === acts[1] ? "editing" : "viewing";
    assert(told.includes(`ada is ${activity}`), `${told}`);
  }
});

Deno.test("a person is idle and away after the times of the options", async () => {
  using time = new FakeTime(0);
  using all = documents({ activityTimeoutMs: 10, idleTimeoutMs: 30 });
  const [, watcher] = await watched(all.presence);
  await time.tickAsync(10);
  assertEquals(await watcher.told(), ["ada is idle"]);
  await time.tickAsync(20);
  assertEquals(await watcher.told(), ["ada is away"]);
});

Deno.test("a refresh is no activity", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  await time.tickAsync(29_000);
  assert(ada.refresh());
  await time.tickAsync(1_000);
  assertEquals(await watcher.told(), ["ada is idle"]);
});

Deno.test("a hidden tab is away at once, still present, and no longer typing", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  ada.typed();
  ada.typed();
  ada.updateCursor(at(1));
  ada.updateCursor(at(2));
  await watcher.told();
  ada.setFocused(false, { hidden: true });
  assertEquals(await watcher.told(), ["ada pauses", "ada is away"]);
  // The earlier report is published, but is no new activity.
  await time.tickAsync(50);
  assertEquals(await watcher.told(), ["ada at 2"]);
  await time.tickAsync(3_600_000);
  assertEquals(await watcher.told(), []);
  assert(ada.isPresent);
  ada.setFocused(true);
  assertEquals(await watcher.told(), ["ada is viewing"]);
});

Deno.test("losing the focus is no activity: neither idle nor away ends, and the last activity stays", async () => {
  const leave = [
    (ada: DocumentSession) => ada.setFocused(false),
    (ada: DocumentSession) => ada.setFocused(false, { hidden: true }),
    (ada: DocumentSession) => {
      ada.setFocused(false);
      ada.setFocused(false, { hidden: true });
      ada.setFocused(false, { hidden: true });
    },
  ];
  for (const leaves of leave) {
    for (const [silentMs, state] of [[40_000, "idle"], [600_000, "away"]]) {
      using time = new FakeTime(0);
      using all = documents();
      const ada = await join(all.presence);
      await time.tickAsync(1_000);
      ada.updateCursor(at(1));
      await time.tickAsync(Number(silentMs));
      assertEquals(await activityOf(all.presence), state);
      leaves(ada);
      const user = await userOf(all.presence);
      assert(user?.activity === state || user?.activity === "away");
      assertEquals([user?.focused, user?.lastActiveAt], [false, 1_000]);
      ada.setFocused(true);
      const back = await userOf(all.presence);
      const now = 1_000 + Number(silentMs);
      assertEquals([back?.activity, back?.lastActiveAt], ["viewing", now]);
    }
  }
});

Deno.test("becoming visible is an activity, and so is a repeated report without the focus", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const ada = await join(all.presence);
  const state = async () => {
    const user = await userOf(all.presence);
    return [user?.activity, user?.lastActiveAt];
  };
  ada.setFocused(false, { hidden: true });
  await time.tickAsync(40_000);
  assertEquals(await state(), ["away", 0]);
  ada.setFocused(false);
  assertEquals(await state(), ["viewing", 40_000]);
  await time.tickAsync(30_000);
  assertEquals(await state(), ["idle", 40_000]);
  ada.setFocused(false);
  assertEquals(await state(), ["viewing", 70_000]);
});

Deno.test("a tab that reports again that it is hidden stays away, without an event", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  ada.setFocused(false, { hidden: true });
  ada.setFocused(false, { hidden: true });
  assertEquals(await watcher.told(), ["ada is away"]);
  ada.updateCursor(at(1));
  assertEquals(await watcher.told(), ["ada at 1", "ada is viewing"]);
});

Deno.test("a person who returns to their selection is selecting", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  ada.updateCursor(at(2), from(1, 2));
  await time.tickAsync(30_000);
  await watcher.told();
  ada.updateViewport(VIEWPORT);
  assertEquals(await watcher.told(), ["ada sees 0", "ada is selecting"]);
});

// Several tabs

Deno.test("the most active tab counts, and of equal ones the one that was active last", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const first = await join(presence);
  await time.tickAsync(1_000);
  const second = await join(presence, "ada", { name: "Another name" });
  const summary = async (): Promise<Partial<DocumentUser>> => {
    const user = await userOf(presence);
    return { activity: user?.activity, cursor: user?.cursor };
  };
  const shows = async (activity: DocumentActivity, cursor: Cursor | null) =>
    assertEquals(await summary(), { activity, cursor });
  await time.tickAsync(1);
  first.updateCursor(at(1));
  await shows("viewing", at(1));
  await time.tickAsync(1);
  second.updateCursor(at(2));
  await shows("viewing", at(2));
  second.updateCursor(at(3));
  await time.tickAsync(50);
  await shows("viewing", at(3));
  first.updateCursor(at(4), from(1, 4));
  await time.tickAsync(50);
  second.updateCursor(at(5));
  await shows("selecting", at(4));
  second.typed();
  await shows("editing", at(5));
  await time.tickAsync(500);
  await shows("selecting", at(4));
  // Away counts less than idle, although it was reported later.
  await time.tickAsync(29_480);
  second.setFocused(false, { hidden: true });
  await time.tickAsync(100);
  await shows("idle", at(4));

  const user = await userOf(presence);
  assertEquals(
    [user?.connectedAt, user?.lastActiveAt, user?.lastCursorUpdate],
    [0, 1_102, 1_102],
  );
  // The name of a person does not depend on what they do.
  assertEquals(user?.name, "ADA");
});

Deno.test("a new tab takes away neither the cursor nor the viewport", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const [ada, watcher] = await watched(all.presence);
  ada.updateCursor(at(2), from(1, 2));
  ada.updateViewport(VIEWPORT);
  ada.setFocused(false, { hidden: true });
  await watcher.told();
  await time.tickAsync(1_000);
  const other = await join(all.presence);
  assertEquals(await watcher.told(), ["ada is viewing"]);
  const user = await userOf(all.presence);
  assertEquals(
    [user?.cursor, user?.selection, user?.viewport],
    [at(2), from(1, 2), VIEWPORT],
  );
  other.updateCursor(at(7));
  assertEquals(await watcher.told(), ["ada at 7"]);
  assertEquals((await userOf(all.presence))?.viewport, VIEWPORT);
});

Deno.test("a person has the name of the session that began first", async () => {
  using _time = new FakeTime(5_000);
  const named = (name: string, connectedAt: number) =>
    update({
      origin: name,
      facets: { meta: { value: { name } }, connectedAt },
    });
  using all = documents();
  all.server.receive(named("later", 2_000));
  all.server.receive(named("first", 1_000));
  all.server.receive(named("last", 3_000));
  const user = await userOf(all.presence);
  assertEquals([user?.name, user?.connectedAt], ["first", 1_000]);
});

Deno.test("the summary of a person does not depend on the order of the entries", async () => {
  using _time = new FakeTime(0);
  const entries = ["c", "a", "b"].map((origin) =>
    update({ origin, facets: { cursor: at(origin.charCodeAt(0)) } })
  );
  for (const order of [entries, entries.toReversed()]) {
    using all = documents();
    for (const entry of order) all.server.receive(entry);
    assertEquals((await userOf(all.presence))?.cursor, at(97));
  }
});

// Times to live

Deno.test("a session without a sign of life is gone after 30 s, whatever its timers publish", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const ada = await join(presence, "ada", { ttlMs: undefined });
  const watcher = await Watcher.begin(presence);
  await time.tickAsync(10_000);
  // The end of typing and the last position are no signs of life.
  ada.typed();
  ada.updateCursor(at(1));
  ada.updateCursor(at(2));
  await watcher.told();
  await time.tickAsync(29_999);
  assert(ada.isPresent);
  await watcher.told();
  await time.tickAsync(1);
  assertFalse(ada.isPresent);
  assertEquals(await watcher.told(), ["ada left"]);
  assertEquals(all.server.store.snapshots(), []);
});

Deno.test("a session lives as long as the option of its presence or its join says", async () => {
  using time = new FakeTime(0);
  using all = documents({ presenceTtlSeconds: 2 });
  await join(all.presence, "ada", { ttlMs: undefined });
  await join(all.presence, "bob", { ttlMs: 500 });
  await join(all.presence, "cy", { ttlMs: Infinity });
  await time.tickAsync(500);
  assertEquals(await namesIn(all.presence), ["ada", "cy"]);
  await time.tickAsync(1_500);
  assertEquals(await namesIn(all.presence), ["cy"]);
  await time.tickAsync(3_600_000);
  assertEquals(await namesIn(all.presence), ["cy"]);
});

Deno.test("DocumentSession.refresh() and every activity extend the time to live, of the workspace too", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const ada = await join(presence, "ada", { ttlMs: undefined });
  const watcher = await Watcher.begin(presence);
  const { lastSequence } = all.server;
  await time.tickAsync(20_000);
  assert(ada.refresh());
  assertEquals(all.server.lastSequence, lastSequence);
  await time.tickAsync(20_000);
  ada.setFocused(false, { hidden: true });
  await time.tickAsync(20_000);
  assert(ada.refresh());
  await time.tickAsync(29_999);
  assertEquals(await namesIn(presence), ["ada"]);
  assertEquals((await presence.activeDocuments("acme")).documents.length, 1);
  await watcher.told();
  await time.tickAsync(1);
  assertEquals(await watcher.told(), ["ada left"]);
  assertEquals((await presence.activeDocuments("acme")).documents, []);
  assertFalse(ada.refresh());
});

Deno.test("a session that is gone refuses every call and does not come back", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const ada = await join(all.presence, "ada", { ttlMs: 1_000 });
  ada.updateCursor(at(1));
  await time.tickAsync(1_000);
  const calls = {
    "move cursor": () => ada.updateCursor(at(2)),
    "type": () => ada.typed(),
    "stop typing": () => ada.stoppedTyping(),
    "update viewport": () => ada.updateViewport(VIEWPORT),
    "set focus": () => ada.setFocused(true),
  };
  for (const [action, call] of Object.entries(calls)) {
    const error = assertThrows(
      call,
      UserNotFoundError,
      `User not found: ada: cannot ${action}, the session in document "42" is gone`,
    );
    assertEquals([error.userId, error.documentId], ["ada", "42"]);
  }
  assertFalse(ada.refresh());
  await time.tickAsync(1_000_000);
  assertEquals(all.server.store.snapshots(), []);
});

Deno.test("a session is gone, also for its timers, when another face withdraws its entry", async () => {
  using time = new FakeTime(0);
  const latencies: number[] = [];
  using all = documents({
    onCursorUpdate: (latencyMs) => latencies.push(latencyMs),
  });
  const [ada, watcher] = await watched(all.presence);
  ada.updateCursor(at(1));
  ada.updateCursor(at(2));
  ada.typed();
  await watcher.told();
  const [entry] = all.server.store.snapshots({ context: "document:42" });
  if (entry !== undefined) all.server.withdraw(entry);
  await time.tickAsync(1_000_000);
  assertEquals(await watcher.told(), ["ada left"]);
  assertFalse(ada.isPresent);
  assertEquals(latencies, [0]);
});

Deno.test("no timer of a session fails when its server is closed", async () => {
  using time = new FakeTime(0);
  const acts: ((ada: DocumentSession) => void)[] = [
    () => {},
    (ada) => ada.updateCursor(at(1)),
    (ada) => ada.typed(),
    (ada) => ada.updateViewport(VIEWPORT),
  ];
  for (const act of acts) {
    using all = documents();
    const ada = await join(all.presence);
    await time.tickAsync(5);
    act(ada);
    act(ada);
    all.server[Symbol.dispose]();
    await time.tickAsync(1_000_000);
    assertFalse(ada.isPresent);
  }
});

// A connection that is lost

Deno.test("a session whose connection is lost stays for the grace, and nobody sees a reload", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const ada = await join(presence, "ada", { origin: "socket-1" });
  const watcher = await Watcher.begin(presence);
  ada.updateCursor(at(1));
  ada.updateCursor(at(2));
  ada.release();
  server.disconnect("socket-1");
  assertFalse(ada.isPresent);
  assertEquals(await watcher.told(), ["ada at 2"]);
  assertThrows(() => ada.typed(), UserNotFoundError);
  await time.tickAsync(9_999);
  assertEquals(await namesIn(presence), ["ada"]);
  await join(presence, "ada", { origin: "socket-2" });
  assertEquals(await watcher.told(), ["ada at undefined"]);
  assertEquals((await userOf(presence))?.sessions, 1);
  await time.tickAsync(1_000_000);
  assertEquals(await namesIn(presence), ["ada"]);
});

Deno.test("a session whose connection stays lost leaves after the grace, also in the workspace", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const ada = await join(presence, "ada", { origin: "socket-1" });
  const watcher = await Watcher.begin(presence);
  ada.release();
  ada[Symbol.dispose]();
  server.disconnect("socket-1");
  await time.tickAsync(9_999);
  assertEquals(await watcher.told(), []);
  await time.tickAsync(1);
  assertEquals(await watcher.told(), ["ada left"]);
  assertEquals((await presence.activeDocuments("acme")).documents, []);
});

Deno.test("a lost tab leaves at once if the person has another", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const first = await join(presence, "ada", { origin: "socket-1" });
  await join(presence, "ada", { origin: "socket-2" });
  first.release();
  server.disconnect("socket-1");
  assertEquals((await userOf(presence))?.sessions, 1);
});
