import { isKey, type Key } from "./key.ts";
import type { Timestamp } from "./time.ts";

/** Whether a subject can be reached. */
export type Availability =
  | "available"
  | "busy"
  | "away"
  | "offline"
  | "unknown";

/** What a subject is doing, in words that every application shares. */
export type CommonActivity =
  | "idle"
  | "observing"
  | "navigating"
  | "editing"
  | "presenting"
  | "acting";

/** What a subject is doing: a common activity, or one of the application's. */
export type Activity = CommonActivity | { readonly custom: Key };

/** The facets that every model has. */
export interface BuiltInFacets {
  /** Whether the subject can be reached. */
  availability: Availability;
  /** What the subject is doing. */
  activity: Activity;
  /** When the subject last gave a sign of life. */
  lastSeen: Timestamp;
}

/** Every availability. The package does not export it. */
export const AVAILABILITIES: ReadonlySet<unknown> = new Set<Availability>(
  ["available", "busy", "away", "offline", "unknown"],
);

/** Every common activity. The package does not export it. */
export const COMMON_ACTIVITIES: ReadonlySet<unknown> = new Set<CommonActivity>(
  ["idle", "observing", "navigating", "editing", "presenting", "acting"],
);

/**
 * Reports whether a value is an {@linkcode Availability}.
 *
 * @param value The value to check.
 * @returns `true` if it is one of the five words.
 *
 * @example Usage
 * ```ts
 * import { isAvailability } from "@ruthere/presence/core";
 * import { assert, assertFalse } from "@std/assert";
 *
 * assert(isAvailability("busy"));
 * assertFalse(isAvailability("asleep"));
 * ```
 */
export function isAvailability(value: unknown): value is Availability {
  return AVAILABILITIES.has(value);
}

/**
 * Reports whether a value is an {@linkcode Activity}.
 *
 * @param value The value to check.
 * @returns `true` if it is one of the six words, or `{ custom }` with a key.
 *
 * @example Usage
 * ```ts
 * import { isActivity } from "@ruthere/presence/core";
 * import { assert, assertFalse } from "@std/assert";
 *
 * assert(isActivity("editing"));
 * assert(isActivity({ custom: "juggling" }));
 * assertFalse(isActivity("juggling"));
 * ```
 */
export function isActivity(value: unknown): value is Activity {
  if (typeof value !== "object" || value === null) {
    return COMMON_ACTIVITIES.has(value);
  }
  return "custom" in value && isKey(value.custom);
}
