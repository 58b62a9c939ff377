import type { PresenceModel, PresenceSnapshot } from "../../core/mod.ts";
import type { CursorPosition, VisibleChange } from "../../store/mod.ts";

/**
 * All that a watcher may see at a position, or, where that is much, a part of
 * it. What the watcher knew before is void once the last part is there.
 */
export interface BaselineBatch<M extends PresenceModel = PresenceModel> {
  /** Tells a baseline from changes. */
  readonly type: "baseline";
  /** Where the changes after it go on. */
  readonly position: CursorPosition;
  /** The snapshots of this part. */
  readonly snapshots: readonly PresenceSnapshot<M>[];
  /** The number of the part, from 0. */
  readonly part: number;
  /** Whether this is the last part. */
  readonly last: boolean;
}

/** What has changed since the batch before. */
export interface ChangesBatch<M extends PresenceModel = PresenceModel> {
  /** Tells changes from a baseline. */
  readonly type: "changes";
  /** Where the next batch goes on. */
  readonly position: CursorPosition;
  /** The changes in order; empty in a batch that only keeps a watch alive. */
  readonly changes: readonly VisibleChange<M>[];
}

/** What a watch yields: a baseline, then changes, a baseline again if need be. */
export type PresenceBatch<M extends PresenceModel = PresenceModel> =
  | BaselineBatch<M>
  | ChangesBatch<M>;
