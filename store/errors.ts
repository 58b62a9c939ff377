import type { Timestamp } from "../core/mod.ts";

/**
 * An update is older than the last one of its entry, and the store was made with
 * `staleUpdates: "refuse"`. Nothing has changed.
 *
 * @example Usage
 * ```ts
 * import { PresenceStore, StaleUpdateError } from "@ruthere/presence/store";
 * import { assertThrows } from "@std/assert";
 *
 * const store = new PresenceStore({ staleUpdates: "refuse" });
 * const publishAt = (observedAt: number) =>
 *   store.publish({
 *     subject: "alice",
 *     context: "doc-42",
 *     origin: "session/browser",
 *     visibility: "public",
 *     observedAt,
 *     expiry: "never",
 *     facets: {},
 *   });
 * publishAt(100);
 * assertThrows(
 *   () => publishAt(99),
 *   StaleUpdateError,
 *   "Cannot publish update: observedAt 99 is before 100, which is stored",
 * );
 * ```
 */
export class StaleUpdateError extends Error {
  /** The `observedAt` of the refused update. */
  readonly observedAt: Timestamp;
  /** The `observedAt` of the last accepted one. */
  readonly stored: Timestamp;

  /**
   * Makes the error from the two times.
   *
   * @param observedAt The `observedAt` of the refused update.
   * @param stored The `observedAt` of the last accepted one.
   */
  constructor(observedAt: Timestamp, stored: Timestamp) {
    super(
      `Cannot publish update: observedAt ${observedAt} is before ${stored}, which is stored`,
    );
    this.name = "StaleUpdateError";
    this.observedAt = observedAt;
    this.stored = stored;
  }
}
