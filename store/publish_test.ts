import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  InvalidValueError,
  type PresenceModel,
  restricted,
} from "../core/mod.ts";
import { PresenceStore, StaleUpdateError } from "./mod.ts";
import { withUntamedProto } from "./testing/prototypes.ts";
import { ALICE, changesOf, type TestModel, update } from "./testing/update.ts";

Deno.test("PresenceStore.publish() makes a snapshot of the first update", () => {
  const store = new PresenceStore<TestModel>();
  const sequence = store.publish(update({
    resource: "tab",
    visibility: restricted("team"),
    expiry: 160,
    facets: { activity: "editing", typing: true, cursor: null },
  }));
  assertEquals(sequence, 1);
  assertEquals(store.size, 1);
  assertEquals(store.snapshot({ ...ALICE, resource: "tab" }), {
    ...ALICE,
    resource: "tab",
    visibility: restricted("team"),
    observedAt: 100,
    expiry: 160,
    facets: { activity: "editing", typing: true },
  });
});

Deno.test("PresenceStore.publish() replaces the label and times, and patches facets", () => {
  const store = new PresenceStore<TestModel>();
  store.publish(update({
    visibility: "private",
    expiry: 160,
    facets: { activity: "editing", availability: "busy", typing: true },
  }));
  store.publish(update({
    observedAt: 120,
    facets: {
      activity: "idle",
      availability: null,
      typing: undefined,
      cursor: { line: 1 },
    },
  }));
  assertEquals(store.snapshot(ALICE), {
    ...ALICE,
    visibility: "public",
    observedAt: 120,
    expiry: "never",
    facets: { activity: "idle", typing: true, cursor: { line: 1 } },
  });
});

Deno.test("PresenceStore.publish() leaves the previous snapshot unchanged", () => {
  const store = new PresenceStore<TestModel>();
  store.publish(update({ facets: { typing: true } }));
  const before = store.snapshot(ALICE);
  const copy = structuredClone(before);
  store.publish(update({ observedAt: 200, facets: { typing: null } }));
  assertEquals(before, copy);
});

Deno.test("PresenceStore.publish() counts an update without news", () => {
  const store = new PresenceStore();
  assertEquals(store.publish(update()), 1);
  assertEquals(store.publish(update()), 2);
  assertEquals(store.lastSequence, 2);
  assertEquals(store.size, 1);
});

Deno.test("PresenceStore.publish() follows the order of calls, not times", () => {
  const store = new PresenceStore();
  store.publish(update({ observedAt: 200, facets: { activity: "editing" } }));
  store.publish(update({ observedAt: 100, facets: { activity: "idle" } }));
  assertEquals(store.snapshot(ALICE)?.observedAt, 100);
  assertEquals(store.snapshot(ALICE)?.facets.activity, "idle");
});

Deno.test("PresenceStore.publish() accepts an entry that is overdue already", () => {
  const store = new PresenceStore();
  store.publish(update({ expiry: 50 }));
  assertEquals(store.size, 1);
  assertEquals(store.expire(50), 1);
});

Deno.test("PresenceStore.publish() changes nothing for an invalid update", () => {
  const store = new PresenceStore();
  store.publish(update({ facets: { activity: "idle" } }));
  const before = store.snapshot(ALICE);
  assertThrows(
    () => store.publish(update({ observedAt: NaN })),
    InvalidValueError,
    "Cannot publish update: observedAt must be a finite number: received NaN",
  );
  assert(store.snapshot(ALICE) === before);
  assertEquals(store.lastSequence, 1);
});

Deno.test("PresenceStore.publishAll() numbers updates in order", () => {
  const store = new PresenceStore();
  store.publish(update());
  const updates = [update({ subject: "bob" }), update(), update()];
  assertEquals(store.publishAll(updates), [2, 3, 4]);
  assertEquals(store.publishAll([]), []);
  assertEquals([store.size, store.lastSequence], [2, 4]);
});

Deno.test("PresenceStore.publishAll() publishes all updates or none", () => {
  const store = new PresenceStore();
  const bad = update({ subject: "carol", expiry: NaN });
  assertThrows(
    () => store.publishAll([update(), bad, update({ subject: "bob" })]),
    InvalidValueError,
    "expiry",
  );
  assertEquals([store.size, store.lastSequence], [0, 0]);
  assertEquals(store.contexts(), []);
});

Deno.test("PresenceStore.publish() refuses stale updates if the option says so", () => {
  const store = new PresenceStore({ staleUpdates: "refuse" });
  store.publish(update({ observedAt: 100 }));
  const error = assertThrows(
    () => store.publish(update({ observedAt: 99 })),
    StaleUpdateError,
    "Cannot publish update: observedAt 99 is before 100, which is stored",
  );
  assertEquals([error.observedAt, error.stored], [99, 100]);
  assertEquals(store.publish(update({ observedAt: 100 })), 2);
  assertEquals(store.publish(update({ subject: "bob", observedAt: 1 })), 3);
});

Deno.test("PresenceStore.publish() forgets the age of a removed entry", () => {
  const store = new PresenceStore({ staleUpdates: "refuse" });
  store.publish(update({ observedAt: 100 }));
  store.withdraw(ALICE);
  assertEquals(store.publish(update({ observedAt: 1 })), 3);
});

Deno.test("PresenceStore.publishAll() finds stale updates before it publishes any", () => {
  const store = new PresenceStore({ staleUpdates: "refuse" });
  const bob = (observedAt: number) => update({ subject: "bob", observedAt });
  store.publish(update({ observedAt: 100 }));
  const stale = [
    [bob(1), update({ observedAt: 99 })],
    [bob(2), update({ observedAt: 101 }), bob(1)],
  ];
  for (const updates of stale) {
    assertThrows(() => store.publishAll(updates), StaleUpdateError);
    assertEquals([store.size, store.lastSequence], [1, 1]);
  }
  assertEquals(store.publishAll([bob(1), bob(2)]), [2, 3]);
});

Deno.test("a store counts silent refreshes when it checks for stale updates", () => {
  const store = new PresenceStore({
    staleUpdates: "refuse",
    refreshes: "silent",
  });
  store.publish(update({ observedAt: 100 }));
  store.publish(update({ observedAt: 200 }));
  assertThrows(() => store.publish(update({ observedAt: 150 })));
});

const HOSTILE = [
  "",
  "null",
  "undefined",
  "..",
  "__proto__",
  "constructor",
  "toString",
  "a\0b",
  "a|b",
  "a/b",
  "1",
  1,
  "0",
  0,
  "-1",
  -1,
];

Deno.test("a store keeps hostile keys apart, in any field", () => {
  const store = new PresenceStore();
  const keys = [];
  for (const subject of HOSTILE) {
    for (const other of HOSTILE) {
      keys.push(
        { subject, context: other, resource: undefined, origin: "o" },
        { subject, context: "c", resource: other, origin: "o" },
        { subject, context: "c", resource: undefined, origin: other },
      );
    }
  }
  for (const [index, key] of keys.entries()) {
    store.publish(update({ ...key, observedAt: index }));
  }
  assertEquals(store.size, keys.length);
  for (const [index, key] of keys.entries()) {
    assertEquals(store.snapshot(key)?.observedAt, index);
  }
  for (const subject of HOSTILE) {
    const here = store.snapshots({ subject });
    assertEquals(here.length, 3 * HOSTILE.length);
    assert(here.every((snapshot) => snapshot.subject === subject));
  }
  for (const origin of HOSTILE) {
    assertEquals(store.withdrawOrigin(origin), HOSTILE.length);
  }
  for (const key of keys) store.withdraw(key);
  assertEquals(store.size, 0);
  assertEquals(store.contexts(), []);
});

interface AnyModel extends PresenceModel {
  facets: Record<string, unknown> & {
    availability?: never;
    activity?: never;
    lastSeen?: never;
  };
}

const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", ""];

/** Makes a record that gives every hostile name the same value. */
function all(value: unknown): Readonly<Record<string, never>> {
  return Object.fromEntries(NAMES.map((name) => [name, value as never]));
}

Deno.test("a store keeps hostile facet names as own properties", () => {
  withUntamedProto(() => {
    const store = new PresenceStore<AnyModel>({ refreshes: "silent" });
    const facets = () => store.snapshot(ALICE)?.facets ?? {};
    store.publish({ ...update(), facets: {} });
    const silent = store.publish({ ...update(), facets: all(null) });
    assertEquals(silent, 1);

    store.publish({ ...update(), facets: all({ polluted: true }) });
    assertEquals(Object.keys(facets()), NAMES);
    assert(Object.getPrototypeOf(facets()) === Object.prototype);
    assertEquals(Reflect.get({}, "polluted"), undefined);

    store.publish({
      ...update(),
      facets: all("typing"),
      facetDeadlines: all(200),
    });
    for (const name of NAMES) {
      const facet = Object.getOwnPropertyDescriptor(facets(), name);
      assertEquals(facet?.value, "typing");
    }
    store.expire(200);
    assertEquals(Object.keys(facets()), []);
    const [change] = changesOf(store.changesSince(3));
    assert(change?.type === "facetsExpired");
    assertEquals(change.facets, NAMES);
  });
});
