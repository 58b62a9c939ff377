import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidValueError, type Key } from "../core/mod.ts";
import { PresenceStore, type SnapshotQuery } from "./mod.ts";
import { ALICE, publicOnly, update } from "./testing/update.ts";

Deno.test("PresenceStore.snapshot() returns the store's own object", () => {
  const store = new PresenceStore();
  store.publish(update());
  assert(store.snapshot(ALICE) === store.snapshot(ALICE));
  assert(store.snapshots({ context: "doc" })[0] === store.snapshot(ALICE));
});

Deno.test("an address without a resource differs from one with an empty resource", () => {
  const store = new PresenceStore();
  store.publish(update({ observedAt: 1 }));
  store.publish(update({ observedAt: 2, resource: "" }));
  assertEquals(store.size, 2);
  assertEquals(store.snapshot(ALICE)?.observedAt, 1);
  assertEquals(store.snapshot({ ...ALICE, resource: "" })?.observedAt, 2);
  const at = (resource?: string) =>
    store.snapshots({ address: { subject: "alice", context: "doc", resource } })
      .map(({ observedAt }) => observedAt);
  assertEquals(at(), [1]);
  assertEquals(at(""), [2]);
  assertEquals(at("undefined"), []);
  store.withdraw(ALICE);
  assertEquals(at(), []);
});

Deno.test("PresenceStore.snapshots() finds the entries that match every given field", () => {
  const store = new PresenceStore();
  let observedAt = 0;
  for (const subject of ["alice", "bob"]) {
    for (const context of ["doc", "room"]) {
      for (const resource of [undefined, "tab"]) {
        for (const origin of ["o", "p"]) {
          const place = { subject, context, resource, origin };
          store.publish(update({ ...place, observedAt: observedAt++ }));
        }
      }
    }
  }
  const found = (query: SnapshotQuery) =>
    store.snapshots(query)
      .map(({ observedAt }) => observedAt)
      .sort((a, b) => a - b);
  const all = Array.from({ length: 16 }, (_, index) => index);
  assertEquals(found({}), all);
  assertEquals(found({ subject: "bob" }), all.slice(8));
  assertEquals(found({ context: "room" }), all.filter((n) => n & 4));
  assertEquals(found({ origin: "p" }), all.filter((n) => n & 1));
  assertEquals(found({ subject: "bob", context: "room" }), all.slice(12));
  assertEquals(found({ subject: "bob", origin: "o" }), [8, 10, 12, 14]);
  assertEquals(found({ context: "doc", origin: "p" }), [1, 3, 9, 11]);
  const address = { subject: "bob", context: "doc", resource: "tab" };
  assertEquals(found({ address }), [10, 11]);
  assertEquals(found({ address, origin: "o" }), [10]);
  assertEquals(found({ address, context: "room" }), []);
  assertEquals(found({ address, subject: "alice" }), []);
  assertEquals(found({ context: "nowhere" }), []);
});

Deno.test("PresenceStore.count() counts subjects and entries", () => {
  const store = new PresenceStore();
  assertEquals(store.count("doc"), { subjects: 0, entries: 0 });
  store.publish(update());
  store.publish(update({ resource: "tab" }));
  store.publish(update({ subject: "bob", visibility: "private" }));
  store.publish(update({ context: "other" }));
  assertEquals(store.count("doc"), { subjects: 2, entries: 3 });
  const visible = publicOnly;
  assertEquals(store.count("doc", { visible }), { subjects: 1, entries: 2 });
  store.withdrawOrigin("session");
  assertEquals(store.count("doc"), { subjects: 0, entries: 0 });
});

Deno.test("PresenceStore.contexts() lists the contexts that have anyone, or a subject", () => {
  const store = new PresenceStore();
  store.publish(update({ context: "a" }));
  store.publish(update({ context: "b", visibility: "private" }));
  store.publish(update({ context: "c", subject: "bob" }));
  const visible = publicOnly;
  assertEquals(store.contexts().sort(), ["a", "b", "c"]);
  assertEquals(store.contexts({ subject: "alice" }).sort(), ["a", "b"]);
  assertEquals(store.contexts({ visible }).sort(), ["a", "c"]);
  assertEquals(store.contexts({ subject: "alice", visible }), ["a"]);
  assertEquals(store.contexts({ subject: "nobody" }), []);
  store.withdraw({ ...ALICE, context: "a" });
  assertEquals(store.contexts().sort(), ["b", "c"]);
  assertEquals(store.contexts({ subject: "alice" }), ["b"]);
});

function storeWith(...subjects: Key[]): PresenceStore {
  const store = new PresenceStore();
  for (const subject of subjects) store.publish(update({ subject }));
  return store;
}

function* pagesOf(store: PresenceStore, limit: number) {
  let after: Key | undefined;
  do {
    const { summaries, next } = store.summaryPage("doc", { limit, after });
    yield summaries.map(({ subject }) => subject);
    after = next;
  } while (after !== undefined);
}

Deno.test("PresenceStore.summaryPage() follows the order of compareKeys()", () => {
  const subjects = ["b", "", 10, "10", 9, "é", "a", -1];
  const store = storeWith(...subjects);
  const ordered = [-1, 9, 10, "", "10", "a", "b", "é"];
  for (let limit = 1; limit <= subjects.length + 1; limit++) {
    const pages = [...pagesOf(store, limit)];
    assertEquals(pages.flat(), ordered);
    assertEquals(pages.length, Math.ceil(ordered.length / limit));
  }
});

Deno.test("PresenceStore.summaryPage() of an empty context is the last one", () => {
  const page = storeWith().summaryPage("doc", { limit: 5 });
  assertEquals(page, { summaries: [], next: undefined });
});

Deno.test("PresenceStore.summaryPage() continues after the subject 0 and the empty one", () => {
  assertEquals([...pagesOf(storeWith(0, "", "a"), 1)], [[0], [""], ["a"]]);
});

Deno.test("PresenceStore.summaryPage() returns a subject that is there throughout once", () => {
  const store = storeWith("b", "d", "f", "h");
  const seen: Key[] = [];
  const coming = ["a", "g", "c"];
  const going = ["d", "a"];
  for (const subjects of pagesOf(store, 1)) {
    seen.push(...subjects);
    const [comes] = coming.splice(0, 1);
    if (comes) store.publish(update({ subject: comes }));
    const [goes] = going.splice(0, 1);
    if (goes) store.withdraw({ ...ALICE, subject: goes });
  }
  assertEquals(seen, ["b", "f", "g", "h"]);
});

Deno.test("PresenceStore.summaryPage() finds subjects that joined since the last read", () => {
  const store = storeWith("b");
  assertEquals([...pagesOf(store, 5)], [["b"]]);
  for (const subject of ["c", "a"]) store.publish(update({ subject }));
  assertEquals([...pagesOf(store, 5)], [["a", "b", "c"]]);
  store.withdraw({ ...ALICE, subject: "b" });
  assertEquals([...pagesOf(store, 5)], [["a", "c"]]);
});

Deno.test("PresenceStore.summaryPage() fills a page with visible subjects", () => {
  const store = storeWith("b", "d");
  for (const subject of ["a", "c", "e"]) {
    store.publish(update({ subject, visibility: "private" }));
  }
  const options = { visible: publicOnly };
  const first = store.summaryPage("doc", { limit: 1, ...options });
  assertEquals(first.summaries.map(({ subject }) => subject), ["b"]);
  assertEquals(first.next, "b");
  const second = store.summaryPage("doc", { limit: 1, after: "b", ...options });
  assertEquals(second.summaries.map(({ subject }) => subject), ["d"]);
  assertEquals(second.next, undefined);
});

Deno.test("PresenceStore.summaryPage() requires a limit of at least 1", () => {
  for (const limit of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(
      () => storeWith().summaryPage("doc", { limit }),
      InvalidValueError,
      "Cannot read page: limit must be a whole number of 1 or more: received ",
    );
  }
});
