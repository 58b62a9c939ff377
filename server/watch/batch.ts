import type { PresenceModel, PresenceSnapshot } from "../../core/mod.ts";
import type { CursorPosition, VisibleChange } from "../../store/mod.ts";

/**
 * All entries that a watcher may see at a position, or one part of them if they
 * are many. At the last part, all parts replace what the watcher knew.
 */
export interface BaselineBatch<M extends PresenceModel = PresenceModel> {
  /** Distinguishes a baseline from changes. */
  readonly type: "baseline";
  /** The position after which changes follow. */
  readonly position: CursorPosition;
  /** The snapshots of this part. */
  readonly snapshots: readonly PresenceSnapshot<M>[];
  /** The number of this part, from 0. */
  readonly part: number;
  /** Whether this is the last part. */
  readonly last: boolean;
}

/** The changes since the previous batch. */
export interface ChangesBatch<M extends PresenceModel = PresenceModel> {
  /** Distinguishes changes from a baseline. */
  readonly type: "changes";
  /** The position after which the next batch follows. */
  readonly position: CursorPosition;
  /** The changes in order; empty in a batch that only keeps a watch alive. */
  readonly changes: readonly VisibleChange<M>[];
}

/** A batch of a watch: a baseline, then changes; after a gap a baseline again. */
export type PresenceBatch<M extends PresenceModel = PresenceModel> =
  | BaselineBatch<M>
  | ChangesBatch<M>;
