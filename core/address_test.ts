import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  assertEntryKey,
  compareEntryKeys,
  type EntryKey,
  entryKeyOf,
  InvalidValueError,
  type PresenceSnapshot,
} from "./mod.ts";

const KEY: EntryKey = {
  subject: "s",
  context: "c",
  resource: "r",
  origin: "o",
};

Deno.test("compareEntryKeys() compares subject, context, resource, origin", () => {
  const ordered: EntryKey[] = [
    { ...KEY, subject: 1, origin: "z" },
    { ...KEY, context: 1, resource: "z" },
    { subject: "s", context: "c", origin: "z" },
    { ...KEY, resource: 1 },
    { ...KEY, resource: "" },
    { ...KEY, origin: 1 },
    { ...KEY, origin: "" },
    KEY,
  ];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assertEquals(
        Math.sign(compareEntryKeys(a, b)),
        Math.sign(i - j),
        JSON.stringify([a, b]),
      );
    }
  }
});

Deno.test("compareEntryKeys() never takes joined keys for equal", () => {
  const pairs = [
    [{ ...KEY, subject: "a|b", context: "c" }, {
      ...KEY,
      subject: "a",
      context: "b|c",
    }],
    [{ ...KEY, resource: undefined }, { ...KEY, resource: "" }],
    [{ ...KEY, resource: undefined }, { ...KEY, resource: "undefined" }],
    [{ ...KEY, origin: 1 }, { ...KEY, origin: "1" }],
  ] as const;
  for (const [a, b] of pairs) assert(compareEntryKeys(a, b) !== 0);
});

Deno.test("entryKeyOf() picks the key out of a snapshot", () => {
  const snapshot: PresenceSnapshot = {
    ...KEY,
    resource: undefined,
    visibility: "public",
    observedAt: 1,
    expiry: "never",
    facets: {},
  };
  assertEquals(entryKeyOf(snapshot), { ...KEY, resource: undefined });
});

Deno.test("assertEntryKey() lets only the resource be absent", () => {
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
