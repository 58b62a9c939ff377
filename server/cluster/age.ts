import type { Duration } from "../../core/mod.ts";

/** By so much the clocks of a backbone's servers may differ, or be estimated. */
const TOLERANCE_MS: Duration = 1_000;

/** More than anything is worth: one day. */
export const UNKNOWN_AGE: Duration = 86_400_000;

/**
 * Tells how old a row is by the clock of a backbone. A row that lies in the
 * future was written before that clock was set back, and its age is not known.
 * It counts as old, so that the next write is done; a former owner that has
 * heard of the publisher later writes again.
 *
 * @param age The time there now, less that at which it was written, in
 * milliseconds.
 * @returns The age.
 *
 * @example Usage
 * ```ts
 * import { ageOf } from "@ruthere/presence/server/cluster";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ageOf(20), 20);
 * assertEquals(ageOf(-20), 0); // Two clocks differ a little.
 * assertEquals(ageOf(-3_600_000), 86_400_000);
 * ```
 */
export function ageOf(age: Duration): Duration {
  return age < -TOLERANCE_MS ? UNKNOWN_AGE : Math.max(0, age);
}
