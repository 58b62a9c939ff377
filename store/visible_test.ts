import { assert, assertEquals } from "@std/assert";
import { restricted, type VisibilityPolicy } from "../core/mod.ts";
import { PresenceStore } from "./mod.ts";
import {
  ALICE,
  changesOf,
  outline,
  publicOnly as visible,
  type TestModel,
  update,
} from "./testing/update.ts";

Deno.test("visibility is only a label: a read without a policy returns everything", () => {
  const store = new PresenceStore();
  store.publish(update({ visibility: "private" }));
  store.publish(update({ subject: "bob", visibility: restricted("team") }));
  assertEquals(store.snapshots({ context: "doc" }).length, 2);
  assertEquals(changesOf(store.changesSince(0)).length, 2);
});

Deno.test("every read takes a policy", () => {
  const store = new PresenceStore();
  const bob = { ...ALICE, subject: "bob" };
  store.publish(update());
  store.publish(update({ resource: "tab", visibility: "private" }));
  store.publish(update({ ...bob, visibility: "private" }));
  const there = store.snapshot(ALICE)!;

  assertEquals(store.snapshot(ALICE, { visible }), there);
  assertEquals(store.snapshot(bob, { visible }), undefined);
  assertEquals(store.snapshots({ visible }), [there]);
  assertEquals(store.snapshots({ context: "doc", visible }), [there]);
  assertEquals(store.snapshots({ subject: "bob", visible }), []);
  assertEquals(store.snapshots({ origin: "session", visible }), [there]);
  assertEquals(store.snapshots({ address: bob, visible }), []);
  const summary = store.subjectSummary("alice", "doc", { visible });
  assertEquals(summary?.snapshots, [there]);
  assertEquals(store.subjectSummary("bob", "doc", { visible }), undefined);
  assertEquals(store.subjectSummaries({ context: "doc", visible }), [summary!]);
  assertEquals(store.subjectSummaries({ subject: "bob", visible }), []);
  assertEquals(store.summaryPage("doc", { limit: 9, visible }), {
    summaries: [summary!],
    next: undefined,
  });
  assertEquals(store.count("doc", { visible }), { subjects: 1, entries: 1 });
  assertEquals(store.contexts({ visible }), ["doc"]);
  assertEquals(store.contexts({ subject: "bob", visible }), []);
});

Deno.test("a policy receives the label and the subject", () => {
  const store = new PresenceStore();
  store.publish(update({ visibility: "private" }));
  store.publish(update({ subject: "bob", visibility: "private" }));
  const asBob: VisibilityPolicy = (label, subject) =>
    label === "public" || subject === "bob";
  const seen = store.snapshots({ context: "doc", visible: asBob });
  assertEquals(seen.map(({ subject }) => subject), ["bob"]);
  assertEquals(outline(store.changesSince(0, { visible: asBob })), [
    "published 2",
  ]);
});

Deno.test("a visible read of changes omits entries that were never visible", () => {
  const store = new PresenceStore<TestModel>();
  store.publish(update({
    visibility: "private",
    expiry: 160,
    facets: { typing: true },
    facetDeadlines: { typing: 105 },
  }));
  store.publish(update({ resource: "tab", visibility: "private" }));
  store.publish(update({ subject: "bob" }));
  store.expire(105);
  store.expire(160);
  store.withdraw({ ...ALICE, resource: "tab" });
  assertEquals(outline(store.changesSince(0, { visible })), ["published 3"]);
  assertEquals(store.changeStatusSince(3, { visible }), "up-to-date");
  assertEquals(store.changeStatusSince(3), "pending");
});

Deno.test("the change of an entry that becomes hidden has its key alone", () => {
  const store = new PresenceStore<TestModel>();
  const place = { resource: "tab" };
  store.publish(update(place));
  store.publish(update({
    ...place,
    visibility: "private",
    facets: { typing: true },
  }));
  store.publish(update({ ...place, visibility: restricted("team") }));
  const result = store.changesSince(1, { visible });
  assertEquals(changesOf(result), [
    { type: "hidden", sequence: 2, key: { ...ALICE, resource: "tab" } },
  ]);
  assertEquals(store.changeStatusSince(1, { visible }), "pending");
  assertEquals(store.changeStatusSince(2, { visible }), "up-to-date");
});

Deno.test("the end of a hidden entry is no visible change", () => {
  const store = new PresenceStore();
  store.publish(update());
  store.publish(update({ visibility: "private", expiry: 160 }));
  store.expire(160);
  assertEquals(outline(store.changesSince(0, { visible })), [
    "published 1",
    "hidden 2",
  ]);
});

Deno.test("an entry that becomes visible is whole, without its previous snapshot", () => {
  const store = new PresenceStore<TestModel>();
  store.publish(update({ visibility: "private", facets: { typing: true } }));
  store.publish(update({ facets: { cursor: { line: 1 } } }));
  const [change, ...rest] = changesOf(store.changesSince(0, { visible }));
  assertEquals(rest, []);
  assert(change?.type === "published");
  assertEquals(change.sequence, 2);
  assert(change.snapshot === store.snapshot(ALICE));
  assertEquals(change.snapshot.facets, { typing: true, cursor: { line: 1 } });
  assertEquals(change.previous, undefined);
});

Deno.test("changes of entries that stay visible are the store's own objects", () => {
  const store = new PresenceStore<TestModel>();
  store.publish(update({ facets: { typing: true }, expiry: 160 }));
  store.publish(update({
    facets: { typing: true },
    facetDeadlines: { typing: 105 },
    expiry: 160,
  }));
  store.expire(105);
  store.expire(160);
  const all = changesOf(store.changesSince(0));
  const seen = changesOf(store.changesSince(0, { visible }));
  assertEquals(seen.length, 4);
  for (const [index, change] of seen.entries()) assert(change === all[index]);
});

Deno.test("a mirror fed by visible polls equals a visible read", () => {
  const store = new PresenceStore<TestModel>();
  const cursor = store.watcherCursor("zero");
  const mirror = new Map<string, unknown>();
  const follow = () => {
    for (const change of changesOf(cursor.poll(store, { visible }))) {
      if (change.type === "published" || change.type === "facetsExpired") {
        mirror.set(change.snapshot.subject as string, change.snapshot);
      } else {
        const { subject } = change.type === "hidden"
          ? change.key
          : change.previous;
        mirror.delete(subject as string);
      }
    }
    const read = store.snapshots({ visible });
    assertEquals(mirror, new Map(read.map((s) => [s.subject as string, s])));
  };
  for (const visibility of ["public", "private", "public"] as const) {
    for (const subject of ["alice", "bob"]) {
      store.publish(update({ subject, visibility, expiry: 160 }));
      follow();
    }
  }
  store.publish(update({ visibility: "private", expiry: 160 }));
  store.expire(160);
  follow();
});
