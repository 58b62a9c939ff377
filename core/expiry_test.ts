import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import {
  assertExpiry,
  assertExpiryPolicy,
  expiryFrom,
  InvalidValueError,
  isDue,
} from "./mod.ts";

Deno.test("isDue() is true from the deadline on", () => {
  assertFalse(isDue(160, 159));
  assert(isDue(160, 160));
  assert(isDue(160, 161));
  assert(isDue(-1, 0));
});

Deno.test("isDue() is never true of never", () => {
  assertFalse(isDue("never", Number.MAX_VALUE));
});

Deno.test("expiryFrom() counts from the observation", () => {
  assertEquals(expiryFrom({ after: 60 }, 100), 160);
  assertEquals(expiryFrom({ after: 0 }, 100), 100);
  assertEquals(expiryFrom({ after: 60 }, -100), -40);
  assertEquals(expiryFrom("never", 100), "never");
});

Deno.test("expiryFrom() stays finite", () => {
  const max = Number.MAX_VALUE;
  assertEquals(expiryFrom({ after: max }, max), max);
});

Deno.test("assertExpiry() takes a timestamp or never", () => {
  for (const expiry of ["never", 0, -1, 1.5]) {
    assertExpiry(expiry, "expiry", "publish update");
  }
  for (const other of [undefined, null, NaN, Infinity, "160", "Never", {}]) {
    assertThrows(
      () => assertExpiry(other, "expiry", "publish update"),
      InvalidValueError,
      `Cannot publish update: expiry must be a finite number or "never": received `,
    );
  }
});

Deno.test("assertExpiryPolicy() takes a duration or never", () => {
  for (const policy of ["never", { after: 0 }, { after: 1.5 }]) {
    assertExpiryPolicy(policy, "expiry", "create beacon");
  }
  const others = [
    undefined,
    null,
    60,
    {},
    { after: -1 },
    { after: NaN },
    { after: Infinity },
    { after: "60" },
  ];
  for (const other of others) {
    assertThrows(
      () => assertExpiryPolicy(other, "expiry", "create beacon"),
      InvalidValueError,
      `Cannot create beacon: expiry must be "never" or { after } with a finite, non-negative number: received `,
    );
  }
});
