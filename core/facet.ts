import { InvalidValueError } from "./errors.ts";
import { isKey, type Key } from "./key.ts";
import type { PresenceModel } from "./model.ts";
import { assertTimestamp, type Timestamp } from "./timestamp.ts";

/** Whether somebody can be reached. */
export type Availability =
  | "available"
  | "busy"
  | "away"
  | "offline"
  | "unknown";

/** What somebody is doing, in words that every application shares. */
export type CommonActivity =
  | "idle"
  | "observing"
  | "navigating"
  | "editing"
  | "presenting"
  | "acting";

/** What somebody is doing: a common activity, or one of the application's. */
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

/** Every facet of a model, built-in ones and the application's own. */
export type AllFacets<M extends PresenceModel> =
  & BuiltInFacets
  & Omit<M["facets"], keyof BuiltInFacets>;

/** The name of a facet of a model. */
export type FacetName<M extends PresenceModel> =
  & string
  & keyof AllFacets<M>;

/** The facets that an entry has at the moment. */
export type Facets<M extends PresenceModel> = {
  readonly [Name in FacetName<M>]?: AllFacets<M>[Name];
};

/**
 * A change to the facets of an entry: a value sets, `null` clears, and a facet
 * that is left out (or `undefined`) stays as it is.
 */
export type FacetPatch<M extends PresenceModel> = {
  readonly [Name in FacetName<M>]?: AllFacets<M>[Name] | null | undefined;
};

/**
 * Deadlines of single facets. When one is due its facet is cleared; it does
 * not go back to an earlier value.
 */
export type FacetDeadlines<M extends PresenceModel> = {
  readonly [Name in FacetName<M>]?: Timestamp | undefined;
};

const AVAILABILITIES: ReadonlySet<unknown> = new Set<Availability>(
  ["available", "busy", "away", "offline", "unknown"],
);

const COMMON_ACTIVITIES: ReadonlySet<unknown> = new Set<CommonActivity>(
  ["idle", "observing", "navigating", "editing", "presenting", "acting"],
);

/**
 * Tells whether a value is an {@linkcode Availability}.
 *
 * @param value The value to look at.
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
 * Tells whether a value is an {@linkcode Activity}.
 *
 * @param value The value to look at.
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
  return COMMON_ACTIVITIES.has(value) || isCustomActivity(value);
}

/**
 * Throws unless a value suits a facet. The application's own facets may have
 * any value: their types are known only to the compiler.
 *
 * @param name The name of the facet.
 * @param value The value to check.
 * @param action What can't be done with a bad one, for the message.
 * @throws {InvalidValueError} If a built-in facet can't have this value.
 *
 * @example Usage
 * ```ts
 * import { assertFacet } from "@ruthere/presence/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertFacet("activity", { custom: "juggling" }, "publish update");
 * assertThrows(() => assertFacet("activity", "juggling", "publish update"));
 * ```
 */
export function assertFacet(
  name: string,
  value: unknown,
  action: string,
): void {
  if (name === "availability") {
    if (isAvailability(value)) return;
    const rule = `must be one of ${[...AVAILABILITIES].join(", ")}`;
    throw new InvalidValueError(action, "facets.availability", rule, value);
  }
  if (name === "activity") {
    if (isActivity(value)) return;
    const common = [...COMMON_ACTIVITIES].join(", ");
    const rule = `must be one of ${common}, or { custom } with a key`;
    throw new InvalidValueError(action, "facets.activity", rule, value);
  }
  if (name === "lastSeen") assertTimestamp(value, "facets.lastSeen", action);
}

function isCustomActivity(value: unknown): boolean {
  return typeof value === "object" && value !== null && "custom" in value &&
    isKey(value.custom);
}
