import type { PresenceModel, PresenceUpdate } from "../core/mod.ts";
import type {
  ChangeSource,
  CursorStart,
  PresenceStore,
  Sequence,
  WatcherCursor,
} from "../store/mod.ts";

/** Where updates go in. */
export interface PresenceIngress<M extends PresenceModel = PresenceModel> {
  /** The sequence of the newest change; 0 before the first. */
  readonly lastSequence: Sequence;
  /** Takes an update; gives its sequence. */
  receive(update: PresenceUpdate<M>): Sequence;
  /** Takes updates in order, all of them or none; gives their sequences. */
  receiveAll(updates: readonly PresenceUpdate<M>[]): Sequence[];
  /** Removes what is due; gives the number of entries removed. */
  expire(): number;
}

/** Where changes come out, for whoever polls with a cursor. */
export interface PresenceWatch<M extends PresenceModel = PresenceModel>
  extends ChangeSource<M> {
  /** Makes a cursor. */
  watcherCursor(from: CursorStart): WatcherCursor;
}

/** A store as it may be read where somebody else writes to it. */
export type PresenceReader<M extends PresenceModel = PresenceModel> = Pick<
  PresenceStore<M>,
  | "changesSince"
  | "changeStatusSince"
  | "contextCount"
  | "contexts"
  | "count"
  | "epoch"
  | "lastSequence"
  | "liveness"
  | "retainedFloorSequence"
  | "size"
  | "snapshot"
  | "snapshots"
  | "subjectCount"
  | "subjectSummaries"
  | "subjectSummary"
  | "summaryPage"
  | "watcherCursor"
>;
