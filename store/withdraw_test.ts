import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidValueError } from "../core/mod.ts";
import { PresenceStore } from "./mod.ts";
import { ALICE, changesOf, outline, update } from "./testing/update.ts";

Deno.test("PresenceStore.withdraw() removes one entry", () => {
  const store = new PresenceStore();
  store.publish(update());
  store.publish(update({ resource: "" }));
  store.publish(update({ origin: "other" }));
  const snapshot = store.snapshot(ALICE);
  assertEquals(store.withdraw(ALICE), 4);
  assertEquals(store.snapshot(ALICE), undefined);
  assertEquals(store.size, 2);
  const [change] = changesOf(store.changesSince(3));
  assert(change?.type === "withdrawn");
  assert(change.previous === snapshot);
  assertEquals([change.sequence, change.seenAt], [4, 100]);
});

Deno.test("PresenceStore.withdraw() changes nothing without an entry", () => {
  const store = new PresenceStore();
  store.publish(update());
  assertEquals(store.withdraw({ ...ALICE, origin: "other" }), undefined);
  assertEquals(store.withdraw({ ...ALICE, resource: "" }), undefined);
  assertEquals(store.withdraw(ALICE), 2);
  assertEquals(store.withdraw(ALICE), undefined);
  assertEquals(store.lastSequence, 2);
});

Deno.test("PresenceStore.withdraw() requires a key", () => {
  assertThrows(
    () => new PresenceStore().withdraw({ ...ALICE, subject: NaN }),
    InvalidValueError,
    "Cannot withdraw entry: subject must be a well-formed string or a finite number: received NaN",
  );
});

Deno.test("PresenceStore.withdraw() leaves nothing to expire", () => {
  const store = new PresenceStore();
  store.publish(update({ expiry: 160 }));
  store.withdraw(ALICE);
  assertEquals(store.nextDeadline(), undefined);
  assertEquals(store.expire(200), 0);
  assertEquals(outline(store.changesSince(2)), []);
});

Deno.test("PresenceStore.withdrawOrigin() removes all entries of an origin", () => {
  const store = new PresenceStore();
  store.publish(update());
  store.publish(update({ resource: "tab" }));
  store.publish(update({ subject: "bob", context: "other" }));
  store.publish(update({ origin: "other" }));
  assertEquals(store.withdrawOrigin("session"), 3);
  assertEquals(store.snapshots().map(({ origin }) => origin), ["other"]);
  assertEquals(
    outline(store.changesSince(4)),
    ["withdrawn 5", "withdrawn 6", "withdrawn 7"],
  );
  assertEquals(store.withdrawOrigin("session"), 0);
  assertEquals(store.lastSequence, 7);
});
