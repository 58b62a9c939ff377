import { assertEquals } from "@std/assert";
import { nameOf } from "./names.ts";
import { readText } from "./text.ts";

Deno.test("readText() keeps a text short and on one line", () => {
  assertEquals(readText(" a\n\tb\u2028c ", 10), "a b c");
  assertEquals(readText("abcdef", 6), "abcdef");
  assertEquals(readText("abcdefg", 6), "abcde…");
  assertEquals(readText("Grace Brewster Hopper", 17), "Grace Brewster…");
  assertEquals(readText("A Rindfleischetikett", 10), "A Rindfle…");
  assertEquals(readText("👋👋👋", 3), "👋👋👋");
  assertEquals(readText("\u0000", 3), undefined);
});

Deno.test("nameOf() names a key the same in every tab", () => {
  assertEquals(nameOf("guest-1"), nameOf("guest-1"));
  assertEquals(nameOf("guest-1").split(" ").length, 2);
});
