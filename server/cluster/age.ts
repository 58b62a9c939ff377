import type { Duration } from "../../core/mod.ts";

/** How much clocks of a backbone's servers may differ, or estimates be wrong. */
const TOLERANCE_MS: Duration = 1_000;

/** One day: older than any row that matters. */
export const UNKNOWN_AGE: Duration = 86_400_000;

/**
 * Returns the age of a row by the clock of a backbone. A row that lies in the
 * future was written before that clock was set back, and its age is not known.
 * It counts as old, so that the next write is done. A former owner that has heard
 * from the publisher later writes it again.
 *
 * @param age The time there now minus the time of the write, in milliseconds.
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
