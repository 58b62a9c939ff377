import { assert, assertEquals, assertFalse } from "@std/assert";
import { type PresenceModel, restricted } from "../core/mod.ts";
import { PresenceStore } from "../store/mod.ts";
import { Grace } from "./grace.ts";
import { keyOf, update } from "./testing/harness.ts";

/** A store, a clock that a test sets, and the grace of the store's entries. */
class Fixture {
  now = 0;
  readonly remote = new Set<unknown>();
  readonly store: PresenceStore = new PresenceStore({ refreshes: "silent" });
  readonly grace: Grace<PresenceModel>;

  constructor(graceMs = 10_000) {
    this.grace = new Grace({
      store: this.store,
      graceMs,
      clock: () => this.now,
      isRemote: ({ origin }) => this.remote.has(origin),
    });
  }

  /** Publishes one entry of alice in doc-1 by each origin. */
  publish(...origins: string[]): void {
    for (const origin of origins) this.store.publish(update({ origin }));
  }

  get origins(): unknown[] {
    return this.store.snapshots().map(({ origin }) => origin);
  }
}

Deno.test("Grace.start() keeps entries for the grace without a change", () => {
  const f = new Fixture();
  f.publish("tab");
  const { lastSequence } = f.store;
  assertEquals(f.grace.start("tab"), 1);
  assertEquals(f.grace.size, 1);
  assert(f.grace.has(keyOf()));
  assertEquals(f.store.lastSequence, lastSequence);
  assertEquals(f.store.liveness(keyOf())?.expiry, 10_000);
});

Deno.test("Grace.start() counts the grace from the first call", () => {
  const f = new Fixture();
  f.publish("tab");
  f.grace.start("tab");
  f.now = 6_000;
  assertEquals(f.grace.start("tab"), 1);
  assertEquals(f.store.liveness(keyOf())?.expiry, 10_000);
});

Deno.test("Grace.start() extends no deadline", () => {
  const f = new Fixture();
  f.store.publish(update({ expiry: 4_000 }));
  f.grace.start("tab");
  assertEquals(f.store.liveness(keyOf())?.expiry, 4_000);
});

Deno.test("Grace.start() keeps the time of the publisher's last update", () => {
  const f = new Fixture();
  f.store.publish(update({ observedAt: 77 }));
  f.now = 500;
  f.grace.start("tab");
  assertEquals(f.store.liveness(keyOf())?.seenAt, 77);
});

Deno.test("Grace.start() withdraws an entry whose subject is connected elsewhere", () => {
  const f = new Fixture();
  f.publish("tab", "phone");
  assertEquals(f.grace.start("tab"), 1);
  assertEquals(f.origins, ["phone"]);
  assertEquals(f.grace.size, 0);
});

Deno.test("Grace.start() ignores connections that are lost or at another server", () => {
  const f = new Fixture();
  f.publish("tab", "phone", "watch");
  f.remote.add("watch");
  f.grace.start("phone");
  assertEquals(f.origins, ["tab", "watch"]);
  f.grace.start("tab");
  assertEquals(f.origins, ["tab", "watch"]);
  assert(f.grace.has(keyOf()));
});

Deno.test("Grace.start() ignores an entry that fewer readers can see", () => {
  const f = new Fixture();
  f.publish("tab");
  f.store.publish(
    update({ origin: "phone", visibility: restricted("team") }),
  );
  f.grace.start("tab");
  assertEquals(f.origins, ["tab", "phone"]);
  f.grace.start("phone");
  assertEquals(f.grace.size, 2, "a lingering entry does not count");
});

Deno.test("Grace.start() leaves the entries of another server alone", () => {
  const f = new Fixture();
  f.publish("tab");
  f.remote.add("tab");
  assertEquals(f.grace.start("tab"), 1);
  assertFalse(f.grace.has(keyOf()));
  assertEquals(f.store.liveness(keyOf())?.expiry, "never");
});

Deno.test("Grace.start() without a grace withdraws all entries", () => {
  const f = new Fixture(0);
  f.publish("tab");
  assertEquals(f.grace.start("tab"), 1);
  assertEquals(f.origins, []);
});

Deno.test("Grace.end() returns how long an entry has lingered, once", () => {
  const f = new Fixture();
  f.publish("tab");
  assertEquals(f.grace.end(keyOf()), undefined);
  f.grace.start("tab");
  f.now = 3_000;
  assertEquals(f.grace.end(keyOf()), 3_000);
  assertEquals(f.grace.end(keyOf()), undefined);
  assertEquals(f.grace.size, 0);
});

Deno.test("Grace.comeBack() withdraws the lingering entries of the subject by other origins", () => {
  const f = new Fixture();
  f.publish("tab");
  f.store.publish(update({ subject: "bob" }));
  f.store.publish(update({ context: "doc-2" }));
  f.grace.start("tab");
  f.grace.comeBack(update({ origin: "tab" }));
  assertEquals(f.store.size, 3);
  f.grace.comeBack(update({ origin: "new tab" }));
  assertEquals(f.store.snapshot(keyOf()), undefined);
  assertEquals(f.store.size, 2);
});

Deno.test("Grace.comeBack() keeps an entry for readers who can't see the subject now", () => {
  const f = new Fixture();
  f.publish("tab");
  f.grace.start("tab");
  f.grace.comeBack(update({ origin: "phone", visibility: "private" }));
  assertEquals(f.origins, ["tab"]);
});
