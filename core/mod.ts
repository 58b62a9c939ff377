/**
 * The vocabulary of presence: keys and addresses, timestamps and expiry,
 * visibility, facets, updates and snapshots. Types and small pure functions;
 * nothing here does I/O, and only `steadyNow()`, which nothing here calls, reads
 * a clock.
 *
 * @example Usage
 * ```ts
 * import { compareKeys, isDue, restricted } from "@ruthere/presence/core";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assert(isDue(160, 200));
 * assertEquals(compareKeys("alice", "bob"), -1);
 * assertEquals(restricted("doc-members"), { restricted: "doc-members" });
 * ```
 *
 * @module
 */

export * from "./address.ts";
export * from "./equal.ts";
export * from "./errors.ts";
export * from "./expiry.ts";
export * from "./facet.ts";
export * from "./key.ts";
export * from "./model.ts";
export * from "./snapshot.ts";
export * from "./steady_clock.ts";
export * from "./timestamp.ts";
export * from "./update.ts";
export * from "./visibility.ts";
