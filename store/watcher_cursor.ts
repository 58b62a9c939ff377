import type { PresenceModel, VisibilityPolicy } from "../core/mod.ts";
import type {
  ChangesResult,
  ChangeStatus,
  CursorPosition,
  Sequence,
} from "./change.ts";

/** Which changes a watcher reads. */
export interface ChangesOptions<M extends PresenceModel = PresenceModel> {
  /** Only the changes of this context. */
  readonly context?: M["context"] | undefined;
  /**
   * What the reader may see. An entry that becomes invisible is a `hidden`
   * change.
   */
  readonly visible?:
    | VisibilityPolicy<M["label"], M["subject"]>
    | undefined;
}

/** Where a cursor reads: a store, or a face of one. */
export interface ChangeSource<M extends PresenceModel = PresenceModel> {
  /** Reads the changes after a position; returns a gap if some are gone. */
  changesSince(
    since: CursorPosition,
    options?: ChangesOptions<M>,
  ): ChangesResult<M>;
  /** Reports whether there are changes after a position, or a gap. */
  changeStatusSince(
    since: CursorPosition,
    options?: ChangesOptions<M>,
  ): ChangeStatus;
}

/**
 * Where a new cursor starts: before the very first change (`zero`), before the
 * oldest retained one (`floor`), after the newest (`tail`), or after a
 * sequence.
 */
export type CursorStart = "zero" | "floor" | "tail" | Sequence;

/**
 * A watcher's position in the changes of a store, made by
 * `PresenceStore.watcherCursor()`.
 *
 * A gap never moves a cursor. After a gap, rebuild the mirror from a read of
 * the store and continue from there: `cursor.reset(gap.last)`.
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

  /** The last change that the watcher has seen, and the store's epoch. */
  get position(): CursorPosition {
    return this.#position;
  }

  /**
   * Reads the changes and moves past all that were examined.
   *
   * @param source Where to read.
   * @param options Which changes.
   * @returns The changes, or a gap, which leaves the cursor where it is.
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
   * Reports whether a poll would return anything. It does not move the cursor.
   * Only a poll does, and it also skips changes that are not visible. A cursor
   * that is never polled gets a gap in the end.
   *
   * @param source Where to read.
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
   * Moves the cursor to a sequence in the same life of the store, or to a
   * position.
   *
   * @param to The last change that now counts as seen.
   */
  reset(to: Sequence | CursorPosition): void {
    this.#position = typeof to === "number"
      ? { epoch: this.#position.epoch, sequence: to }
      : to;
  }
}
