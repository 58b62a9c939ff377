import { assert, assertEquals } from "@std/assert";
import { type PresenceUpdate, restricted } from "../core/mod.ts";
import { PresenceStore } from "./mod.ts";
import {
  ALICE,
  changesOf,
  outline,
  type TestModel,
  update,
} from "./testing/update.ts";

const FIRST: Partial<PresenceUpdate<TestModel>> = {
  visibility: restricted("team"),
  observedAt: 100,
  expiry: 160,
  facets: { activity: "editing", cursor: { line: 1 }, lastSeen: 100 },
};

function silentStore(): PresenceStore<TestModel> {
  const store = new PresenceStore<TestModel>({ refreshes: "silent" });
  store.publish(update(FIRST));
  return store;
}

Deno.test("a refresh is a change like any other by default", () => {
  const store = new PresenceStore<TestModel>();
  store.publish(update(FIRST));
  const before = store.snapshot(ALICE);
  assertEquals(store.publish(update({ ...FIRST, observedAt: 110 })), 2);
  assert(store.snapshot(ALICE) !== before);
  assertEquals(store.snapshot(ALICE)?.observedAt, 110);
});

Deno.test("an update that differs only in undefined members is a refresh", () => {
  const store = silentStore();
  const before = store.snapshot(ALICE);
  const cursor = { line: 1, column: undefined };
  const again = { ...FIRST.facets, cursor, typing: undefined };
  assertEquals(store.publish(update({ ...FIRST, facets: again })), 1);
  assert(store.snapshot(ALICE) === before);
});

Deno.test("a silent refresh moves only the liveness", () => {
  const store = silentStore();
  const before = store.snapshot(ALICE);
  const refresh: Partial<PresenceUpdate<TestModel>> = {
    visibility: restricted("team"),
    observedAt: 110,
    expiry: 170,
    facets: {
      activity: "editing",
      cursor: { line: 1 },
      lastSeen: 110,
      typing: null,
      availability: undefined,
    },
    facetDeadlines: { cursor: 115 },
  };
  assertEquals(store.publish(update(refresh)), 1);
  assert(store.snapshot(ALICE) === before);
  assertEquals(store.liveness(ALICE), {
    seenAt: 110,
    expiry: 170,
    facetDeadlines: new Map([["cursor", 115]]),
  });
  assertEquals(outline(store.changesSince(1)), []);
  assertEquals(store.changeStatusSince(1), "up-to-date");
});

Deno.test("an update without facets is a silent refresh", () => {
  const store = silentStore();
  const { visibility } = FIRST;
  assertEquals(store.publish(update({ visibility, observedAt: 300 })), 1);
  assertEquals(store.liveness(ALICE)?.seenAt, 300);
  assertEquals(store.liveness(ALICE)?.expiry, "never");
});

Deno.test("an update that changes more than times is not a refresh", () => {
  const others: Partial<PresenceUpdate<TestModel>>[] = [
    { visibility: "public" },
    { visibility: restricted("other") },
    { facets: { activity: "idle" } },
    { facets: { cursor: { line: 2 } } },
    { facets: { typing: true } },
    { facets: { activity: null } },
    { facets: { lastSeen: null } },
  ];
  for (const other of others) {
    const store = silentStore();
    assertEquals(
      store.publish(update({ ...FIRST, ...other })),
      2,
      JSON.stringify(other),
    );
  }
});

Deno.test("a first sign of life is not a refresh", () => {
  const store = new PresenceStore({ refreshes: "silent" });
  store.publish(update());
  assertEquals(store.publish(update({ facets: { lastSeen: 100 } })), 2);
});

Deno.test("a silent refresh keeps an entry from expiring", () => {
  const store = silentStore();
  store.publish(update({ ...FIRST, expiry: 170 }));
  assertEquals(store.expire(160), 0);
  assertEquals(store.nextDeadline(), 170);
  assertEquals(store.expire(170), 1);
});

Deno.test("a silent refresh may make the expiry earlier", () => {
  const store = silentStore();
  store.publish(update({ ...FIRST, expiry: 120 }));
  assertEquals(store.nextDeadline(), 120);
  assertEquals(store.expire(120), 1);
});

Deno.test("a silent refresh removes a facet's deadline", () => {
  const store = new PresenceStore<TestModel>({ refreshes: "silent" });
  const facets = { typing: true };
  store.publish(update({ facets, facetDeadlines: { typing: 105 } }));
  assertEquals(store.publish(update({ facets })), 1);
  store.expire(105);
  assertEquals(store.snapshot(ALICE)?.facets, facets);
});

Deno.test("a change that removes an entry carries its last seenAt", () => {
  for (const end of ["expired", "withdrawn"] as const) {
    const store = silentStore();
    store.publish(update({ ...FIRST, observedAt: 150, expiry: 200 }));
    if (end === "expired") store.expire(200);
    else store.withdraw(ALICE);
    const [change] = changesOf(store.changesSince(1));
    assert(change?.type === end);
    assertEquals([change.previous.observedAt, change.seenAt], [100, 150]);
  }
});

Deno.test("a silent refresh never changes the dominant snapshot", () => {
  const store = silentStore();
  store.publish(update({ ...FIRST, resource: "phone", observedAt: 101 }));
  const dominant = () => store.subjectSummary("alice", "doc")?.dominant;
  assertEquals(dominant()?.resource, "phone");
  store.publish(update({ ...FIRST, observedAt: 500 }));
  assertEquals(dominant()?.resource, "phone");
});

Deno.test("a change after silent refreshes starts from the snapshot", () => {
  const store = silentStore();
  const before = store.snapshot(ALICE);
  store.publish(update({ ...FIRST, observedAt: 110 }));
  store.publish(update({ observedAt: 120, facets: { activity: "idle" } }));
  const [change] = changesOf(store.changesSince(1));
  assert(change?.type === "published");
  assert(change.previous === before);
  assertEquals(change.snapshot.observedAt, 120);
});
