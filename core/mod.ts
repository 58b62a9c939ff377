/**
 * The vocabulary of presence: keys and addresses, timestamps and expiry,
 * visibility, facets, updates and snapshots. Types and small pure functions
 * without I/O; only `steadyNow()`, which nothing here calls, reads a clock.
 *
 * @example Usage
 * ```ts
 * import { compareKeys, restricted } from "@ruthere/presence/core";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(compareKeys("alice", "bob"), -1);
 * assertEquals(restricted("doc-members"), { restricted: "doc-members" });
 * ```
 *
 * @module
 */

export * from "./entry.ts";
export * from "./equal.ts";
export * from "./errors.ts";
export {
  type Activity,
  type Availability,
  type BuiltInFacets,
  type CommonActivity,
  isActivity,
  isAvailability,
} from "./facet.ts";
export * from "./key.ts";
export type * from "./model.ts";
export * from "./steady_clock.ts";
export type * from "./time.ts";
export * from "./visibility.ts";
