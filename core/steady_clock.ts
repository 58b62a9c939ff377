import type { Timestamp } from "./time.ts";

const real = /* @__PURE__ */ readClocks();

function readClocks() {
  const { Date } = globalThis;
  /** Added to `performance.now()`, gives Unix milliseconds. */
  const startedAt = Date.now() - performance.now();
  return { Date, startedAt };
}

/**
 * Returns the time in whole milliseconds by a steady clock, which is never set
 * forward or back. Use it to measure durations, and `Date.now()` for times that
 * are shown. It equals Unix time when this module is loaded, and then runs
 * evenly even when the system's clock is set.
 *
 * When a test fakes `Date`, as FakeTime, Sinon, Vitest and Jest do, it follows
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
  return globalThis.Date === real.Date
    ? Math.floor(real.startedAt + performance.now())
    : Date.now();
}
