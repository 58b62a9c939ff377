import { assertEquals, assertNotEquals } from "@std/assert";
import { actorOf } from "./identity.ts";
import { identity } from "./testing/service.ts";

Deno.test("actorOf() makes no policy for whom nothing is hidden from", () => {
  const visibleTo = (restricted: "all" | string[], isPrivate: boolean) =>
    actorOf(identity({ viewer: { restricted, private: isPrivate } })).visible;
  assertEquals(visibleTo("all", true), undefined);
  assertEquals(visibleTo("all", false)?.("private", "alice"), false);
  assertEquals(visibleTo([], true)?.({ restricted: "team" }, "alice"), false);
});

Deno.test("actorOf() keeps account by subject, else by origin", () => {
  const accountOf = (origin: string, subject?: string) =>
    actorOf(identity({ origin, subject })).account;
  assertEquals(accountOf("a", "alice"), accountOf("b", "alice"));
  assertNotEquals(accountOf("a"), accountOf("b"));
  assertNotEquals(accountOf("alice"), accountOf("a", "alice"));
});
