import { assertKey, compareKeys } from "./key.ts";
import type { PresenceModel } from "./model.ts";

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

/** What names one entry: an address, and the origin that tells of it. */
export interface EntryKey<M extends PresenceModel = PresenceModel>
  extends PresenceAddress<M> {
  /** The session, gateway or service that publishes the entry. */
  readonly origin: M["origin"];
}

/**
 * Orders entry keys by subject, context, resource and origin, each by
 * {@linkcode compareKeys}.
 *
 * @param a One entry key.
 * @param b The other.
 * @returns A negative number if `a` comes first, a positive one if `b` does,
 * 0 if they name the same entry.
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
 * @param entry What has the key's fields, among others.
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

/**
 * Throws unless a value can name an entry.
 *
 * @param key The value to check.
 * @param action What can't be done with a bad one, for the message.
 * @throws {InvalidValueError} If one of the four fields is not a key; only the
 * resource may be absent.
 *
 * @example Usage
 * ```ts
 * import { assertEntryKey } from "@ruthere/presence/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertEntryKey({ subject: "a", context: 1, origin: "" }, "withdraw entry");
 * assertThrows(() => assertEntryKey({ subject: "a" }, "withdraw entry"));
 * ```
 */
export function assertEntryKey(
  key: { readonly [Field in keyof EntryKey]?: unknown },
  action: string,
): asserts key is EntryKey {
  assertKey(key.subject, "subject", action);
  assertKey(key.context, "context", action);
  if (key.resource !== undefined) assertKey(key.resource, "resource", action);
  assertKey(key.origin, "origin", action);
}
