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

/**
 * Texts between servers that replicate each other, for what is not worth
 * keeping, such as a pointer that moves. A text may be lost.
 */
export interface PresenceRelay<M extends PresenceModel = PresenceModel> {
  /**
   * Sends a text to the other servers that have a watcher, a subscriber or a
   * subject in a context. Subscribers of this server do not get it.
   *
   * @param context Which context.
   * @param text The text.
   */
  publish(context: M["context"], text: string): void;
  /**
   * Subscribes to the texts that other servers publish to a context.
   *
   * @param context Which context.
   * @param handler Called with each text; it must not throw.
   * @returns The subscription. Dispose of it to end it.
   */
  subscribe(
    context: M["context"],
    handler: (text: string) => void,
  ): Disposable;
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
