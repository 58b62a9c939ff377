import type {
  EntryKey,
  Key,
  PresenceSnapshot,
  PresenceUpdate,
  Timestamp,
  Visibility,
} from "../../core/mod.ts";
import type {
  CursorPosition,
  Gap,
  Liveness,
  PresenceCount,
  Sequence,
  SubjectSummary,
  SummaryPage,
} from "../../store/mod.ts";
import type { Viewer, Watch } from "../mod.ts";

// What the handler needs of a server, whatever its model. The methods are
// methods, not properties, because TypeScript compares the parameters of
// methods both ways, so that a `PresenceServer<M>` fits for every M. Over a
// wire there are strings and JSON; what an application's own types say beyond
// that is known only to the compiler, or to `checkUpdate`.

/** A policy, as the handler gives it. */
export interface ServedPolicy {
  /** Says whether an entry may be seen. */
  visible(visibility: Visibility, subject: Key): boolean;
}

/** What may be seen, as the handler asks for it. */
export interface ServedVisible {
  /** Only what this policy lets be seen. All, if it is left out. */
  readonly visible?: ServedPolicy["visible"] | undefined;
}

/** Which entries the handler asks for. */
export interface ServedQuery extends ServedVisible {
  /** Those of this subject. */
  readonly subject?: Key | undefined;
  /** Those in this context. */
  readonly context?: Key | undefined;
  /** Those told of by this origin. */
  readonly origin?: Key | undefined;
}

/** Which page the handler asks for. */
export interface ServedPageQuery extends ServedVisible {
  /** How many summaries at most. */
  readonly limit: number;
  /** The subject that the former page ended with. */
  readonly after?: Key | undefined;
}

/** What the handler reads from: the store of a `PresenceServer`. */
export interface ServedStore {
  /** Names this life of the store. */
  readonly epoch: string;
  /** How many entries there are. */
  readonly size: number;
  /** The sequence of the newest change. */
  readonly lastSequence: Sequence;
  /** Changes up to this sequence are no longer retained. */
  readonly retainedFloorSequence: Sequence;
  /** Reads one entry. */
  snapshot(key: EntryKey): PresenceSnapshot | undefined;
  /** Reads entries. */
  snapshots(query?: ServedQuery): PresenceSnapshot[];
  /** Sums up one subject in one context. */
  subjectSummary(
    subject: Key,
    context: Key,
    options?: ServedVisible,
  ): SubjectSummary | undefined;
  /** Reads a context page by page. */
  summaryPage(context: Key, options: ServedPageQuery): SummaryPage;
  /** Tells where anyone is. */
  contexts(): Key[];
  /** Counts without making a list. */
  count(context: Key, options?: ServedVisible): PresenceCount;
  /** Tells what keeps an entry alive. */
  liveness(key: EntryKey): Liveness | undefined;
}

/** A batch of a watch, as far as the handler looks into it. */
export type ServedBatch =
  | {
    /** Tells a baseline from changes. */
    readonly type: "baseline";
    /** Where the changes after it go on. */
    readonly position: CursorPosition;
    /** Whether it is the last part. */
    readonly last: boolean;
  }
  | ServedChanges;

/** A change, as far as the handler looks into it. */
export interface ServedChange {
  /** Its place among all changes. */
  readonly sequence: Sequence;
}

/** Changes, as far as the handler looks into them. */
export interface ServedChanges {
  /** Tells changes from a baseline and from a gap. */
  readonly type: "changes";
  /** Where to go on from. */
  readonly position: CursorPosition;
  /** The changes, in order. */
  readonly changes: readonly ServedChange[];
}

/** What the handler asks to be watched. */
export interface ServedWatchOptions {
  /** Which context. */
  readonly context?: Key | undefined;
  /** On whose behalf. */
  readonly viewer?: Viewer | undefined;
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
  /** Where to go on. */
  readonly since?: CursorPosition | undefined;
  /** After how long without a batch an empty one is due. */
  readonly keepAliveMs?: number | undefined;
}

/** Where a subject is, at all servers together. */
export interface ServedWhereabouts {
  /** The entries. */
  readonly snapshots: readonly PresenceSnapshot[];
  /** Whether all servers have answered. */
  readonly isComplete: boolean;
}

/**
 * What a handler serves: a `PresenceServer` of any model, or whatever else has
 * these methods of it.
 */
export interface ServedPresence {
  /** Whether it serves no more. */
  readonly closed: boolean;
  /** What there is now. */
  readonly store: ServedStore;
  /** The wall time, in Unix milliseconds. */
  readonly now: Timestamp;
  /** The time in milliseconds by a clock that nobody sets. */
  readonly steadyNow: Timestamp;
  /** Takes updates in order, all of them or none. */
  receiveAll(updates: readonly PresenceUpdate[]): Sequence[];
  /** Takes one entry away at once. */
  withdraw(key: EntryKey): Sequence | undefined;
  /** The changes after a position, or a gap. */
  changesSince(since: CursorPosition, options?: ServedQuery):
    | ServedChanges
    | Gap;
  /** Has a context be known whole; `false` if that can't be now. */
  follow(context: Key): Promise<boolean>;
  /** Finds out where a subject is. */
  locate(subject: Key): Promise<ServedWhereabouts>;
  /** Watches a context. */
  watch(options?: ServedWatchOptions): Watch<ServedBatch>;
  /** Tells when somebody who is gone was last seen. */
  lastSeen(subject: Key, context: Key, viewer?: Viewer): Timestamp | undefined;
}
