import type { Key, PresenceSnapshot, Visibility } from "../../core/mod.ts";
import type {
  ChangesResult,
  CursorPosition,
  PresenceCount,
  SubjectSummary,
  SummaryPage,
} from "../../store/mod.ts";
import type { DocumentPresence } from "../documents/mod.ts";
import type { PresenceReader, PresenceServer } from "../mod.ts";

// The handler serves a server of any model: over a wire there are strings and
// JSON, and what an application's own types say beyond that is known only to
// the compiler, or to `checkUpdate`. TypeScript compares the parameters of
// methods both ways, but not those of a policy in their options. So the methods
// that take a policy are declared anew, with one that is a method.

/** A policy, as the handler gives it. */
export interface ServedPolicy {
  /** Reports whether an entry may be seen. */
  visible(visibility: Visibility, subject: Key): boolean;
}

/** What may be seen, as the handler asks for it. */
export interface ServedVisible {
  /** Only what this policy lets be seen. All, if it is left out. */
  readonly visible?: ServedPolicy["visible"] | undefined;
}

/** What the handler reads from: the store of a `PresenceServer`. */
export interface ServedStore extends
  Pick<
    PresenceReader,
    | "epoch"
    | "lastSequence"
    | "liveness"
    | "retainedFloorSequence"
    | "size"
    | "snapshot"
  > {
  /** Tells where anyone is. */
  contexts(): Key[];
  /** Reads entries. */
  snapshots(
    query?: ServedVisible & {
      readonly subject?: Key | undefined;
      readonly context?: Key | undefined;
      readonly origin?: Key | undefined;
    },
  ): PresenceSnapshot[];
  /** Sums up one subject in one context. */
  subjectSummary(
    subject: Key,
    context: Key,
    options?: ServedVisible,
  ): SubjectSummary | undefined;
  /** Reads a context page by page. */
  summaryPage(
    context: Key,
    options: ServedVisible & {
      readonly limit: number;
      readonly after?: Key | undefined;
    },
  ): SummaryPage;
  /** Counts without making a list. */
  count(context: Key, options?: ServedVisible): PresenceCount;
}

/**
 * What a handler serves: a `PresenceServer` of any model, or anything else with
 * these methods of it.
 */
export interface ServedPresence extends
  Pick<
    PresenceServer,
    | "closed"
    | "follow"
    | "lastSeen"
    | "locate"
    | "now"
    | "receiveAll"
    | "steadyNow"
    | "watch"
    | "withdraw"
  > {
  /** What there is now. */
  readonly store: ServedStore;
  /** The changes after a position, or a gap. */
  changesSince(
    since: CursorPosition,
    options?: ServedVisible & { readonly context?: Key | undefined },
  ): ChangesResult;
}

/**
 * What a handler needs of documents: a `DocumentPresence`, or anything else with
 * these methods of it.
 */
export interface ServedDocuments
  extends Pick<DocumentPresence, "activeDocuments" | "activeUsers" | "counts"> {
  /** The very server that is served: it is compared. */
  readonly server: object;
}
