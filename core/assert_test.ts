import { assertEquals, assertThrows } from "@std/assert";
import {
  assertEntryKey,
  assertFacet,
  assertKey,
  assertTimestamp,
  assertUpdate,
  assertVisibility,
} from "./assert.ts";
import {
  type EntryKey,
  InvalidValueError,
  type PresenceUpdate,
  restricted,
} from "./mod.ts";

const KEY: EntryKey = {
  subject: "s",
  context: "c",
  resource: "r",
  origin: "o",
};

const UPDATE: PresenceUpdate = {
  subject: "alice",
  context: "doc-42",
  origin: "session/browser",
  visibility: "public",
  observedAt: 100,
  expiry: "never",
  facets: {},
};

function refuses(change: object, field: string, rest: string): void {
  const error = assertThrows(
    () => assertUpdate({ ...UPDATE, ...change }),
    InvalidValueError,
    `Cannot publish update: ${field} ${rest}`,
  );
  assertEquals(error.field, field);
}

Deno.test("assertKey() names the action, the field and the value", () => {
  assertKey("", "subject", "publish update");
  const error = assertThrows(
    () => assertKey("\ud800", "origin", "withdraw entry"),
    InvalidValueError,
    "Cannot withdraw entry: origin must be a well-formed string or a finite number: received ",
  );
  assertEquals(error.field, "origin");
  assertEquals(error.value, "\ud800");
});

Deno.test("assertEntryKey() requires all fields but the resource", () => {
  assertEntryKey(KEY, "withdraw entry");
  assertEntryKey({ ...KEY, resource: undefined }, "withdraw entry");
  for (const field of ["subject", "context", "origin"] as const) {
    const error = assertThrows(
      () => assertEntryKey({ ...KEY, [field]: undefined }, "withdraw entry"),
      InvalidValueError,
      `Cannot withdraw entry: ${field} must be a well-formed string or a finite number: received undefined`,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("assertEntryKey() refuses null as a resource", () => {
  assertThrows(
    () => assertEntryKey({ ...KEY, resource: null }, "withdraw entry"),
    InvalidValueError,
    "Cannot withdraw entry: resource must be a well-formed string or a finite number: received null",
  );
});

Deno.test("assertTimestamp() accepts finite numbers", () => {
  for (const time of [0, -0, -1, 1.5, 1_700_000_000_000, Number.MAX_VALUE]) {
    assertTimestamp(time, "now", "expire entries");
  }
});

Deno.test("assertTimestamp() refuses everything else", () => {
  const others = [undefined, null, NaN, Infinity, "1", 1n, new Date(0)];
  for (const other of others) {
    assertThrows(
      () => assertTimestamp(other, "now", "expire entries"),
      InvalidValueError,
      "Cannot expire entries: now must be a finite number: received ",
    );
  }
});

Deno.test("assertVisibility() accepts the three kinds", () => {
  for (const value of ["public", "private", restricted("a"), restricted("")]) {
    assertVisibility(value, "visibility", "publish update");
  }
  const others = [
    undefined,
    null,
    "",
    "restricted",
    "Public",
    {},
    { restricted: 1 },
    { restricted: undefined },
    ["public"],
  ];
  for (const other of others) {
    assertThrows(
      () => assertVisibility(other, "visibility", "publish update"),
      InvalidValueError,
      `Cannot publish update: visibility must be "public", "private" or { restricted } with a string: received `,
    );
  }
});

Deno.test("assertFacet() accepts every availability and activity", () => {
  const availabilities = ["available", "busy", "away", "offline", "unknown"];
  for (const value of availabilities) {
    assertFacet("availability", value, "publish update");
  }
  const activities = [
    "idle",
    "observing",
    "navigating",
    "editing",
    "presenting",
    "acting",
    { custom: "juggling" },
    { custom: "" },
    { custom: 0 },
  ];
  for (const value of activities) {
    assertFacet("activity", value, "publish update");
  }
  assertFacet("lastSeen", -1.5, "publish update");
});

Deno.test("assertFacet() refuses what a built-in facet can't be", () => {
  const wrong: [string, unknown][] = [
    ["availability", "idle"],
    ["availability", ""],
    ["availability", 1],
    ["availability", {}],
    ["activity", "available"],
    ["activity", "juggling"],
    ["activity", "constructor"],
    ["activity", {}],
    ["activity", { custom: undefined }],
    ["activity", { custom: NaN }],
    ["lastSeen", NaN],
    ["lastSeen", Infinity],
    ["lastSeen", "100"],
  ];
  for (const [name, value] of wrong) {
    const error = assertThrows(
      () => assertFacet(name, value, "publish update"),
      InvalidValueError,
      `Cannot publish update: facets.${name} must be`,
    );
    assertEquals(error.field, `facets.${name}`);
  }
});

Deno.test("assertFacet() leaves the application's own facets alone", () => {
  for (const name of ["cursor", "", "__proto__", "constructor", "Activity"]) {
    for (const value of [NaN, "juggling", {}, () => {}]) {
      assertFacet(name, value, "publish update");
    }
  }
});

Deno.test("assertUpdate() accepts an update that patches nothing", () => {
  assertUpdate(UPDATE);
});

Deno.test("assertUpdate() accepts values, nulls and undefined in a patch", () => {
  assertUpdate({
    ...UPDATE,
    resource: "",
    facets: { activity: null, availability: undefined, lastSeen: 1, own: [] },
    facetDeadlines: { lastSeen: 5, own: 6, activity: undefined },
  });
});

Deno.test("assertUpdate() requires an object", () => {
  for (const other of [undefined, null, "update", 1]) {
    assertThrows(
      () => assertUpdate(other),
      InvalidValueError,
      "Cannot publish update: update must be an object: received ",
    );
  }
});

Deno.test("assertUpdate() requires every field but the resource", () => {
  const missing = Object.keys(UPDATE);
  for (const field of missing) {
    refuses({ [field]: undefined }, field, "must be");
  }
});

Deno.test("assertUpdate() names the invalid field", () => {
  refuses({ subject: NaN }, "subject", "must be a well-formed string");
  refuses({ resource: null }, "resource", "must be a well-formed string");
  refuses({ visibility: "hidden" }, "visibility", `must be "public"`);
  refuses({ observedAt: Infinity }, "observedAt", "must be a finite number");
  refuses(
    { expiry: { at: 1 } },
    "expiry",
    `must be a finite number or "never"`,
  );
  refuses({ facets: null }, "facets", "must be an object: received null");
  refuses({ facets: [] }, "facets", "must be an object: received an array");
  refuses(
    { facets: { activity: "juggling" } },
    "facets.activity",
    `must be one of idle, observing, navigating, editing, presenting, acting, or { custom } with a key: received "juggling"`,
  );
  refuses(
    { facets: { availability: "here" } },
    "facets.availability",
    `must be one of available, busy, away, offline, unknown: received "here"`,
  );
});

Deno.test("assertUpdate() requires a deadline to belong to a facet that is set", () => {
  const rule = "must belong to a facet that the same update sets: received 5";
  const facetDeadlines = { activity: 5 };
  const field = "facetDeadlines.activity";
  refuses({ facetDeadlines }, field, rule);
  refuses({ facets: { activity: null }, facetDeadlines }, field, rule);
  refuses({ facets: { activity: undefined }, facetDeadlines }, field, rule);
  refuses(
    { facetDeadlines: { constructor: 5 } },
    "facetDeadlines.constructor",
    rule,
  );
});

Deno.test("assertUpdate() requires a deadline to be a timestamp", () => {
  refuses(
    { facets: { activity: "idle" }, facetDeadlines: { activity: "never" } },
    "facetDeadlines.activity",
    `must be a finite number: received "never"`,
  );
  refuses({ facetDeadlines: null }, "facetDeadlines", "must be an object");
});

Deno.test("assertUpdate() checks facets with hostile names", () => {
  const facets = JSON.parse(`{"__proto__":1,"constructor":2,"":3}`);
  const facetDeadlines = JSON.parse(`{"__proto__":5,"constructor":5,"":5}`);
  assertUpdate({ ...UPDATE, facets, facetDeadlines });
  refuses({ facetDeadlines }, "facetDeadlines.__proto__", "must belong");
});

Deno.test("assertUpdate() accepts a timestamp or never as the expiry", () => {
  for (const expiry of ["never", 0, -1, 1.5]) {
    assertUpdate({ ...UPDATE, expiry });
  }
  for (const other of [undefined, null, NaN, Infinity, "160", "Never", {}]) {
    refuses(
      { expiry: other },
      "expiry",
      `must be a finite number or "never": received `,
    );
  }
});
