import type {
  EntryKey,
  PresenceModel,
  PresenceSnapshot,
  PresenceUpdate,
  Timestamp,
} from "../core/mod.ts";

/** Numbers the changes of one store: 1, 2, 3 and so on. */
export type Sequence = number;

/** An update was published and made a new snapshot. */
export interface PublishedChange<M extends PresenceModel = PresenceModel> {
  /** Tells the kinds of changes apart. */
  readonly type: "published";
  /** The number of the change. */
  readonly sequence: Sequence;
  /**
   * What was published: only what was said last. To show the entry, read the
   * snapshot.
   */
  readonly update: PresenceUpdate<M>;
  /** What the entry is now. */
  readonly snapshot: PresenceSnapshot<M>;
  /**
   * What the entry was before; `undefined` for a new one, and for one that
   * the reader could not see.
   */
  readonly previous: PresenceSnapshot<M> | undefined;
}

/** Facets of an entry were due and have been cleared. */
export interface FacetsExpiredChange<M extends PresenceModel = PresenceModel> {
  /** Tells the kinds of changes apart. */
  readonly type: "facetsExpired";
  /** The number of the change. */
  readonly sequence: Sequence;
  /** The names of the facets that went. */
  readonly facets: readonly string[];
  /** What the entry is now. */
  readonly snapshot: PresenceSnapshot<M>;
  /** What the entry was before. */
  readonly previous: PresenceSnapshot<M>;
}

/** An entry was due and is gone. */
export interface ExpiredChange<M extends PresenceModel = PresenceModel> {
  /** Tells the kinds of changes apart. */
  readonly type: "expired";
  /** The number of the change. */
  readonly sequence: Sequence;
  /** What the entry was. */
  readonly previous: PresenceSnapshot<M>;
  /** The `observedAt` of the last update, silent refreshes included. */
  readonly seenAt: Timestamp;
}

/** An entry was taken away by its publisher and is gone. */
export interface WithdrawnChange<M extends PresenceModel = PresenceModel> {
  /** Tells the kinds of changes apart. */
  readonly type: "withdrawn";
  /** The number of the change. */
  readonly sequence: Sequence;
  /** What the entry was. */
  readonly previous: PresenceSnapshot<M>;
  /** The `observedAt` of the last update, silent refreshes included. */
  readonly seenAt: Timestamp;
}

/** What happened to one entry. */
export type PresenceChange<M extends PresenceModel = PresenceModel> =
  | PublishedChange<M>
  | FacetsExpiredChange<M>
  | ExpiredChange<M>
  | WithdrawnChange<M>;

/** An entry that a reader could see is there still, but no longer for them. */
export interface HiddenChange<M extends PresenceModel = PresenceModel> {
  /** Tells the kinds of changes apart. */
  readonly type: "hidden";
  /** The number of the change. */
  readonly sequence: Sequence;
  /** The key of the entry, and nothing more. */
  readonly key: EntryKey<M>;
}

/** What happened to one entry, as a reader with a visibility policy sees it. */
export type VisibleChange<M extends PresenceModel = PresenceModel> =
  | PresenceChange<M>
  | HiddenChange<M>;

/** A place in the changes of one store's life. */
export interface CursorPosition {
  /** Names the life of the store. */
  readonly epoch: string;
  /** The last change that the reader knows of. */
  readonly sequence: Sequence;
}

/** The changes after a position. */
export interface Changes<M extends PresenceModel = PresenceModel> {
  /** Tells changes from a gap. */
  readonly type: "changes";
  /** The position that has been examined: where to go on from. */
  readonly position: CursorPosition;
  /** The changes, in order. */
  readonly changes: readonly VisibleChange<M>[];
}

/**
 * Some changes after the position are no longer there. A mirror must be built
 * anew, from a read of the store and a cursor at its tail.
 */
export interface Gap {
  /** Tells a gap from changes. */
  readonly type: "gap";
  /** The position that was asked for. */
  readonly requested: CursorPosition;
  /** Changes up to here are no longer retained. */
  readonly retainedFloorSequence: Sequence;
  /** The newest change, and the epoch of the store. */
  readonly last: CursorPosition;
}

/** The answer to "what has changed since?". */
export type ChangesResult<M extends PresenceModel = PresenceModel> =
  | Changes<M>
  | Gap;

/** The answer to "has anything changed since?". */
export type ChangeStatus = "pending" | "up-to-date" | Gap;

/**
 * The key of the entry that a change is of.
 *
 * @typeParam M The application's model.
 * @param change The change.
 * @returns The key, or a snapshot, which has its fields.
 *
 * @example Usage
 * ```ts
 * import { keyOfChange } from "@ruthere/presence/store";
 * import { assertEquals } from "@std/assert";
 *
 * const key = { subject: "alice", context: "doc-42", origin: "tab" };
 * assertEquals(keyOfChange({ type: "hidden", sequence: 1, key }), key);
 * ```
 */
export function keyOfChange<M extends PresenceModel>(
  change: VisibleChange<M>,
): EntryKey<M> {
  if (change.type === "hidden") return change.key;
  return change.type === "published" ? change.snapshot : change.previous;
}
