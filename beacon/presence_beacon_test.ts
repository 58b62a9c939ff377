import { assertEquals, assertThrows } from "@std/assert";
import { InvalidValueError, restricted } from "../core/mod.ts";
import {
  type ExpiryPolicy,
  PresenceBeacon,
  type PresenceBeaconOptions,
} from "./mod.ts";

const KEY = {
  subject: "alice",
  context: "doc",
  resource: "tab",
  origin: "session",
};

Deno.test("PresenceBeacon is public and never expires by default", () => {
  const beacon = new PresenceBeacon(KEY);
  assertEquals(beacon.key, KEY);
  assertEquals(beacon.visibility, "public");
  assertEquals(beacon.expiry, "never");
});

Deno.test("PresenceBeacon.key is the key alone", () => {
  const { resource: _, ...address } = KEY;
  const beacon = new PresenceBeacon({ ...address, visibility: "private" });
  assertEquals(beacon.key, { ...address, resource: undefined });
});

Deno.test("PresenceBeacon.updateAt() builds an update", () => {
  const visibility = restricted("team");
  const beacon = new PresenceBeacon({
    ...KEY,
    visibility,
    expiry: { after: 60 },
  });
  const facets = { activity: "editing", availability: null } as const;
  assertEquals(beacon.updateAt(100, facets, { activity: { after: 5 } }), {
    ...KEY,
    visibility,
    observedAt: 100,
    expiry: 160,
    facets,
    facetDeadlines: { activity: 105 },
  });
});

Deno.test("PresenceBeacon.updateAt() may patch nothing", () => {
  const update = new PresenceBeacon(KEY).updateAt(100);
  assertEquals(update.facets, {});
  assertEquals(update.expiry, "never");
  assertEquals(update.facetDeadlines, undefined);
});

Deno.test("PresenceBeacon.updateAt() counts the expiry from the observation", () => {
  const expiryOf = (expiry: ExpiryPolicy, time: number) =>
    new PresenceBeacon({ ...KEY, expiry }).updateAt(time).expiry;
  assertEquals(expiryOf({ after: 60 }, 100), 160);
  assertEquals(expiryOf({ after: 0 }, 100), 100);
  assertEquals(expiryOf({ after: 60 }, -100), -40);
  assertEquals(expiryOf("never", 100), "never");
});

Deno.test("PresenceBeacon accepts a duration or never as the expiry", () => {
  for (const expiry of ["never", { after: 0 }, { after: 1.5 }] as const) {
    assertEquals(new PresenceBeacon({ ...KEY, expiry }).expiry, expiry);
  }
  const others = [
    null,
    60,
    {},
    { after: -1 },
    { after: NaN },
    { after: Infinity },
    { after: "60" },
  ];
  for (const expiry of others) {
    assertThrows(
      () => Reflect.construct(PresenceBeacon, [{ ...KEY, expiry }]),
      InvalidValueError,
      `Cannot create beacon: expiry must be "never" or { after } with a finite, non-negative number: received `,
    );
  }
});

Deno.test("PresenceBeacon.updateAt() stays finite at the end of time", () => {
  const beacon = new PresenceBeacon({
    ...KEY,
    expiry: { after: Number.MAX_VALUE },
  });
  assertEquals(beacon.updateAt(Number.MAX_VALUE).expiry, Number.MAX_VALUE);
});

Deno.test("PresenceBeacon.heartbeatAt() sets lastSeen", () => {
  const beacon = new PresenceBeacon({ ...KEY, expiry: { after: 0 } });
  const update = beacon.heartbeatAt(100, { activity: "idle" });
  assertEquals(update.facets, { lastSeen: 100, activity: "idle" });
  assertEquals([update.observedAt, update.expiry], [100, 100]);
  assertEquals(beacon.heartbeatAt(100).facets, { lastSeen: 100 });
});

Deno.test("PresenceBeacon.heartbeatAt() lets the patch override lastSeen", () => {
  const beacon = new PresenceBeacon(KEY);
  assertEquals(beacon.heartbeatAt(100, { lastSeen: 90 }).facets, {
    lastSeen: 90,
  });
  assertEquals(beacon.heartbeatAt(100, { lastSeen: null }).facets, {
    lastSeen: null,
  });
});

Deno.test("PresenceBeacon.heartbeatAt() counts the expiry of facets from its time", () => {
  const update = new PresenceBeacon(KEY).heartbeatAt(
    100,
    { activity: "editing", availability: "busy" },
    { activity: { after: 5 }, availability: "never" },
  );
  assertEquals(update.facetDeadlines, { activity: 105 });
});

Deno.test("PresenceBeacon.updateAt() refuses an invalid expiry", () => {
  assertThrows(
    () =>
      new PresenceBeacon(KEY)
        .updateAt(0, { activity: "idle" }, { activity: { after: -1 } }),
    InvalidValueError,
    "Cannot build update: facetExpiry.activity must be",
  );
});

Deno.test("PresenceBeacon refuses options that are not well-formed", () => {
  const refuses = (bad: object, message: string) =>
    assertThrows(
      () => new PresenceBeacon({ ...KEY, ...bad } as PresenceBeaconOptions),
      InvalidValueError,
      `Cannot create beacon: ${message}`,
    );
  refuses({ subject: NaN }, "subject must be a well-formed string");
  refuses({ origin: undefined }, "origin must be a well-formed string");
  refuses({ visibility: "hidden" }, `visibility must be "public"`);
  refuses({ expiry: { after: -1 } }, `expiry must be "never" or { after }`);
  refuses({ expiry: 60 }, `expiry must be "never" or { after }`);
});
