import { assertEquals, assertThrows } from "@std/assert";
import { assertUpdate, InvalidValueError, type PresenceUpdate } from "./mod.ts";

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

Deno.test("assertUpdate() takes an update that patches nothing", () => {
  assertUpdate(UPDATE);
});

Deno.test("assertUpdate() takes values, nulls and undefined in a patch", () => {
  assertUpdate({
    ...UPDATE,
    resource: "",
    facets: { activity: null, availability: undefined, lastSeen: 1, own: [] },
    facetDeadlines: { lastSeen: 5, own: 6, activity: undefined },
  });
});

Deno.test("assertUpdate() wants an object", () => {
  for (const other of [undefined, null, "update", 1]) {
    assertThrows(
      () => assertUpdate(other),
      InvalidValueError,
      "Cannot publish update: update must be an object: received ",
    );
  }
});

Deno.test("assertUpdate() wants every field but the resource", () => {
  const missing = Object.keys(UPDATE);
  for (const field of missing) {
    refuses({ [field]: undefined }, field, "must be");
  }
});

Deno.test("assertUpdate() names the field that is bad", () => {
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

Deno.test("assertUpdate() wants a deadline to belong to a facet that is set", () => {
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

Deno.test("assertUpdate() wants a deadline to be a timestamp", () => {
  refuses(
    { facets: { activity: "idle" }, facetDeadlines: { activity: "never" } },
    "facetDeadlines.activity",
    `must be a finite number: received "never"`,
  );
  refuses({ facetDeadlines: null }, "facetDeadlines", "must be an object");
});

Deno.test("assertUpdate() looks at facets whose names are hostile", () => {
  const facets = JSON.parse(`{"__proto__":1,"constructor":2,"":3}`);
  const facetDeadlines = JSON.parse(`{"__proto__":5,"constructor":5,"":5}`);
  assertUpdate({ ...UPDATE, facets, facetDeadlines });
  refuses({ facetDeadlines }, "facetDeadlines.__proto__", "must belong");
});
