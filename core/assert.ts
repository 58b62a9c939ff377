/**
 * Checks of what comes from outside: options, keys, updates. All modules share
 * them, and the package does not export them.
 *
 * Each throws an {@linkcode InvalidValueError} that names the action which was
 * refused and the field that is wrong.
 *
 * @module
 */

import type { EntryKey, PresenceUpdate } from "./entry.ts";
import { InvalidValueError } from "./errors.ts";
import {
  AVAILABILITIES,
  COMMON_ACTIVITIES,
  isActivity,
  isAvailability,
} from "./facet.ts";
import { isKey, type Key } from "./key.ts";
import type { Duration, Timestamp } from "./time.ts";
import type { Visibility } from "./visibility.ts";

/** Any fields, none of which is known to be well-formed. */
type Fields = Readonly<Record<string, unknown>>;

/**
 * Checks that options are an object: `null` can't be destructured.
 */
export function assertOptions(options: unknown, action: string): void {
  if (isObject(options)) return;
  throw new InvalidValueError(action, "options", "must be an object", options);
}

/**
 * Checks that no unknown options are left, since a misspelt name would be
 * ignored silently. One that is `undefined` counts as absent. The error has the
 * name and not the value, which may be a secret.
 *
 * @example Usage
 * ```ts ignore
 * const { port = 80, ...others } = options;
 * assertNoOtherOptions(others, "listen");
 * // Cannot listen: options must have known names only: received "prot"
 * ```
 */
export function assertNoOtherOptions(
  others: object,
  action: string,
  field = "options",
): void {
  for (const [name, value] of Object.entries(others)) {
    if (value === undefined) continue;
    const rule = "must have known names only";
    throw new InvalidValueError(action, field, rule, name);
  }
}

/**
 * Checks that a value is an object with some methods. Its class does not
 * matter, as there may be several copies of it.
 */
export function assertMethods(
  value: unknown,
  methods: readonly string[],
  field: string,
  rule: string,
  action: string,
): void {
  const isGood = isObject(value) &&
    methods.every((name) => typeof Reflect.get(value, name) === "function");
  if (!isGood) throw new InvalidValueError(action, field, rule, value);
}

/** Checks that a value is a function, like a clock or a callback. */
export function assertFunction(
  value: unknown,
  field: string,
  action: string,
): void {
  if (typeof value === "function") return;
  throw new InvalidValueError(action, field, "must be a function", value);
}

/** The longest wait of a timer, in milliseconds: a longer one fires at once. */
export const MAX_DELAY_MS: Duration = 2_147_483_647;

/** Checks that a timer can wait for some milliseconds. */
export function assertDelay(
  value: Duration,
  field: string,
  action: string,
): void {
  if (Number.isFinite(value) && value > 0 && value <= MAX_DELAY_MS) return;
  const rule = `must be a positive number of at most ${MAX_DELAY_MS}`;
  throw new InvalidValueError(action, field, rule, value);
}

/** Checks a {@linkcode Key}. */
export function assertKey(
  value: unknown,
  field: string,
  action: string,
): asserts value is Key {
  if (isKey(value)) return;
  const rule = "must be a well-formed string or a finite number";
  throw new InvalidValueError(action, field, rule, value);
}

/** Checks an {@linkcode EntryKey}: only the resource may be absent. */
export function assertEntryKey(
  key: { readonly [Field in keyof EntryKey]?: unknown },
  action: string,
): asserts key is EntryKey {
  assertKey(key.subject, "subject", action);
  assertKey(key.context, "context", action);
  if (key.resource !== undefined) assertKey(key.resource, "resource", action);
  assertKey(key.origin, "origin", action);
}

/** Checks a {@linkcode Timestamp}. */
export function assertTimestamp(
  value: unknown,
  field: string,
  action: string,
): asserts value is Timestamp {
  if (Number.isFinite(value)) return;
  throw new InvalidValueError(action, field, "must be a finite number", value);
}

/** Checks a {@linkcode Visibility}. */
export function assertVisibility(
  value: unknown,
  field: string,
  action: string,
): asserts value is Visibility {
  if (value === "public" || value === "private") return;
  if (
    isObject(value) && "restricted" in value &&
    typeof value.restricted === "string"
  ) return;
  const rule = `must be "public", "private" or { restricted } with a string`;
  throw new InvalidValueError(action, field, rule, value);
}

/**
 * Checks the value of a built-in facet. The application's own facets may have
 * any value: only the compiler knows their types.
 */
export function assertFacet(
  name: string,
  value: unknown,
  action: string,
): void {
  if (name === "availability" && !isAvailability(value)) {
    const rule = `must be one of ${[...AVAILABILITIES].join(", ")}`;
    throw new InvalidValueError(action, "facets.availability", rule, value);
  }
  if (name === "activity" && !isActivity(value)) {
    const common = [...COMMON_ACTIVITIES].join(", ");
    const rule = `must be one of ${common}, or { custom } with a key`;
    throw new InvalidValueError(action, "facets.activity", rule, value);
  }
  if (name === "lastSeen") assertTimestamp(value, "facets.lastSeen", action);
}

const PUBLISH = "publish update";

/**
 * Checks a {@linkcode PresenceUpdate}, but for the values of the application's
 * own facets.
 */
export function assertUpdate(
  update: unknown,
): asserts update is PresenceUpdate {
  assertUpdateIsObject(update);
  assertEntryKey(update, PUBLISH);
  assertUpdateBody(update);
}

/**
 * Checks an update but for its key: a store has checked the keys that it has.
 */
export function assertUpdateBody(update: unknown): void {
  assertUpdateIsObject(update);
  const { visibility, observedAt, expiry, facets, facetDeadlines } = update;
  assertVisibility(visibility, "visibility", PUBLISH);
  assertTimestamp(observedAt, "observedAt", PUBLISH);
  if (expiry !== "never" && !Number.isFinite(expiry)) {
    const rule = `must be a finite number or "never"`;
    throw new InvalidValueError(PUBLISH, "expiry", rule, expiry);
  }
  assertRecord(facets, "facets");
  const { availability, activity, lastSeen } = facets;
  assertBuiltIn("availability", availability);
  assertBuiltIn("activity", activity);
  assertBuiltIn("lastSeen", lastSeen);
  if (facetDeadlines !== undefined) assertDeadlines(facetDeadlines, facets);
}

function assertBuiltIn(name: string, value: unknown): void {
  if (value !== null && value !== undefined) assertFacet(name, value, PUBLISH);
}

function assertDeadlines(deadlines: unknown, facets: Fields): void {
  assertRecord(deadlines, "facetDeadlines");
  for (const name of Object.keys(deadlines)) {
    const deadline = deadlines[name];
    if (deadline === undefined) continue;
    const field = `facetDeadlines.${name}`;
    assertTimestamp(deadline, field, PUBLISH);
    const value = Object.hasOwn(facets, name) ? facets[name] : undefined;
    if (value === null || value === undefined) {
      const rule = "must belong to a facet that the same update sets";
      throw new InvalidValueError(PUBLISH, field, rule, deadline);
    }
  }
}

function assertUpdateIsObject(
  update: unknown,
): asserts update is { readonly [Field in keyof PresenceUpdate]?: unknown } {
  if (isObject(update)) return;
  throw new InvalidValueError(PUBLISH, "update", "must be an object", update);
}

function assertRecord(value: unknown, field: string): asserts value is Fields {
  if (isObject(value) && !Array.isArray(value)) return;
  throw new InvalidValueError(PUBLISH, field, "must be an object", value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
