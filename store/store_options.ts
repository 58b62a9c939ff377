import type { PresenceModel } from "../core/mod.ts";
import type { PresenceChange } from "./change.ts";

/** How many changes a store retains by default. */
export const DEFAULT_RETENTION = 10_000;

/** How a store behaves. */
export interface PresenceStoreOptions<
  M extends PresenceModel = PresenceModel,
> {
  /**
   * How many changes are retained for watchers. `Infinity` keeps them all
   * until `PresenceStore.compact()` is called.
   *
   * @default {10_000}
   */
  readonly retention?: number | undefined;
  /**
   * What becomes of an update that changes nothing but times. As a `"change"`
   * it is like any other. As a `"silent"` one it takes no sequence and wakes
   * nobody: it only keeps the entry alive, and its snapshot stays the same
   * object.
   *
   * @default {"change"}
   */
  readonly refreshes?: "change" | "silent" | undefined;
  /**
   * Whether an update whose `observedAt` is before that of the last one for
   * the same entry is accepted. If not, publishing it throws a
   * `StaleUpdateError`.
   *
   * @default {"accept"}
   */
  readonly staleUpdates?: "accept" | "refuse" | undefined;
  /**
   * Names this life of the store, so that a cursor of another one gets a gap.
   * No two lives may share one: a cursor of the former would silently go on in
   * the latter.
   *
   * @default {a random string}
   */
  readonly epoch?: string | undefined;
  /**
   * Called with every change at once, whatever is retained, and with the cause
   * that the write had. It must neither throw nor write to the store.
   */
  readonly onChange?:
    | ((change: PresenceChange<M>, cause: string | undefined) => void)
    | undefined;
}
