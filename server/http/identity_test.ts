import { assertEquals, assertNotEquals } from "@std/assert";
import type { Identity } from "../internal.ts";
import { type Actor, actorOf } from "./identity.ts";
import { identity } from "./testing/service.ts";

function actor(fields: Partial<Identity>, now = 1_000): Actor {
  return actorOf(identity(fields), () => now);
}

Deno.test("actorOf() makes no policy for a viewer who sees everything", () => {
  const visibleTo = (restricted: "all" | string[], isPrivate: boolean) =>
    actor({ viewer: { restricted, private: isPrivate } }).visible;
  assertEquals(visibleTo("all", true), undefined);
  assertEquals(visibleTo("all", false)?.("private", "alice"), false);
  assertEquals(visibleTo([], true)?.({ restricted: "team" }, "alice"), false);
});

Deno.test("actorOf() names the account by subject, or without one by origin", () => {
  const accountOf = (origin: string, subject?: string) =>
    actor({ origin, subject }).account;
  assertEquals(accountOf("a", "alice"), accountOf("b", "alice"));
  assertNotEquals(accountOf("a"), accountOf("b"));
  assertNotEquals(accountOf("alice"), accountOf("a", "alice"));
});

Deno.test("actorOf() reports an expiry that has passed or is not a time", () => {
  const hasExpired = (expiresAt: number | undefined) =>
    actor({ expiresAt }).end() === "expired";
  assertEquals(hasExpired(undefined), false);
  assertEquals(hasExpired(1_001), false);
  assertEquals(hasExpired(1_000), true);
  assertEquals(hasExpired(NaN), true);
  assertEquals(hasExpired(Infinity), false);
});
