import { assert, assertEquals } from "@std/assert";
import {
  compareEntryKeys,
  type EntryKey,
  entryKeyOf,
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

Deno.test("compareEntryKeys() never confuses joined keys", () => {
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
