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

// The handler serves a server of any model. Only the compiler and `checkUpdate`
// know what a model requires beyond strings and JSON. TypeScript compares the
// parameters of methods in both directions, but not those of a policy that is a
// function in an option. So these methods are declared again, with a policy that
// is a method.

/** A policy that decides which entries a reader may see. */
export interface ServedPolicy {
  /** Reports whether an entry is visible. */
  visible(visibility: Visibility, subject: Key): boolean;
}

/** Selects visible entries. */
export interface ServedVisible {
  /** The policy. Without it, all entries are visible. */
  readonly visible?: ServedPolicy["visible"] | undefined;
}

/** The store of a `PresenceServer`, from which the handler reads. */
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
  /** Returns all contexts with an entry. */
  contexts(): Key[];
  /** Returns entries. */
  snapshots(
    query?: ServedVisible & {
      readonly subject?: Key | undefined;
      readonly context?: Key | undefined;
      readonly origin?: Key | undefined;
    },
  ): PresenceSnapshot[];
  /** Summarizes a subject in a context. */
  subjectSummary(
    subject: Key,
    context: Key,
    options?: ServedVisible,
  ): SubjectSummary | undefined;
  /** Returns a page of the summaries of a context. */
  summaryPage(
    context: Key,
    options: ServedVisible & {
      readonly limit: number;
      readonly after?: Key | undefined;
    },
  ): SummaryPage;
  /** Counts the subjects and entries of a context. */
  count(context: Key, options?: ServedVisible): PresenceCount;
}

/**
 * The server of a handler: a `PresenceServer` of any model, or another object
 * with these methods.
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
  /** The current entries. */
  readonly store: ServedStore;
  /** Returns the changes after a position, or a gap. */
  changesSince(
    since: CursorPosition,
    options?: ServedVisible & { readonly context?: Key | undefined },
  ): ChangesResult;
}

/**
 * The documents of a handler: a `DocumentPresence`, or another object with these
 * methods. It lists people and documents in the order of their ids.
 */
export interface ServedDocuments
  extends Pick<DocumentPresence, "activeDocuments" | "activeUsers" | "counts"> {
  /** The server of the documents, which must be the server of the handler. */
  readonly server: object;
}
