import type {
  EntryKey,
  PresenceModel,
  PresenceSnapshot,
  PresenceUpdate,
  Timestamp,
} from "../core/mod.ts";

/** The number of a change of one store: 1, 2, 3 and so on. */
export type Sequence = number;

/** An update was published and made a new snapshot. */
export interface PublishedChange<M extends PresenceModel = PresenceModel> {
  /** The kind of change. */
  readonly type: "published";
  /** The number of the change. */
  readonly sequence: Sequence;
  /** What was published. To show the entry, read the snapshot instead. */
  readonly update: PresenceUpdate<M>;
  /** The entry after the change. */
  readonly snapshot: PresenceSnapshot<M>;
  /**
   * The entry before the change; `undefined` for a new entry, and for one that
   * the reader could not see.
   */
  readonly previous: PresenceSnapshot<M> | undefined;
}

/** Facets of an entry were due and were cleared. */
export interface FacetsExpiredChange<M extends PresenceModel = PresenceModel> {
  /** The kind of change. */
  readonly type: "facetsExpired";
  /** The number of the change. */
  readonly sequence: Sequence;
  /** The names of the cleared facets. */
  readonly facets: readonly string[];
  /** The entry after the change. */
  readonly snapshot: PresenceSnapshot<M>;
  /** The entry before the change. */
  readonly previous: PresenceSnapshot<M>;
}

/** An entry has expired. */
export interface ExpiredChange<M extends PresenceModel = PresenceModel> {
  /** The kind of change. */
  readonly type: "expired";
  /** The number of the change. */
  readonly sequence: Sequence;
  /** The last snapshot of the entry. */
  readonly previous: PresenceSnapshot<M>;
  /** The `observedAt` of the last update, silent refreshes included. */
  readonly seenAt: Timestamp;
}

/** The publisher of an entry has withdrawn it. */
export interface WithdrawnChange<M extends PresenceModel = PresenceModel> {
  /** The kind of change. */
  readonly type: "withdrawn";
  /** The number of the change. */
  readonly sequence: Sequence;
  /** The last snapshot of the entry. */
  readonly previous: PresenceSnapshot<M>;
  /** The `observedAt` of the last update, silent refreshes included. */
  readonly seenAt: Timestamp;
}

/** A change of one entry. */
export type PresenceChange<M extends PresenceModel = PresenceModel> =
  | PublishedChange<M>
  | FacetsExpiredChange<M>
  | ExpiredChange<M>
  | WithdrawnChange<M>;

/** An entry still exists, but the reader may no longer see it. */
export interface HiddenChange<M extends PresenceModel = PresenceModel> {
  /** The kind of change. */
  readonly type: "hidden";
  /** The number of the change. */
  readonly sequence: Sequence;
  /** The key of the entry, and nothing else. */
  readonly key: EntryKey<M>;
}

/** A change of one entry, as a reader with a visibility policy sees it. */
export type VisibleChange<M extends PresenceModel = PresenceModel> =
  | PresenceChange<M>
  | HiddenChange<M>;

/** A position in the changes of one life of a store. */
export interface CursorPosition {
  /** The epoch of the store: the name of its life. */
  readonly epoch: string;
  /** The last change that the reader has seen. */
  readonly sequence: Sequence;
}

/** The changes after a position. */
export interface Changes<M extends PresenceModel = PresenceModel> {
  /** Distinguishes changes from a gap. */
  readonly type: "changes";
  /** The position after the last examined change: where to continue. */
  readonly position: CursorPosition;
  /** The changes, in order. */
  readonly changes: readonly VisibleChange<M>[];
}

/**
 * Some changes after the position are no longer retained. Rebuild the mirror
 * from a read of the store and a cursor at its tail.
 */
export interface Gap {
  /** Distinguishes a gap from changes. */
  readonly type: "gap";
  /** The requested position. */
  readonly requested: CursorPosition;
  /** Changes up to here are no longer retained. */
  readonly retainedFloorSequence: Sequence;
  /** The newest change, and the epoch of the store. */
  readonly last: CursorPosition;
}

/** The result of reading the changes after a position. */
export type ChangesResult<M extends PresenceModel = PresenceModel> =
  | Changes<M>
  | Gap;

/** Whether there are changes after a position. */
export type ChangeStatus = "pending" | "up-to-date" | Gap;

/**
 * Returns the key of the entry that a change is about.
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
