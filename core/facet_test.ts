import { assertEquals, assertThrows } from "@std/assert";
import { assertFacet, InvalidValueError } from "./mod.ts";

Deno.test("assertFacet() takes every availability and activity", () => {
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
