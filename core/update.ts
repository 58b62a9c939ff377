import { assertEntryKey, type EntryKey } from "./address.ts";
import { InvalidValueError } from "./errors.ts";
import { assertExpiry, type Expiry } from "./expiry.ts";
import {
  assertFacet,
  type BuiltInFacets,
  type FacetDeadlines,
  type FacetPatch,
} from "./facet.ts";
import type { PresenceModel } from "./model.ts";
import { assertTimestamp, type Timestamp } from "./timestamp.ts";
import { assertVisibility, type Visibility } from "./visibility.ts";

/**
 * What a publisher says of one entry. It replaces the entry's visibility,
 * `observedAt` and expiry, and patches its facets. An update is an immutable
 * value: whoever has published one leaves it alone.
 *
 * @example Usage
 * ```ts
 * import type { PresenceUpdate } from "@ruthere/presence/core";
 *
 * const update: PresenceUpdate = {
 *   subject: "alice",
 *   context: "doc-42",
 *   resource: "browser-tab",
 *   origin: "session/browser",
 *   visibility: "public",
 *   observedAt: 100,
 *   expiry: 160,
 *   facets: { availability: "available", activity: "editing" },
 *   facetDeadlines: { activity: 105 },
 * };
 * ```
 */
export interface PresenceUpdate<M extends PresenceModel = PresenceModel>
  extends EntryKey<M> {
  /** Who the entry is meant for. */
  readonly visibility: Visibility<M["label"]>;
  /** When this was true. */
  readonly observedAt: Timestamp;
  /** When the entry ends, unless another update comes. */
  readonly expiry: Expiry;
  /** What changes: a value sets, `null` clears. May be empty. */
  readonly facets: FacetPatch<M>;
  /**
   * When facets that this update sets are cleared by themselves. A facet that
   * is set without a deadline has none, also where it had one before.
   */
  readonly facetDeadlines?: FacetDeadlines<M> | undefined;
}

const ACTION = "publish update";

/**
 * Throws unless a value is a {@linkcode PresenceUpdate}. The values of the
 * application's own facets are not looked at.
 *
 * @param update The value to check.
 * @throws {InvalidValueError} If a field is missing or has a bad value; it
 * names the field.
 *
 * @example Usage
 * ```ts
 * import { assertUpdate, InvalidValueError } from "@ruthere/presence/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(
 *   () => assertUpdate({ subject: "alice", context: "doc-42", origin: "tab" }),
 *   InvalidValueError,
 *   `Cannot publish update: visibility must be`,
 * );
 * ```
 */
export function assertUpdate(
  update: unknown,
): asserts update is PresenceUpdate {
  assertIsObject(update);
  assertEntryKey(update, ACTION);
  assertUpdateBody(update);
}

/**
 * Throws unless an update is well-formed but for its key, which this does not
 * look at: a store has checked the keys that it holds.
 *
 * @param update The value to check.
 * @throws {InvalidValueError} If a field is missing or has a bad value; it
 * names the field.
 *
 * @example Usage
 * ```ts
 * import { assertUpdateBody } from "@ruthere/presence/core";
 *
 * assertUpdateBody({
 *   visibility: "public",
 *   observedAt: 100,
 *   expiry: "never",
 *   facets: { activity: "editing" },
 * });
 * ```
 */
export function assertUpdateBody(update: unknown): void {
  assertIsObject(update);
  const { visibility, observedAt, expiry, facets, facetDeadlines } = update;
  assertVisibility(visibility, "visibility", ACTION);
  assertTimestamp(observedAt, "observedAt", ACTION);
  assertExpiry(expiry, "expiry", ACTION);
  assertFacets(facets, facetDeadlines);
}

function assertIsObject(
  update: unknown,
): asserts update is { readonly [Field in keyof PresenceUpdate]?: unknown } {
  if (typeof update === "object" && update !== null) return;
  throw new InvalidValueError(ACTION, "update", "must be an object", update);
}

function assertFacets(facets: unknown, deadlines: unknown): void {
  assertRecord(facets, "facets");
  const { availability, activity, lastSeen } = facets;
  assertBuiltIn("availability", availability);
  assertBuiltIn("activity", activity);
  assertBuiltIn("lastSeen", lastSeen);
  if (deadlines === undefined) return;
  assertRecord(deadlines, "facetDeadlines");
  for (const name of Object.keys(deadlines)) {
    const deadline = deadlines[name];
    if (deadline === undefined) continue;
    assertTimestamp(deadline, `facetDeadlines.${name}`, ACTION);
    const value = Object.hasOwn(facets, name) ? facets[name] : undefined;
    if (value === null || value === undefined) {
      throw new InvalidValueError(
        ACTION,
        `facetDeadlines.${name}`,
        "must belong to a facet that the same update sets",
        deadline,
      );
    }
  }
}

function assertBuiltIn(name: keyof BuiltInFacets, value: unknown): void {
  if (value !== null && value !== undefined) assertFacet(name, value, ACTION);
}

function assertRecord(
  value: unknown,
  field: string,
): asserts value is Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return;
  }
  throw new InvalidValueError(ACTION, field, "must be an object", value);
}
