import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidValueError } from "../core/mod.ts";
import { type Gap, PresenceStore } from "./mod.ts";
import {
  ALICE,
  changesOf,
  outline,
  type TestModel,
  update,
} from "./testing/update.ts";

function storeOf(retention: number, contexts: string): PresenceStore {
  const store = new PresenceStore({ retention, epoch: "e" });
  for (const context of contexts) store.publish(update({ context }));
  return store;
}

function gap(requested: number, floor: number, last: number): Gap {
  return {
    type: "gap",
    requested: { epoch: "e", sequence: requested },
    retainedFloorSequence: floor,
    last: { epoch: "e", sequence: last },
  };
}

Deno.test("a published change carries its update and both snapshots", () => {
  const store = new PresenceStore<TestModel>();
  const updates = [
    update({ facets: { typing: true } }),
    update({ facets: { typing: null } }),
  ];
  const snapshots = updates.map((update) => {
    store.publish(update);
    return store.snapshot(ALICE);
  });
  const [first, second] = changesOf(store.changesSince(0));
  assert(first?.type === "published" && second?.type === "published");
  assert(first.update === updates[0]);
  assert(first.snapshot === snapshots[0]);
  assertEquals(first.previous, undefined);
  assert(second.update === updates[1]);
  assert(second.snapshot === snapshots[1]);
  assert(second.previous === snapshots[0]);
});

Deno.test("an entry that returns has no previous snapshot", () => {
  const store = new PresenceStore<TestModel>();
  store.publish(update({ facets: { typing: true } }));
  store.withdraw(ALICE);
  store.publish(update());
  const [change] = changesOf(store.changesSince(2));
  assert(change?.type === "published");
  assertEquals([change.previous, change.snapshot.facets], [undefined, {}]);
});

Deno.test("PresenceStore.changesSince() returns all retained changes, in order", () => {
  const store = storeOf(Infinity, "abab");
  store.withdraw({ ...ALICE, context: "a" });
  assertEquals(outline(store.changesSince(2)), [
    "published 3",
    "published 4",
    "withdrawn 5",
  ]);
  assertEquals(outline(store.changesSince(5)), []);
});

Deno.test("PresenceStore.changesSince() returns the position to continue from", () => {
  const store = storeOf(Infinity, "ab");
  const positionOf = (since: number, context?: string) => {
    const result = store.changesSince(since, { context });
    return result.type === "changes" ? result.position : undefined;
  };
  assertEquals(positionOf(0), { epoch: "e", sequence: 2 });
  assertEquals(positionOf(0, "a"), { epoch: "e", sequence: 2 });
  assertEquals(positionOf(2), { epoch: "e", sequence: 2 });
});

Deno.test("PresenceStore.changesSince() beyond the end returns nothing, and stays", () => {
  const store = storeOf(2, "aaa");
  const result = store.changesSince(7);
  assertEquals(result, {
    type: "changes",
    position: { epoch: "e", sequence: 7 },
    changes: [],
  });
  assertEquals(store.changeStatusSince(7), "up-to-date");
});

Deno.test("PresenceStore.changesSince() below the floor returns a gap", () => {
  const store = storeOf(3, "aaaaa");
  assertEquals(store.retainedFloorSequence, 2);
  assertEquals(store.changesSince(1), gap(1, 2, 5));
  assertEquals(store.changeStatusSince(1), gap(1, 2, 5));
  assertEquals(outline(store.changesSince(2)), [
    "published 3",
    "published 4",
    "published 5",
  ]);
});

Deno.test("a result keeps the requested position when more is published", () => {
  const store = storeOf(2, "aa");
  const before = store.changesSince(0);
  store.publish(update());
  assertEquals(outline(before), ["published 1", "published 2"]);
});

Deno.test("a store retains 10,000 changes by default", () => {
  const store = new PresenceStore();
  for (let count = 0; count < 10_001; count++) store.publish(update());
  assertEquals(store.retainedFloorSequence, 1);
  assertEquals(changesOf(store.changesSince(1)).length, 10_000);
});

Deno.test("a store retains as many changes as its option says", () => {
  for (const retention of [1, 2, 3, 15, 16, 17, 33]) {
    const store = new PresenceStore({ retention });
    for (let last = 1; last <= 100; last++) {
      store.publish(update());
      const floor = Math.max(0, last - retention);
      assertEquals(store.retainedFloorSequence, floor);
      const sequences = changesOf(store.changesSince(floor))
        .map(({ sequence }) => sequence);
      const expected = Array.from(
        { length: last - floor },
        (_, index) => floor + 1 + index,
      );
      assertEquals(sequences, expected);
    }
  }
});

Deno.test("a store that retains nothing still counts", () => {
  const store = storeOf(0, "ab");
  assertEquals([store.lastSequence, store.retainedFloorSequence], [2, 2]);
  assertEquals(store.changesSince(1), gap(1, 2, 2));
  assertEquals(store.changesSince(1, { context: "b" }), gap(1, 2, 2));
  assertEquals(outline(store.changesSince(2)), []);
});

Deno.test("a store refuses a retention that is not a whole number", () => {
  for (const retention of [-1, 1.5, NaN, -Infinity]) {
    assertThrows(
      () => new PresenceStore({ retention }),
      InvalidValueError,
      "Cannot create store: retention must be a whole number of 0 or more: received ",
    );
  }
});

Deno.test("PresenceStore.compact() drops changes up to a sequence", () => {
  const store = storeOf(Infinity, "aaaaa");
  assertEquals(store.compact(2), 2);
  assertEquals(store.changesSince(1), gap(1, 2, 5));
  assertEquals(changesOf(store.changesSince(2)).length, 3);
  assertEquals(store.compact(2), 0);
  assertEquals(store.compact(1), 0);
  assertEquals(store.retainedFloorSequence, 2);
});

Deno.test("PresenceStore.compact() stops at the last change", () => {
  const store = storeOf(Infinity, "aaa");
  assertEquals(store.compact(9), 3);
  assertEquals(store.retainedFloorSequence, 3);
  assertEquals(store.publish(update()), 4);
  assertEquals(outline(store.changesSince(3)), ["published 4"]);
});

Deno.test("PresenceStore.compact() drops no entries", () => {
  const store = storeOf(Infinity, "ab");
  store.compact(2);
  assertEquals(store.size, 2);
  store.withdraw({ ...ALICE, context: "a" });
  const [change] = changesOf(store.changesSince(2));
  assert(change?.type === "withdrawn");
});

Deno.test("PresenceStore.compact() requires a whole number", () => {
  for (const through of [-1, 0.5, NaN, Infinity]) {
    assertThrows(
      () => storeOf(Infinity, "a").compact(through),
      InvalidValueError,
      "Cannot compact changes: through must be a whole number of 0 or more",
    );
  }
});

Deno.test("compaction and retention work together", () => {
  const store = storeOf(4, "aaaaaa");
  assertEquals(store.compact(4), 2);
  for (const context of "bbb") store.publish(update({ context }));
  assertEquals(store.retainedFloorSequence, 5);
  assertEquals(changesOf(store.changesSince(5)).length, 4);
});

Deno.test("PresenceStore.changesSince() reads the changes of one context", () => {
  const store = storeOf(Infinity, "abacab");
  const since = (sequence: number, context: string) =>
    outline(store.changesSince(sequence, { context }));
  assertEquals(since(0, "a"), ["published 1", "published 3", "published 5"]);
  assertEquals(since(3, "a"), ["published 5"]);
  assertEquals(since(0, "b"), ["published 2", "published 6"]);
  assertEquals(since(5, "a"), []);
  assertEquals(since(0, "nowhere"), []);
  const status = (sequence: number, context: string) =>
    store.changeStatusSince(sequence, { context });
  assertEquals(status(4, "a"), "pending");
  assertEquals(status(5, "a"), "up-to-date");
});

Deno.test("changes of one context are found in a long log", () => {
  const store = storeOf(Infinity, "abc".repeat(100));
  const result = store.changesSince(0, { context: "b" });
  assertEquals(
    changesOf(result).map(({ sequence }) => sequence),
    Array.from({ length: 100 }, (_, index) => 3 * index + 2),
  );
});

Deno.test("a context's changes include the removal of its entries", () => {
  const store = new PresenceStore<TestModel>();
  store.publish(update({
    expiry: 160,
    facets: { typing: true },
    facetDeadlines: { typing: 105 },
  }));
  store.publish(update({ context: "other", expiry: 160 }));
  store.publish(update({ resource: "tab" }));
  store.expire(105);
  store.expire(160);
  store.withdraw({ ...ALICE, resource: "tab" });
  const result = store.changesSince(0, { context: "doc" });
  const types = changesOf(result).map(({ type }) => type);
  assertEquals(types, [
    "published",
    "published",
    "facetsExpired",
    "expired",
    "withdrawn",
  ]);
});

Deno.test("a context has a gap only if one of its own changes is dropped", () => {
  const store = storeOf(3, "abacccc");
  assertEquals(store.retainedFloorSequence, 4);
  const since = (sequence: number, context: string) =>
    outline(store.changesSince(sequence, { context }));
  assertEquals(since(3, "a"), []);
  assertEquals(since(2, "a"), gap(2, 4, 7));
  assertEquals(since(2, "b"), []);
  assertEquals(since(1, "b"), gap(1, 4, 7));
  assertEquals(since(4, "c"), ["published 5", "published 6", "published 7"]);
  assertEquals(since(3, "c"), gap(3, 4, 7));
  assertEquals(store.changeStatusSince(2, { context: "b" }), "up-to-date");
  assertEquals(
    store.changeStatusSince(1, { context: "b" }),
    gap(1, 4, 7),
  );
});

Deno.test("an empty context is kept while its changes are retained", () => {
  const store = storeOf(3, "a");
  store.withdraw({ ...ALICE, context: "a" });
  const since = (sequence: number) =>
    outline(store.changesSince(sequence, { context: "a" }));
  assertEquals(since(0), ["published 1", "withdrawn 2"]);
  store.publish(update({ context: "b" }));
  store.publish(update({ context: "b" }));
  assertEquals(since(1), ["withdrawn 2"]);
  assertEquals(since(0), gap(0, 1, 4));
  // The store drops the context with its last change, and no longer knows it.
  store.publish(update({ context: "b" }));
  assertEquals(since(1), gap(1, 2, 5));
  assertEquals(since(2), []);
});

Deno.test("a context that is left and entered again is kept", () => {
  const store = storeOf(2, "a");
  store.withdraw({ ...ALICE, context: "a" });
  for (const context of "abb") store.publish(update({ context }));
  assertEquals(store.contexts().sort(), ["a", "b"]);
  assertEquals(store.count("a").entries, 1);
  assertEquals(outline(store.changesSince(3, { context: "a" })), []);
  assertEquals(store.withdraw({ ...ALICE, context: "a" }), 6);
});

Deno.test("a context that starts again does not hide dropped changes", () => {
  const store = storeOf(2, "a");
  store.withdraw({ ...ALICE, context: "a" });
  for (const context of "bb") store.publish(update({ context }));
  store.publish(update({ context: "a" }));
  const since = (sequence: number) =>
    outline(store.changesSince(sequence, { context: "a" }));
  assertEquals(since(0), gap(0, 3, 5));
  assertEquals(since(1), gap(1, 3, 5));
  assertEquals(since(3), ["published 5"]);
});

Deno.test("a position of another epoch is a gap, whatever its sequence", () => {
  const former = storeOf(Infinity, "aaa");
  const store = new PresenceStore({ epoch: "f" });
  store.publish(update());
  for (const sequence of [0, 1, 3]) {
    const position = { epoch: former.epoch, sequence };
    const expected: Gap = {
      type: "gap",
      requested: position,
      retainedFloorSequence: 0,
      last: { epoch: "f", sequence: 1 },
    };
    assertEquals(store.changesSince(position), expected);
    assertEquals(store.changeStatusSince(position), expected);
    assertEquals(store.changesSince(position, { context: "doc" }), expected);
  }
});

Deno.test("two stores have different epochs", () => {
  assert(new PresenceStore().epoch !== new PresenceStore().epoch);
});

Deno.test("onChange is called with every change at once", () => {
  const told: string[] = [];
  const store = new PresenceStore({
    retention: 0,
    refreshes: "silent",
    onChange: ({ type, sequence }) => told.push(`${type} ${sequence}`),
  });
  store.publish(update({ expiry: 160 }));
  store.publish(update({ expiry: 170 }));
  assertEquals(told, ["published 1"]);
  store.expire(170);
  assertEquals(told, ["published 1", "expired 2"]);
});

Deno.test("onChange gets the cause of the write, and none of what is due", () => {
  const causes: unknown[] = [];
  const store = new PresenceStore({
    onChange: ({ type }, cause) => causes.push([type, cause]),
  });
  store.publish(update({ expiry: 160 }), 0, "replicated");
  store.publish(update({ facets: { activity: "idle" } }), 0, "replicated");
  store.publish(update({ facets: { activity: "editing" }, expiry: 160 }));
  store.expire(160);
  store.publish(update());
  store.withdraw(update(), "forgotten");
  assertEquals(causes, [
    ["published", "replicated"],
    ["published", "replicated"],
    ["published", undefined],
    ["expired", undefined],
    ["published", undefined],
    ["withdrawn", "forgotten"],
  ]);
});
