import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { countCalls, countedSignal } from "../testing/harness.ts";
import type { Watch } from "../mod.ts";
import type { DocumentEvent, DocumentMessage } from "./mod.ts";
import {
  at,
  documents,
  flush,
  from,
  inWords,
  join,
  Reader,
  update,
  userOf,
  Watcher,
} from "./testing/harness.ts";

/** Reads so many messages, which must wait already. */
async function taken(
  watch: Watch<DocumentMessage>,
  count: number,
): Promise<string[]> {
  await flush();
  const messages = await new Reader(watch).read(count);
  return messages.map(inWords);
}

Deno.test("DocumentPresence.watch() yields a state, then events, with the time of the server", async () => {
  using time = new FakeTime(1_000);
  using all = documents();
  const { presence } = all;
  const ada = await join(presence);
  const reader = new Reader(presence.watch("42"));
  const { users } = await presence.activeUsers("42");
  assertEquals(await reader.read(), [
    { type: "state", documentId: "42", users, timestamp: 1_000 },
  ]);
  await time.tickAsync(500);
  const bob = await join(presence, "bob");
  const user = await userOf(presence, "bob");
  assert(user !== undefined);
  assertEquals(await reader.read(), [
    { type: "userJoined", user, timestamp: 1_500 },
  ]);
  const userId = "ada";
  const timestamp = 1_500;
  ada.updateCursor(at(3), from(1, 3));
  ada.typed();
  const viewport = { topLine: 1, bottomLine: 9, scrollPercentage: 0 };
  ada.updateViewport(viewport);
  bob[Symbol.dispose]();
  assertEquals(await reader.read(), [
    {
      type: "cursorMoved",
      userId,
      cursor: at(3),
      selection: from(1, 3),
      timestamp,
    },
    { type: "typingChanged", userId, isTyping: true, timestamp },
    { type: "viewportChanged", userId, viewport, timestamp },
    { type: "activityChanged", userId, activity: "editing", timestamp },
    { type: "userLeft", userId: "bob", timestamp },
  ]);
  await time.tickAsync(30_000);
  assertEquals((await reader.read()).at(-1), {
    type: "userIdle",
    userId,
    timestamp: 31_500,
  });
});

Deno.test("DocumentPresence.watch() shares one watch of the server, and the messages, among all readers", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const ada = await join(presence);
  using watches = countCalls(server, "watch");
  const readers = [1, 2, 3].map(() => new Reader(presence.watch("42")));
  for (const reader of readers) await reader.read();
  ada.updateCursor(at(1));
  const [first, second] = await Promise.all(
    readers.map(async (reader) => (await reader.read(), reader.values)),
  );
  assert(first !== undefined && second !== undefined);
  assertEquals(first.map(({ type }) => type), ["state", "cursorMoved"]);
  assertStrictEquals(first[0], second[0]);
  assertStrictEquals(first[1], second[1]);
  assertEquals(watches.calls, 1);

  // The last reader to leave ends it; a later one starts again.
  for (const { watch } of readers) await watch.return?.();
  await Watcher.begin(presence);
  assertEquals(watches.calls, 2);
});

Deno.test("DocumentPresence.watch() yields nothing for an update without a change", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const ada = await join(all.presence);
  const watcher = await Watcher.begin(all.presence);
  ada.updateCursor(at(1));
  assertEquals(await watcher.told(), ["ada at 1"]);
  await time.tickAsync(50);
  ada.updateCursor(at(1));
  assertEquals(await watcher.told(), []);
});

Deno.test("a slow reader receives only the latest position of each person", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const ada = await join(presence);
  const bob = await join(presence, "bob");
  const slow = presence.watch("42");
  await slow.next();
  for (let line = 0; line < 300; line++) {
    for (const person of [ada, bob]) {
      person.updateCursor(at(line));
      const [topLine, bottomLine] = [line, line];
      person.updateViewport({ topLine, bottomLine, scrollPercentage: 0 });
    }
    await time.tickAsync(50);
  }
  ada.typed();
  assertEquals(await taken(slow, 6), [
    "ada at 299",
    "ada sees 299",
    "bob at 299",
    "bob sees 299",
    "ada types",
    "ada is editing",
  ]);
});

Deno.test("a position never precedes the leave and the return of its person", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const slow = presence.watch("42");
  await slow.next();
  const ada = await join(presence);
  await flush();
  ada.updateCursor(at(1));
  await flush();
  ada[Symbol.dispose]();
  await flush();
  const again = await join(presence);
  await flush();
  again.updateCursor(at(2));
  await time.tickAsync(50);
  assertEquals(await taken(slow, 4), [
    "ada joined",
    "ada left",
    "ada joined",
    "ada at 2",
  ]);
});

Deno.test("a reader that is behind by more than 1,000 events gets a state and continues", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const [full, behind] = [presence.watch("42"), presence.watch("42")];
  for (const watch of [full, behind]) await watch.next();
  for (let n = 0; n < 1_000; n++) {
    server.receive(update({ subject: `person-${n}` }));
  }
  const joined = await taken(full, 1_000);
  assertEquals([joined.length, joined[0]], [1_000, "person-0 joined"]);
  server.receive(update({ subject: "last" }));
  await flush();
  const { value: state } = await behind.next();
  assert(state?.type === "state");
  assertEquals(state.users.length, 1_001);
  server.withdraw(update({ subject: "last" }));
  assertEquals(await taken(behind, 1), ["last left"]);
  assertEquals(await taken(full, 2), ["last joined", "last left"]);
});

Deno.test("a reader may be behind by as many events as the option says", async () => {
  using _time = new FakeTime(0);
  using all = documents({ maxPendingEvents: 2 });
  const { presence, server } = all;
  const watch = presence.watch("42");
  await watch.next();
  for (const subject of ["a", "b"]) server.receive(update({ subject }));
  assertEquals(await taken(watch, 2), ["a joined", "b joined"]);
  for (const subject of ["c", "d", "e"]) server.receive(update({ subject }));
  await flush();
  // The content of the state is not delivered again.
  server.receive(update({ subject: "f" }));
  server.withdraw(update({ subject: "a" }));
  assertEquals(await taken(watch, 1), ["here: b c d e f"]);
  server.withdraw(update({ subject: "b" }));
  assertEquals(await taken(watch, 1), ["b left"]);
});

Deno.test("a reader gets the current state when the server no longer retains the changes", async () => {
  using _time = new FakeTime(0);
  using all = documents({}, { retention: 3 });
  const { presence, server } = all;
  const ada = await join(presence);
  const watcher = await Watcher.begin(presence);
  for (let n = 0; n < 10; n++) server.receive(update({ subject: `${n}` }));
  ada[Symbol.dispose]();
  const told = (await watcher.told()).toSorted();
  assertEquals(told, [
    ...Array.from({ length: 10 }, (_, n) => `${n} joined`),
    "ada left",
  ]);
});

Deno.test("DocumentPresence.watch() ends when it is aborted, returned from or disposed of, and frees everything", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const counted = countedSignal();
  const { signal } = counted;
  const waiting = presence.watch("42", { signal });
  await waiting.next();
  assertEquals(counted.listeners, 1);
  const next = waiting.next();
  const second = waiting.next();
  counted.controller.abort();
  const done = { done: true, value: undefined } as const;
  assertEquals(await Promise.all([next, second]), [done, done]);
  assertEquals(await waiting.next(), done);
  assertEquals(counted.listeners, 0);
  assertEquals(await presence.watch("42", { signal }).next(), done);

  const left = presence.watch("42");
  await left.next();
  assertEquals(await left.return?.(), done);
  assertEquals(await left.next(), done);

  const disposed = presence.watch("42");
  {
    await using _ = disposed;
    await disposed.next();
  }
  assertEquals(await disposed.next(), done);
});

Deno.test("DocumentPresence.watch() begins with the first read, and answers reads in order", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const watch = all.presence.watch("42");
  await join(all.presence);
  const told: string[] = [];
  const read = async () => {
    const { value } = await watch.next();
    told.push(value ? inWords(value) : "the end");
  };
  const reads = [read(), read(), read()];
  await flush();
  assertEquals(told, ["here: ada"]);
  for (const name of ["bob", "cy"]) await join(all.presence, name);
  await Promise.all(reads);
  assertEquals(told, ["here: ada", "bob joined", "cy joined"]);
});

Deno.test("a reader that breaks off does not affect the others", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const other = await Watcher.begin(all.presence);
  const events: DocumentEvent[] = [];
  for await (const message of all.presence.watch("42")) {
    if (message.type !== "state") events.push(message);
    break;
  }
  await join(all.presence);
  assertEquals(events, []);
  assertEquals(await other.told(), ["ada joined"]);
});
