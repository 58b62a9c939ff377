import { assert, assertEquals } from "@std/assert";
import type { Activity, Availability, PresenceUpdate } from "../core/mod.ts";
import {
  DEFAULT_PROJECTION,
  PresenceStore,
  type ProjectionPolicy,
  summarize,
} from "./mod.ts";
import { type TestModel, update } from "./testing/update.ts";

function storeOf(
  ...entries: Partial<PresenceUpdate<TestModel>>[]
): PresenceStore<TestModel> {
  const store = new PresenceStore<TestModel>();
  for (const entry of entries) store.publish(update(entry));
  return store;
}

/** Returns the resource of the dominant snapshot. */
function headline(
  store: PresenceStore<TestModel>,
  projection?: ProjectionPolicy,
): unknown {
  return store.subjectSummary("alice", "doc", { projection })
    ?.dominant.resource;
}

Deno.test("DEFAULT_PROJECTION ranks activities", () => {
  const ordered: (Activity | undefined)[] = [
    undefined,
    { custom: "juggling" },
    "idle",
    "observing",
    "navigating",
    "acting",
    "presenting",
    "editing",
  ];
  assertEquals(
    ordered.map((activity) => DEFAULT_PROJECTION.activityRank(activity)),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
});

Deno.test("DEFAULT_PROJECTION ranks availabilities", () => {
  const ordered: (Availability | undefined)[] = [
    undefined,
    "offline",
    "unknown",
    "away",
    "available",
    "busy",
  ];
  assertEquals(
    ordered.map((value) => DEFAULT_PROJECTION.availabilityRank(value)),
    [0, 1, 2, 3, 4, 5],
  );
});

Deno.test("PresenceStore.subjectSummary() returns undefined without entries", () => {
  const store = storeOf({});
  assertEquals(store.subjectSummary("bob", "doc"), undefined);
  assertEquals(store.subjectSummary("alice", "other"), undefined);
  assertEquals(summarize([]), undefined);
});

Deno.test("PresenceStore.subjectSummary() summarizes resources and origins", () => {
  const store = storeOf(
    {
      resource: "tab",
      observedAt: 100,
      facets: { activity: "editing", lastSeen: 90 },
    },
    {
      resource: "phone",
      observedAt: 200,
      facets: { activity: "idle", availability: "away", lastSeen: 80 },
    },
    { observedAt: 150, origin: "other" },
  );
  const summary = store.subjectSummary("alice", "doc");
  const [none, phone, tab] = summary?.snapshots ?? [];
  assertEquals(summary, {
    subject: "alice",
    context: "doc",
    dominant: tab!,
    availability: "away",
    activity: "editing",
    observedAt: 200,
    lastSeen: 90,
    snapshots: [none!, phone!, tab!],
  });
  assertEquals(
    [none, phone, tab].map((snapshot) => snapshot?.resource),
    [undefined, "phone", "tab"],
  );
  for (const snapshot of summary?.snapshots ?? []) {
    assert(store.snapshot(snapshot) === snapshot);
  }
});

Deno.test("dominance is activity, then observedAt, then availability, then lastSeen", () => {
  const facets = {
    activity: "idle",
    availability: "away",
    lastSeen: 50,
  } as const;
  const weak = { resource: "a", observedAt: 100, facets };
  const later = { observedAt: 101 };
  const busy = { ...facets, availability: "busy" } as const;
  const seen = { ...facets, lastSeen: 51 };
  const active = { ...facets, activity: "observing" } as const;
  const { lastSeen: _, ...unseen } = facets;
  // Each wins although the other is better in every later criterion.
  const pairs: Partial<PresenceUpdate<TestModel>>[][] = [
    [{ facets: active }, { ...later, facets: { ...busy, lastSeen: 51 } }],
    [later, { facets: { ...busy, lastSeen: 51 } }],
    [{ facets: busy }, { facets: seen }],
    [{ facets: seen }, { facets }],
    [{ facets: { ...unseen, lastSeen: -1 } }, { facets: unseen }],
  ];
  for (const [stronger, weaker] of pairs) {
    for (const [first, second] of [["a", "b"], ["b", "a"]]) {
      const store = storeOf(
        { ...weak, ...stronger, resource: first! },
        { ...weak, ...weaker, resource: second! },
      );
      assertEquals(headline(store), first, JSON.stringify(stronger));
    }
  }
});

Deno.test("the first key is dominant among equals, regardless of insertion order", () => {
  const entries = [
    { resource: "b" },
    { resource: "1" },
    { resource: 1 },
    { resource: "" },
    { resource: 0, origin: "z" },
    { resource: 0, origin: "a" },
  ];
  const ordered = (
    count: number,
  ) => [...entries.slice(count), ...entries.slice(0, count)];
  for (let count = 0; count < entries.length; count++) {
    const summary = storeOf(...ordered(count)).subjectSummary("alice", "doc");
    assertEquals(summary?.dominant.resource, 0);
    assertEquals(summary?.dominant.origin, "a");
  }
  assertEquals(headline(storeOf({ resource: "" }, {})), undefined);
});

Deno.test("availability comes from the dominant snapshot, else from the best", () => {
  const availabilityOf = (...availabilities: (Availability | undefined)[]) =>
    storeOf(...availabilities.map((availability, index) => ({
      resource: index,
      observedAt: 100 - index,
      facets: { availability },
    }))).subjectSummary("alice", "doc")?.availability;
  assertEquals(availabilityOf("offline", "busy"), "offline");
  assertEquals(availabilityOf(undefined, "offline", "busy", "away"), "busy");
  assertEquals(availabilityOf(undefined, "offline"), "offline");
  assertEquals(availabilityOf(undefined, undefined), undefined);
});

Deno.test("activity comes from the dominant snapshot, which has the best", () => {
  const store = storeOf(
    { resource: "a", observedAt: 200 },
    { resource: "b", observedAt: 100, facets: { activity: { custom: 7 } } },
  );
  assertEquals(
    store.subjectSummary("alice", "doc")?.activity,
    { custom: 7 },
  );
});

Deno.test("lastSeen and observedAt are the latest, regardless of dominance", () => {
  const store = storeOf(
    { resource: "a", observedAt: 1, facets: { activity: "editing" } },
    { resource: "b", observedAt: 9, facets: { lastSeen: -5 } },
    { resource: "c", observedAt: 5, facets: { lastSeen: -7 } },
  );
  const summary = store.subjectSummary("alice", "doc");
  assertEquals([summary?.observedAt, summary?.lastSeen], [9, -5]);
  const unseen = storeOf({}).subjectSummary("alice", "doc");
  assertEquals(unseen?.lastSeen, undefined);
});

Deno.test("ranks are replaceable", () => {
  const store = storeOf(
    { resource: "a", facets: { activity: "editing", availability: "busy" } },
    { resource: "b", facets: { activity: "idle" } },
    { resource: "c", facets: { availability: "away" } },
  );
  const upsideDown: ProjectionPolicy = {
    activityRank: (value) => -DEFAULT_PROJECTION.activityRank(value),
    availabilityRank: (value) => -DEFAULT_PROJECTION.availabilityRank(value),
  };
  assertEquals(headline(store), "a");
  assertEquals(headline(store, upsideDown), "c");
  const idleFirst: ProjectionPolicy = {
    ...DEFAULT_PROJECTION,
    activityRank: (activity) => activity === "idle" ? 1 : 0,
  };
  const options = { projection: idleFirst };
  const summary = store.subjectSummary("alice", "doc", options);
  assertEquals(summary?.dominant.resource, "b");
  assertEquals(summary?.availability, "busy");
  assertEquals(store.subjectSummaries({ context: "doc", ...options }), [
    summary!,
  ]);
  assertEquals(
    store.summaryPage("doc", { limit: 1, ...options }).summaries,
    [summary!],
  );
});

Deno.test("an availability that ranks below none is not used", () => {
  const store = storeOf(
    { resource: "a", observedAt: 200 },
    { resource: "b", facets: { availability: "offline" } },
  );
  const projection: ProjectionPolicy = {
    ...DEFAULT_PROJECTION,
    availabilityRank: (availability) => availability === "offline" ? -1 : 0,
  };
  const summary = store.subjectSummary("alice", "doc", { projection });
  assertEquals(summary?.availability, undefined);
});

Deno.test("PresenceStore.subjectSummaries() summarizes a context or a subject", () => {
  const store = storeOf(
    {},
    { resource: "tab" },
    { subject: "bob" },
    { context: "other" },
    { subject: "carol", context: "other" },
  );
  const outline = (query: { context: string } | { subject: string }) =>
    store.subjectSummaries(query)
      .map(({ subject, context, snapshots }) =>
        `${subject} ${context} ${snapshots.length}`
      ).sort();
  assertEquals(outline({ context: "doc" }), ["alice doc 2", "bob doc 1"]);
  assertEquals(outline({ subject: "alice" }), ["alice doc 2", "alice other 1"]);
  assertEquals(outline({ context: "nowhere" }), []);
  assertEquals(outline({ subject: "nobody" }), []);
});
