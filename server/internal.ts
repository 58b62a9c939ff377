/**
 * Helpers that the folders of the server share. The package does not export
 * them.
 *
 * @module
 */

export { ContextAtCapacityError } from "./errors.ts";
export * from "./shared/assert.ts";
export { callAt } from "./shared/deadline.ts";
export { groupBy, patchFacets } from "../store/internal.ts";
export * from "./shared/identity.ts";
export * from "./shared/json.ts";
export * from "./shared/lengths.ts";
export { pause } from "./shared/pause.ts";
export { FACET_ALLOWANCE_MS } from "./replication/facet_deadlines.ts";
export * from "./watch/live_batch.ts";
export * from "./watch/presence_view.ts";
export { startWatch } from "./watch/start_watch.ts";
export { SweepLimit } from "./shared/sweep_limit.ts";
export { toldOnce } from "./shared/told_once.ts";
export * from "./shared/token_bucket.ts";
export { rightsKey, visibleTo } from "./watch/viewer.ts";
