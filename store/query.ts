import type {
  Expiry,
  PresenceAddress,
  PresenceModel,
  Timestamp,
  VisibilityPolicy,
} from "../core/mod.ts";
import type { ProjectionPolicy, SubjectSummary } from "./projection.ts";

/** Lets a read see only part of what there is. */
export interface VisibleOptions<M extends PresenceModel = PresenceModel> {
  /** Only what this policy lets be seen. All, if it is left out. */
  readonly visible?: VisibilityPolicy<M["label"], M["subject"]> | undefined;
}

/** Which snapshots to read: those that match all that is given. */
export interface SnapshotQuery<M extends PresenceModel = PresenceModel>
  extends VisibleOptions<M> {
  /** Those of this subject. */
  readonly subject?: M["subject"] | undefined;
  /** Those in this context. */
  readonly context?: M["context"] | undefined;
  /** Those told of by this origin. */
  readonly origin?: M["origin"] | undefined;
  /** Those at this address, whose resource, if it has none, is none. */
  readonly address?: PresenceAddress<M> | undefined;
}

/** How summaries are made. */
export interface SummaryOptions<M extends PresenceModel = PresenceModel>
  extends VisibleOptions<M> {
  /** The ranks that decide which snapshot headlines. */
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
  /** How many summaries at most, at least 1. */
  readonly limit: number;
  /** The subject that the former page ended with. */
  readonly after?: M["subject"] | undefined;
}

/** A page of a context's summaries, ordered by subject. */
export interface SummaryPage<M extends PresenceModel = PresenceModel> {
  /** The summaries. */
  readonly summaries: readonly SubjectSummary<M>[];
  /** What to ask for the next page after; `undefined` on the last page. */
  readonly next: M["subject"] | undefined;
}

/** How many are there. */
export interface PresenceCount {
  /** How many subjects. */
  readonly subjects: number;
  /** How many entries: a subject may have several. */
  readonly entries: number;
}

/** What keeps an entry alive, refreshes included. */
export interface Liveness {
  /** The `observedAt` of the last update. */
  readonly seenAt: Timestamp;
  /** When the entry ends, by the clock of `PresenceStore.expire()`. */
  readonly expiry: Expiry;
  /** When single facets of it end, by the same clock. */
  readonly facetDeadlines: ReadonlyMap<string, Timestamp>;
}
