import type {
  Expiry,
  PresenceAddress,
  PresenceModel,
  Timestamp,
  VisibilityPolicy,
} from "../core/mod.ts";
import type { PresenceChange } from "./change.ts";
import type { ProjectionPolicy, SubjectSummary } from "./projection.ts";

/** How a store behaves. */
export interface PresenceStoreOptions<
  M extends PresenceModel = PresenceModel,
> {
  /**
   * How many changes to retain for watchers. `Infinity` keeps all of them until
   * `PresenceStore.compact()` is called.
   *
   * @default {10_000}
   */
  readonly retention?: number | undefined;
  /**
   * How to handle an update that changes nothing but times. As a `"change"` it
   * is like any other. As a `"silent"` one it takes no sequence and wakes no
   * watcher: it only keeps the entry alive, and the snapshot stays the same
   * object.
   *
   * @default {"change"}
   */
  readonly refreshes?: "change" | "silent" | undefined;
  /**
   * Whether to accept an update whose `observedAt` is before that of the last
   * one for the same entry. If not, publishing it throws a `StaleUpdateError`.
   *
   * @default {"accept"}
   */
  readonly staleUpdates?: "accept" | "refuse" | undefined;
  /**
   * Names this life of the store, so that a cursor of another life gets a gap.
   * No two lives may share an epoch: a cursor of one would silently continue in
   * the other.
   *
   * @default {a random string}
   */
  readonly epoch?: string | undefined;
  /**
   * Called with every change at once, regardless of the retention, and with the
   * cause of the write. It must neither throw nor write to the store.
   */
  readonly onChange?:
    | ((change: PresenceChange<M>, cause: string | undefined) => void)
    | undefined;
}

/** Restricts a read to what a reader may see. */
export interface VisibleOptions<M extends PresenceModel = PresenceModel> {
  /**
   * Decides what to include.
   *
   * @default {everything}
   */
  readonly visible?: VisibilityPolicy<M["label"], M["subject"]> | undefined;
}

/** Which snapshots to read: those that match every given field. */
export interface SnapshotQuery<M extends PresenceModel = PresenceModel>
  extends VisibleOptions<M> {
  /** Only those of this subject. */
  readonly subject?: M["subject"] | undefined;
  /** Only those in this context. */
  readonly context?: M["context"] | undefined;
  /** Only those that this origin publishes. */
  readonly origin?: M["origin"] | undefined;
  /** Only those at this address. Without a resource, only those without one. */
  readonly address?: PresenceAddress<M> | undefined;
}

/** How to make summaries. */
export interface SummaryOptions<M extends PresenceModel = PresenceModel>
  extends VisibleOptions<M> {
  /** The ranks that decide which snapshot is dominant. */
  readonly projection?: ProjectionPolicy | undefined;
}

/** Which summaries to read: those in a context, or those of a subject. */
export type SummaryQuery<M extends PresenceModel = PresenceModel> =
  & SummaryOptions<M>
  & (
    | { readonly context: M["context"]; readonly subject?: undefined }
    | { readonly subject: M["subject"]; readonly context?: undefined }
  );

/** Which page of a context's summaries to read. */
export interface SummaryPageOptions<M extends PresenceModel = PresenceModel>
  extends SummaryOptions<M> {
  /** The maximum number of summaries, at least 1. */
  readonly limit: number;
  /** The last subject of the previous page. */
  readonly after?: M["subject"] | undefined;
}

/** A page of a context's summaries, ordered by subject. */
export interface SummaryPage<M extends PresenceModel = PresenceModel> {
  /** The summaries. */
  readonly summaries: readonly SubjectSummary<M>[];
  /** The `after` of the next page; `undefined` on the last page. */
  readonly next: M["subject"] | undefined;
}

/** The size of a context. */
export interface PresenceCount {
  /** How many subjects. */
  readonly subjects: number;
  /** How many entries; a subject may have several. */
  readonly entries: number;
}

/** What keeps an entry alive, silent refreshes included. */
export interface Liveness {
  /** The `observedAt` of the last update. */
  readonly seenAt: Timestamp;
  /** When the entry expires, by the clock of `PresenceStore.expire()`. */
  readonly expiry: Expiry;
  /** When single facets are cleared, by the same clock. */
  readonly facetDeadlines: ReadonlyMap<string, Timestamp>;
}
