import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { matcherOf } from "./patterns.ts";

const RUNS = { numRuns: Number(Deno.env.get("RUTHERE_RUNS") ?? 1_000) };

Deno.test("matcherOf() matches exact names, and prefixes with a star", () => {
  const matches = matcherOf(["room", "doc:*", "a*b", "", "x**"]);
  const yes = ["room", "doc:", "doc:1:2", "a*b", "", "x*", "x*y"];
  const no = ["room:1", "roo", "doc", "Doc:1", "axb", "a*", "*", "x", " ", 7];
  assertEquals(yes.filter(matches), yes);
  assertEquals(no.filter(matches), []);
});

Deno.test("matcherOf() matches everything for a star, and nothing without patterns", () => {
  const keys = ["", "room", "__proto__", 7];
  assertEquals(keys.filter(matcherOf(["room", "*"])), keys);
  assertEquals(keys.filter(matcherOf([])), []);
});

Deno.test("property: matcherOf() matches if any of its patterns does", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "b", "*"),
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.array(text), text, (patterns, context) => {
      const isNamed = patterns.some((pattern) =>
        pattern.endsWith("*")
          ? context.startsWith(pattern.slice(0, -1))
          : context === pattern
      );
      assertEquals(matcherOf(patterns)(context), isNamed);
    }),
    RUNS,
  );
});
