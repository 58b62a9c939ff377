import { assertEquals, assertThrows } from "@std/assert";
import {
  assertVisibility,
  InvalidValueError,
  restricted,
  sameVisibility,
  type Visibility,
} from "./mod.ts";

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

Deno.test("assertVisibility() takes the three kinds", () => {
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
