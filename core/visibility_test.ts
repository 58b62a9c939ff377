import { assertEquals } from "@std/assert";
import { restricted, sameVisibility, type Visibility } from "./mod.ts";

Deno.test("restricted() carries a label", () => {
  assertEquals(restricted("team"), { restricted: "team" });
  assertEquals(restricted(""), { restricted: "" });
});

Deno.test("sameVisibility() compares kind and label", () => {
  const different: Visibility[] = [
    "public",
    "private",
    restricted("public"),
    restricted("private"),
    restricted(""),
  ];
  for (const [i, a] of different.entries()) {
    for (const [j, b] of different.entries()) {
      const copy = structuredClone(b);
      assertEquals(sameVisibility(a, copy), i === j, JSON.stringify([a, b]));
    }
  }
});
