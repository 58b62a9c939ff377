import { assert, assertEquals, assertFalse } from "@std/assert";
import { compareKeys, isKey, type Key } from "./mod.ts";

Deno.test("isKey() accepts every well-formed string and finite number", () => {
  const keys = [
    "",
    "null",
    "undefined",
    "..",
    "__proto__",
    "constructor",
    "a\0b",
    "a|b",
    "\ud83d\ude00",
    0,
    -0,
    -1.5,
    Number.MAX_VALUE,
  ];
  for (const key of keys) assert(isKey(key), String(key));
});

Deno.test("isKey() refuses everything else", () => {
  const others = [
    undefined,
    null,
    NaN,
    Infinity,
    -Infinity,
    true,
    1n,
    Symbol("a"),
    {},
    [],
    Object("a"),
    () => "a",
    "\ud83d",
    "a\udc00b",
  ];
  for (const other of others) assertFalse(isKey(other), typeof other);
});

Deno.test("compareKeys() orders absent, numbers, strings", () => {
  const ordered: (Key | undefined)[] = [
    undefined,
    -Number.MAX_VALUE,
    -1,
    0,
    9,
    10,
    "",
    "\0",
    "10",
    "9",
    "B",
    "__proto__",
    "a",
    "a\0",
    "aa",
    "null",
    "é",
    "\u{1f600}",
    "\uff5e",
  ];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      const message = `${JSON.stringify(a)}, ${JSON.stringify(b)}`;
      assertEquals(Math.sign(compareKeys(a, b)), Math.sign(i - j), message);
    }
  }
});

Deno.test("compareKeys() distinguishes a number from a string that looks like it", () => {
  assert(compareKeys(1, "1") < 0);
  assert(compareKeys("1", 1) > 0);
});

Deno.test("compareKeys() treats 0 and -0 as one key, as a Map does", () => {
  assertEquals(compareKeys(0, -0), 0);
});
