import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidValueError, restricted } from "../core/mod.ts";
import { PresenceStore } from "./mod.ts";
import {
  ALICE,
  changesOf,
  outline,
  type TestModel,
  update,
} from "./testing/update.ts";

Deno.test("PresenceStore.expire() removes whole entries that are due", () => {
  const store = new PresenceStore();
  store.publish(update({ subject: "a", expiry: 159 }));
  store.publish(update({ subject: "b", expiry: 160 }));
  store.publish(update({ subject: "c", expiry: 161 }));
  store.publish(update({ subject: "d" }));
  assertEquals(store.expire(160), 2);
  const left = store.snapshots().map(({ subject }) => subject);
  assertEquals(left.sort(), ["c", "d"]);
  assertEquals(store.expire(160), 0);
});

Deno.test("PresenceStore.expire() is one change for each entry, with its last label", () => {
  const store = new PresenceStore<TestModel>();
  store.publish(update({ expiry: 160, facets: { typing: true } }));
  store.publish(update({ visibility: restricted("team"), expiry: 170 }));
  store.publish(update({ subject: "bob", expiry: 165 }));
  const snapshot = store.snapshot(ALICE);
  store.expire(200);
  const [first, second, ...rest] = changesOf(store.changesSince(3));
  assertEquals(rest, []);
  assert(first?.type === "expired" && second?.type === "expired");
  assertEquals([first.sequence, second.sequence], [4, 5]);
  const alice = [first, second].find(({ previous }) => previous === snapshot);
  assertEquals(alice?.previous.visibility, restricted("team"));
  assertEquals(alice?.seenAt, 100);
});

Deno.test("PresenceStore.expire() uses the last expiry, whether later or earlier", () => {
  const store = new PresenceStore();
  store.publish(update({ subject: "later", expiry: 110 }));
  store.publish(update({ subject: "later", expiry: 300 }));
  store.publish(update({ subject: "earlier", expiry: 300 }));
  store.publish(update({ subject: "earlier", expiry: 110 }));
  store.publish(update({ subject: "never", expiry: 110 }));
  store.publish(update({ subject: "never" }));
  store.expire(200);
  const left = () => store.snapshots().map(({ subject }) => subject).sort();
  assertEquals(left(), ["later", "never"]);
  store.expire(300);
  assertEquals(left(), ["never"]);
});

Deno.test("PresenceStore.expire() does not touch a subject that left and returned", () => {
  const store = new PresenceStore();
  store.publish(update({ expiry: 110 }));
  store.withdraw(ALICE);
  store.publish(update({ expiry: 200 }));
  assertEquals(store.expire(150), 0);
  assertEquals(store.expire(200), 1);
});

Deno.test("PresenceStore.expire() accepts a time in the past", () => {
  const store = new PresenceStore();
  store.publish(update({ expiry: 160 }));
  store.expire(150);
  assertEquals(store.expire(100), 0);
  assertEquals(store.expire(160), 1);
});

Deno.test("PresenceStore.expire() requires a finite time", () => {
  const store = new PresenceStore();
  store.publish(update({ expiry: 160 }));
  for (const now of [NaN, Infinity]) {
    assertThrows(
      () => store.expire(now),
      InvalidValueError,
      "Cannot expire entries: now must be a finite number: received ",
    );
  }
  assertEquals(store.size, 1);
});

Deno.test("PresenceStore.expire() clears facets that are due, all in one change", () => {
  const store = new PresenceStore<TestModel>();
  store.publish(update({
    facets: { typing: true, cursor: { line: 1 }, activity: "editing" },
    facetDeadlines: { typing: 105, cursor: 104, activity: 120 },
  }));
  const previous = store.snapshot(ALICE);
  assertEquals(store.expire(103), 0);
  assertEquals(store.expire(105), 0);
  assertEquals(store.snapshot(ALICE)?.facets, { activity: "editing" });
  const [change, ...rest] = changesOf(store.changesSince(1));
  assertEquals(rest, []);
  assert(change?.type === "facetsExpired");
  assertEquals([...change.facets].sort(), ["cursor", "typing"]);
  assert(change.previous === previous);
  assert(change.snapshot === store.snapshot(ALICE));
  assertEquals({ ...change.snapshot, facets: {} }, {
    ...previous!,
    facets: {},
  });
});

Deno.test("a facet that is due is cleared, never reverted", () => {
  const store = new PresenceStore<TestModel>();
  store.publish(update({ facets: { activity: "idle" } }));
  store.publish(update({
    facets: { activity: "editing" },
    facetDeadlines: { activity: 105 },
  }));
  store.expire(105);
  assertEquals(store.snapshot(ALICE)?.facets, {});
});

Deno.test("a facet that is set again without a deadline has none", () => {
  const store = new PresenceStore<TestModel>();
  const facets = { typing: true };
  store.publish(update({ facets, facetDeadlines: { typing: 105 } }));
  store.publish(update({ facets }));
  assertEquals(store.nextDeadline(), undefined);
  store.expire(105);
  assertEquals(store.snapshot(ALICE)?.facets, facets);
});

Deno.test("a patch that leaves a facet out keeps its deadline", () => {
  const store = new PresenceStore<TestModel>();
  const facets = { typing: true };
  store.publish(update({ facets, facetDeadlines: { typing: 105 } }));
  store.publish(update({ facets: { activity: "idle", typing: undefined } }));
  assertEquals(store.nextDeadline(), 105);
  store.expire(105);
  assertEquals(store.snapshot(ALICE)?.facets, { activity: "idle" });
});

Deno.test("a cleared facet has no deadline", () => {
  const store = new PresenceStore<TestModel>();
  const facets = { typing: true };
  store.publish(update({ facets, facetDeadlines: { typing: 105 } }));
  store.publish(update({ facets: { typing: null } }));
  assertEquals(store.nextDeadline(), undefined);
  store.expire(105);
  assertEquals(outline(store.changesSince(2)), []);
});

Deno.test("a facet's deadline moves with the facet, later or earlier", () => {
  const store = new PresenceStore<TestModel>();
  const until = (typing: number) =>
    store.publish(
      update({ facets: { typing: true }, facetDeadlines: { typing } }),
    );
  until(105);
  until(120);
  store.expire(110);
  assertEquals(store.snapshot(ALICE)?.facets.typing, true);
  until(112);
  store.expire(112);
  assertEquals(store.snapshot(ALICE)?.facets.typing, undefined);
});

Deno.test("only the entry's expiry is a change when both are due", () => {
  const store = new PresenceStore<TestModel>();
  store.publish(update({
    expiry: 160,
    facets: { typing: true },
    facetDeadlines: { typing: 105 },
  }));
  const previous = store.snapshot(ALICE);
  assertEquals(store.expire(160), 1);
  const [change, ...rest] = changesOf(store.changesSince(1));
  assertEquals(rest, []);
  assert(change?.type === "expired");
  assert(change.previous === previous);
});

Deno.test("PresenceStore.nextDeadline() is exact, nextSweep() never late", () => {
  const store = new PresenceStore<TestModel>();
  assertEquals(store.nextDeadline(), undefined);
  assertEquals(store.nextSweep(), undefined);
  store.publish(update({ expiry: 300 }));
  store.publish(update({ subject: "bob", expiry: 200 }));
  assertEquals([store.nextSweep(), store.nextDeadline()], [200, 200]);
  store.publish(update({ subject: "bob", expiry: 400 }));
  assertEquals([store.nextSweep(), store.nextDeadline()], [200, 300]);
  store.publish(update({
    facets: { typing: true },
    facetDeadlines: { typing: 105 },
  }));
  assertEquals([store.nextSweep(), store.nextDeadline()], [105, 105]);
  store.expire(105);
  assertEquals(store.nextDeadline(), 400);
  store.withdraw({ ...ALICE, subject: "bob" });
  assertEquals(store.nextDeadline(), undefined);
});

Deno.test("PresenceStore.liveness() returns what keeps an entry alive", () => {
  const store = new PresenceStore<TestModel>();
  assertEquals(store.liveness(ALICE), undefined);
  store.publish(update());
  assertEquals(store.liveness(ALICE), {
    seenAt: 100,
    expiry: "never",
    facetDeadlines: new Map(),
  });
  store.publish(update({
    observedAt: 120,
    expiry: 160,
    facets: { typing: true },
    facetDeadlines: { typing: 125 },
  }));
  assertEquals(store.liveness(ALICE), {
    seenAt: 120,
    expiry: 160,
    facetDeadlines: new Map([["typing", 125]]),
  });
  store.expire(130);
  assertEquals(store.liveness(ALICE)?.facetDeadlines, new Map());
});

Deno.test("PresenceStore.publish() moves deadlines to the clock of expire()", () => {
  const store = new PresenceStore<TestModel>();
  const said = update({
    expiry: 160,
    facets: { typing: true },
    facetDeadlines: { typing: 130 },
  });
  store.publish(said, 1_000);
  assertEquals(store.snapshot(ALICE)?.expiry, 160);
  assertEquals(store.liveness(ALICE)?.expiry, 1_160);
  assertEquals(store.nextDeadline(), 1_130);
  store.publishAll([said], -100);
  assertEquals(store.nextDeadline(), 30);
  assertEquals(store.liveness(ALICE)?.expiry, 60);
  store.publish(update(), -100);
  assertEquals(store.liveness(ALICE)?.expiry, "never");
});

Deno.test("PresenceStore.setBack() makes every seenAt earlier, and nothing else", () => {
  const store = new PresenceStore({ staleUpdates: "refuse" });
  store.publish(update({ observedAt: 100, expiry: 160 }));
  const snapshot = store.snapshot(ALICE);
  store.setBack(60);
  assertEquals(store.liveness(ALICE)?.seenAt, 40);
  assertEquals(store.liveness(ALICE)?.expiry, 160);
  assertEquals(store.snapshot(ALICE), snapshot);
  assertEquals(store.publish(update({ observedAt: 50 })), 2);
});

Deno.test("PresenceStore refuses to shift deadlines and times by anything but a number", () => {
  const store = new PresenceStore();
  for (const by of [NaN, Infinity]) {
    assertThrows(() => store.publish(update(), by), InvalidValueError, "shift");
    assertThrows(
      () => store.publishAll([update()], by),
      InvalidValueError,
      "shift",
    );
    assertThrows(() => store.setBack(by), InvalidValueError, "by");
  }
  assertEquals(store.size, 0);
});
