import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidValueError } from "../core/mod.ts";
import { PresenceStore, WatcherCursor } from "./mod.ts";
import { outline, publicOnly, update } from "./testing/update.ts";

function storeOf(retention: number, count: number): PresenceStore {
  const store = new PresenceStore({ retention });
  for (let index = 0; index < count; index++) store.publish(update());
  return store;
}

Deno.test("PresenceStore.watcherCursor() starts at the given place", () => {
  const store = storeOf(2, 5);
  const startOf = (from: "zero" | "floor" | "tail" | number) =>
    store.watcherCursor(from).position;
  const { epoch } = store;
  assertEquals(startOf("zero"), { epoch, sequence: 0 });
  assertEquals(startOf("floor"), { epoch, sequence: 3 });
  assertEquals(startOf("tail"), { epoch, sequence: 5 });
  assertEquals(startOf(4), { epoch, sequence: 4 });
  assertEquals(startOf(9), { epoch, sequence: 9 });
});

Deno.test("PresenceStore.watcherCursor() requires a whole number", () => {
  for (const from of [-1, 0.5, NaN, Infinity]) {
    assertThrows(
      () => new PresenceStore().watcherCursor(from),
      InvalidValueError,
      "Cannot create cursor: from must be a whole number of 0 or more",
    );
  }
});

Deno.test("WatcherCursor.poll() returns each change once", () => {
  const store = storeOf(Infinity, 2);
  const cursor = store.watcherCursor("zero");
  assertEquals(outline(cursor.poll(store)), ["published 1", "published 2"]);
  assertEquals(outline(cursor.poll(store)), []);
  store.publish(update());
  assertEquals(cursor.status(store), "pending");
  assertEquals(outline(cursor.poll(store)), ["published 3"]);
  assertEquals(cursor.status(store), "up-to-date");
});

Deno.test("WatcherCursor.status() does not move the cursor", () => {
  const store = storeOf(Infinity, 2);
  const cursor = store.watcherCursor("zero");
  const { position } = cursor;
  assertEquals(cursor.status(store), "pending");
  assertEquals(cursor.position, position);
});

Deno.test("WatcherCursor.poll() stays at a gap until it is reset", () => {
  const store = storeOf(2, 5);
  const cursor = store.watcherCursor("zero");
  for (let attempt = 0; attempt < 2; attempt++) {
    const result = cursor.poll(store);
    assert(result.type === "gap");
    assertEquals(result.requested, cursor.position);
    assertEquals(cursor.position.sequence, 0);
    assertEquals(cursor.status(store), result);
  }
  cursor.reset(store.lastSequence);
  assertEquals(outline(cursor.poll(store)), []);
});

Deno.test("WatcherCursor.poll() moves past hidden changes", () => {
  const store = new PresenceStore({ retention: 2 });
  const cursor = store.watcherCursor("zero");
  const hide = () => store.publish(update({ visibility: "private" }));
  for (let count = 0; count < 5; count++) {
    hide();
    assertEquals(cursor.status(store, { visible: publicOnly }), "up-to-date");
    assertEquals(outline(cursor.poll(store, { visible: publicOnly })), []);
    assertEquals(cursor.position.sequence, count + 1);
  }
});

Deno.test("WatcherCursor.poll() moves past changes of other contexts", () => {
  const store = new PresenceStore({ retention: 2 });
  store.publish(update());
  const cursor = store.watcherCursor("tail");
  for (let last = 2; last < 7; last++) {
    store.publish(update({ context: "other" }));
    assertEquals(outline(cursor.poll(store, { context: "doc" })), []);
    assertEquals(cursor.position.sequence, last);
  }
});

Deno.test("WatcherCursor.poll() of another store is a gap", () => {
  const cursor = storeOf(Infinity, 3).watcherCursor("tail");
  const store = storeOf(Infinity, 5);
  const result = cursor.poll(store);
  assert(result.type === "gap");
  cursor.reset(result.last);
  assertEquals(cursor.position, { epoch: store.epoch, sequence: 5 });
  assertEquals(cursor.status(store), "up-to-date");
});

Deno.test("WatcherCursor.reset() to a number stays in the epoch", () => {
  const cursor = new WatcherCursor({ epoch: "e", sequence: 7 });
  cursor.reset(3);
  assertEquals(cursor.position, { epoch: "e", sequence: 3 });
});

Deno.test("a cursor beyond the end waits there", () => {
  const store = storeOf(Infinity, 1);
  const cursor = store.watcherCursor(3);
  assertEquals(outline(cursor.poll(store)), []);
  for (let count = 0; count < 3; count++) store.publish(update());
  assertEquals(outline(cursor.poll(store)), ["published 4"]);
});
