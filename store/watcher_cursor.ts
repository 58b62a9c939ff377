import type { PresenceModel, VisibilityPolicy } from "../core/mod.ts";
import type {
  ChangesResult,
  ChangeStatus,
  CursorPosition,
  Sequence,
} from "./change.ts";

/** What part of the changes a watcher asks for. */
export interface ChangesOptions<M extends PresenceModel = PresenceModel> {
  /** Only the changes of this context. */
  readonly context?: M["context"] | undefined;
  /** Only what this policy lets be seen. */
  readonly visible?:
    | VisibilityPolicy<M["label"], M["subject"]>
    | undefined;
}

/** Where a cursor reads: a store, or what stands before one. */
export interface ChangeSource<M extends PresenceModel = PresenceModel> {
  /** The changes after a position, or a gap. */
  changesSince(
    since: CursorPosition,
    options?: ChangesOptions<M>,
  ): ChangesResult<M>;
  /** Whether there are changes after a position, or a gap. */
  changeStatusSince(
    since: CursorPosition,
    options?: ChangesOptions<M>,
  ): ChangeStatus;
}

/**
 * Where a new cursor starts: before the first change there ever was, before
 * the oldest retained one, after the newest, or after a sequence.
 */
export type CursorStart = "zero" | "floor" | "tail" | Sequence;

/**
 * A watcher's place in the changes of a store. `PresenceStore.watcherCursor()`
 * makes one.
 *
 * A gap never moves a cursor. Whoever gets one rebuilds their mirror from a
 * read of the store and goes on from there: `cursor.reset(gap.last)`.
 *
 * @example Usage
 * ```ts
 * import { PresenceStore } from "@ruthere/presence/store";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new PresenceStore();
 * const cursor = store.watcherCursor("tail");
 * assertEquals(cursor.status(store), "up-to-date");
 * store.publish({
 *   subject: "alice",
 *   context: "doc-42",
 *   origin: "session/browser",
 *   visibility: "public",
 *   observedAt: 100,
 *   expiry: "never",
 *   facets: {},
 * });
 * assertEquals(cursor.status(store), "pending");
 * const result = cursor.poll(store);
 * if (result.type === "changes") assertEquals(result.changes.length, 1);
 * assertEquals(cursor.position.sequence, 1);
 * ```
 */
export class WatcherCursor {
  #position: CursorPosition;

  /**
   * Makes a cursor that has seen everything up to a position.
   *
   * @param position The position.
   */
  constructor(position: CursorPosition) {
    this.#position = position;
  }

  /** The last change that the watcher knows of, and the store's epoch. */
  get position(): CursorPosition {
    return this.#position;
  }

  /**
   * Reads what has changed and moves past all that was examined.
   *
   * @param source Where to read.
   * @param options Which changes.
   * @returns The changes, or a gap, at which the cursor stays where it is.
   */
  poll<M extends PresenceModel>(
    source: ChangeSource<M>,
    options?: ChangesOptions<M>,
  ): ChangesResult<M> {
    const result = source.changesSince(this.#position, options);
    if (result.type === "changes") this.#position = result.position;
    return result;
  }

  /**
   * Tells whether a poll would give anything. It does not move the cursor: only
   * a poll does, past what it could not see as well. Who asks for the status
   * for long without polling meets a gap in the end.
   *
   * @param source Where to look.
   * @param options Which changes.
   * @returns `"pending"`, `"up-to-date"`, or a gap.
   */
  status<M extends PresenceModel>(
    source: ChangeSource<M>,
    options?: ChangesOptions<M>,
  ): ChangeStatus {
    return source.changeStatusSince(this.#position, options);
  }

  /**
   * Moves the cursor to a sequence of the same epoch, or to a position.
   *
   * @param to The last change that now counts as seen.
   */
  reset(to: Sequence | CursorPosition): void {
    this.#position = typeof to === "number"
      ? { epoch: this.#position.epoch, sequence: to }
      : to;
  }
}
