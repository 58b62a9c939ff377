import type { PresenceModel, PresenceUpdate } from "../core/mod.ts";
import type {
  ChangeSource,
  CursorStart,
  PresenceStore,
  Sequence,
  WatcherCursor,
} from "../store/mod.ts";

/** Accepts updates. */
export interface PresenceIngress<M extends PresenceModel = PresenceModel> {
  /** The sequence of the newest change; 0 before the first. */
  readonly lastSequence: Sequence;
  /** Publishes an update and returns its sequence. */
  receive(update: PresenceUpdate<M>): Sequence;
  /** Publishes all updates in order, or none, and returns their sequences. */
  receiveAll(updates: readonly PresenceUpdate<M>[]): Sequence[];
  /** Removes the entries that are due and returns how many there were. */
  expire(): number;
}

/** Provides changes to a reader that polls with a cursor. */
export interface PresenceWatch<M extends PresenceModel = PresenceModel>
  extends ChangeSource<M> {
  /** Creates a cursor. */
  watcherCursor(from: CursorStart): WatcherCursor;
}

/**
 * Passes texts between the servers of a cluster, for news that is not worth
 * keeping, such as a moving pointer. A text may be lost.
 */
export interface PresenceRelay<M extends PresenceModel = PresenceModel> {
  /**
   * Sends a text to the other servers that have a watcher, a subscriber or a
   * subject in a context. Subscribers of this server do not get it.
   *
   * @param context The context.
   * @param text The text.
   */
  publish(context: M["context"], text: string): void;
  /**
   * Subscribes to the texts that other servers publish to a context.
   *
   * @param context The context.
   * @param handler Called with each text; it must not throw.
   * @returns The subscription; dispose of it to end it.
   */
  subscribe(
    context: M["context"],
    handler: (text: string) => void,
  ): Disposable;
}

/** The read methods of a store. */
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
