import type { Timestamp } from "./timestamp.ts";

const RealDate = globalThis.Date;

/** What `performance.now()` has to be added to, to be Unix milliseconds. */
const startedAt = RealDate.now() - performance.now();

/**
 * Tells the time in whole milliseconds by a clock that nobody sets: use it for
 * how long something takes or lasts, and `Date.now()` for what is shown. It is
 * the same as Unix time when this module is loaded, and then runs on evenly
 * when the system's clock is set forward or back.
 *
 * Where a test fakes `Date`, as FakeTime, Sinon, Vitest and Jest do, it follows
 * the fake one.
 *
 * @returns The time in milliseconds.
 *
 * @example Usage
 * ```ts
 * import { steadyNow } from "@ruthere/presence/core";
 * import { assert } from "@std/assert";
 *
 * const start = steadyNow();
 * assert(steadyNow() - start >= 0);
 * ```
 */
export function steadyNow(): Timestamp {
  return globalThis.Date === RealDate
    ? Math.floor(startedAt + performance.now())
    : Date.now();
}
