import { InvalidValueError } from "./errors.ts";
import type { Duration, Timestamp } from "./timestamp.ts";

/** When an entry ends: `"never"`, or at a timestamp. */
export type Expiry = Timestamp | "never";

/** How a publisher picks an {@linkcode Expiry}: `"never"`, or after a while. */
export type ExpiryPolicy = "never" | { readonly after: Duration };

/**
 * Tells whether an expiry is due.
 *
 * @param expiry The expiry to judge.
 * @param now The present.
 * @returns `true` if the expiry is a timestamp at or before `now`.
 *
 * @example Usage
 * ```ts
 * import { isDue } from "@ruthere/presence/core";
 * import { assert, assertFalse } from "@std/assert";
 *
 * assert(isDue(160, 160));
 * assertFalse(isDue(160, 159));
 * assertFalse(isDue("never", 160));
 * ```
 */
export function isDue(expiry: Expiry, now: Timestamp): boolean {
  return expiry !== "never" && expiry <= now;
}

/**
 * Applies a policy to the time of an observation. A sum beyond the largest
 * finite number stays there.
 *
 * @param policy The policy.
 * @param observedAt The time that the policy counts from.
 * @returns The expiry.
 *
 * @example Usage
 * ```ts
 * import { expiryFrom } from "@ruthere/presence/core";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(expiryFrom({ after: 60 }, 100), 160);
 * assertEquals(expiryFrom("never", 100), "never");
 * assertEquals(expiryFrom({ after: Number.MAX_VALUE }, 1e300), Number.MAX_VALUE);
 * ```
 */
export function expiryFrom(
  policy: ExpiryPolicy,
  observedAt: Timestamp,
): Expiry {
  if (policy === "never") return "never";
  return Math.min(observedAt + policy.after, Number.MAX_VALUE);
}

/**
 * Throws unless a value is an {@linkcode Expiry}.
 *
 * @param value The value to check.
 * @param field The name of the field that holds it, for the message.
 * @param action What can't be done with a bad one, for the message.
 * @throws {InvalidValueError} If the value is neither `"never"` nor a
 * timestamp.
 *
 * @example Usage
 * ```ts
 * import { assertExpiry } from "@ruthere/presence/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertExpiry("never", "expiry", "publish update");
 * assertThrows(() => assertExpiry("soon", "expiry", "publish update"));
 * ```
 */
export function assertExpiry(
  value: unknown,
  field: string,
  action: string,
): asserts value is Expiry {
  if (value === "never" || Number.isFinite(value)) return;
  throw new InvalidValueError(
    action,
    field,
    `must be a finite number or "never"`,
    value,
  );
}

/**
 * Throws unless a value is an {@linkcode ExpiryPolicy}.
 *
 * @param value The value to check.
 * @param field The name of the field that holds it, for the message.
 * @param action What can't be done with a bad one, for the message.
 * @throws {InvalidValueError} If the value is neither `"never"` nor a
 * duration of zero or more.
 *
 * @example Usage
 * ```ts
 * import { assertExpiryPolicy } from "@ruthere/presence/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertExpiryPolicy({ after: 60 }, "expiry", "create beacon");
 * assertThrows(() => assertExpiryPolicy({ after: -1 }, "expiry", "create beacon"));
 * ```
 */
export function assertExpiryPolicy(
  value: unknown,
  field: string,
  action: string,
): asserts value is ExpiryPolicy {
  if (value === "never") return;
  if (typeof value === "object" && value !== null && "after" in value) {
    const { after } = value;
    if (typeof after === "number" && Number.isFinite(after) && after >= 0) {
      return;
    }
  }
  throw new InvalidValueError(
    action,
    field,
    `must be "never" or { after } with a finite, non-negative number`,
    value,
  );
}
