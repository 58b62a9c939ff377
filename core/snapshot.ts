import type { EntryKey } from "./address.ts";
import type { Expiry } from "./expiry.ts";
import type { Facets } from "./facet.ts";
import type { PresenceModel } from "./model.ts";
import type { Timestamp } from "./timestamp.ts";
import type { Visibility } from "./visibility.ts";

/**
 * What is true of one entry: what its updates add up to. A snapshot is an
 * immutable value; a later update makes a new one.
 *
 * A facet that nobody has set is not there. If the application has a facet
 * whose name every object answers to (`constructor`, `toString`), ask
 * `Object.hasOwn` before reading it.
 */
export interface PresenceSnapshot<M extends PresenceModel = PresenceModel>
  extends EntryKey<M> {
  /** The resource, `undefined` if the entry has none. */
  readonly resource: M["resource"] | undefined;
  /** Who the entry is meant for. */
  readonly visibility: Visibility<M["label"]>;
  /** When this was true. */
  readonly observedAt: Timestamp;
  /** When the entry was to end, as its last change said. */
  readonly expiry: Expiry;
  /** The facets that are set. */
  readonly facets: Facets<M>;
}
