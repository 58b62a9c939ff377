import { compareKeys } from "./key.ts";
import type {
  FacetDeadlines,
  FacetPatch,
  Facets,
  PresenceModel,
} from "./model.ts";
import type { Expiry, Timestamp } from "./time.ts";
import type { Visibility } from "./visibility.ts";

/**
 * A place where a subject can be: in a context, by a resource or by none. An
 * address without a resource differs from one whose resource is `""`.
 */
export interface PresenceAddress<M extends PresenceModel = PresenceModel> {
  /** The person, bot, device or shipment. */
  readonly subject: M["subject"];
  /** The room, document or place. */
  readonly context: M["context"];
  /** The browser tab, phone or tracker, if the subject is here by one. */
  readonly resource?: M["resource"] | undefined;
}

/** Identifies one entry: an address, and the origin that publishes it. */
export interface EntryKey<M extends PresenceModel = PresenceModel>
  extends PresenceAddress<M> {
  /** The session, gateway or service that publishes the entry. */
  readonly origin: M["origin"];
}

/**
 * What a publisher says about one entry. It replaces the entry's visibility,
 * `observedAt` and expiry, and patches its facets. An update is an immutable
 * value: do not change one after publishing it.
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
  /** When the entry expires, unless another update follows. */
  readonly expiry: Expiry;
  /** The changed facets: a value sets, `null` clears. May be empty. */
  readonly facets: FacetPatch<M>;
  /**
   * When facets that this update sets are cleared automatically. A facet that
   * is set without a deadline has none, even if it had one before.
   */
  readonly facetDeadlines?: FacetDeadlines<M> | undefined;
}

/**
 * The state of one entry: the sum of its updates. A snapshot is an immutable
 * value; a later update makes a new one.
 *
 * A facet that has not been set is absent. If the application has a facet with
 * the name of a member that every object has (`constructor`, `toString`), ask
 * `Object.hasOwn` before you read it.
 */
export interface PresenceSnapshot<M extends PresenceModel = PresenceModel>
  extends EntryKey<M> {
  /** The resource, `undefined` if the entry has none. */
  readonly resource: M["resource"] | undefined;
  /** Who the entry is meant for. */
  readonly visibility: Visibility<M["label"]>;
  /** When this was true. */
  readonly observedAt: Timestamp;
  /** When the entry was to expire, according to its last change. */
  readonly expiry: Expiry;
  /** The facets that are set. */
  readonly facets: Facets<M>;
}

/**
 * Orders entry keys by subject, context, resource and origin, each by
 * {@linkcode compareKeys}.
 *
 * @param a One entry key.
 * @param b The other.
 * @returns A negative number if `a` comes first, a positive one if `b` does,
 * 0 if they identify the same entry.
 *
 * @example Usage
 * ```ts
 * import { compareEntryKeys } from "@ruthere/presence/core";
 * import { assertEquals } from "@std/assert";
 *
 * const tab = { subject: "a", context: "doc", resource: "tab", origin: "s" };
 * const none = { subject: "a", context: "doc", origin: "s" };
 * assertEquals([tab, none].sort(compareEntryKeys), [none, tab]);
 * ```
 */
export function compareEntryKeys(a: EntryKey, b: EntryKey): number {
  return compareKeys(a.subject, b.subject) ||
    compareKeys(a.context, b.context) ||
    compareKeys(a.resource, b.resource) ||
    compareKeys(a.origin, b.origin);
}

/**
 * Picks the key out of anything that has one: an update, a snapshot.
 *
 * @typeParam M The application's model.
 * @param entry An object with the fields of a key, among others.
 * @returns The four fields alone.
 *
 * @example Usage
 * ```ts
 * import { entryKeyOf } from "@ruthere/presence/core";
 * import { assertEquals } from "@std/assert";
 *
 * const update = { subject: "a", context: "doc", origin: "s", observedAt: 1 };
 * assertEquals(
 *   entryKeyOf(update),
 *   { subject: "a", context: "doc", resource: undefined, origin: "s" },
 * );
 * ```
 */
export function entryKeyOf<M extends PresenceModel>(
  entry: EntryKey<M>,
): EntryKey<M> {
  const { subject, context, resource, origin } = entry;
  return { subject, context, resource, origin };
}
